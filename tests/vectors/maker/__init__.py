"""What `generate.py` makes the vectors with. Shares no code with gateway or firmware: neither shall judge itself."""
