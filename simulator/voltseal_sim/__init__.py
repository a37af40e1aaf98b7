"""Voltseal's simulator: plants, buses and runtimes under which the unmodified firmware runs without hardware."""
