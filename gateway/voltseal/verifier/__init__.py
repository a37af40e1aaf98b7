"""Checks evidence offline, by the numbered steps of the specification, trusting only what its user put in the trust file."""
