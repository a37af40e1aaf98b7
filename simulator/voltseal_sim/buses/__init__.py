"""Buses: the real protocols, spoken to the unmodified firmware. Responders are sans I/O; `pty` serves them."""
