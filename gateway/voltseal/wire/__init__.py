"""Strict decoding of everything that Voltseal writes in CBOR (specification: docs/spec/).

Pure: no I/O, no clock, no state beyond caches. Independent of the device's encoder: nothing is imported from
`voltseal_wire` but the table of schemas. Whatever bytes come in, a function here returns a value or raises `WireError`.
"""
