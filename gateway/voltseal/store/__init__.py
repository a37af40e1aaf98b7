"""Durable storage behind one interface: what is receipted is on disk."""
