"""HTTP: what the gateway shows to others. Read-only."""
