"""What the gateway keeps: entries, disclosures, tree, checkpoints, device chains, quarantine. SQLite by default."""
