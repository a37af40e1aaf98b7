"""One file per dialect. A driver turns frames into fields and never does I/O; `dummy.py` is the one to copy."""
