"""Checks evidence offline, by the numbered steps of the specification, trusting only its user's trust file."""
