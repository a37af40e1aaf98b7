"""Plants: models of the devices whose measurements are sealed. Pure computation, deterministic from a seed."""
