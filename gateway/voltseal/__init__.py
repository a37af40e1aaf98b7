"""Voltseal's gateway: accepts sealed statements, logs and anchors them, and proves them to anyone."""

__version__ = "0.1.0"
