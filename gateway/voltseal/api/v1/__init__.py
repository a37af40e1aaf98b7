"""The read-only API, version 1. One table of operations makes its routes, its parameter checks and its description."""
