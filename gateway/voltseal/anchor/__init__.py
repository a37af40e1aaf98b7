"""Anchors: checkpoints put where the gateway's operator cannot quietly take them back."""
