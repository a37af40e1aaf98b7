"""Anchors: checkpoints put where the gateway's operator cannot take them back.

`interface` and `ledger_block` are pure and may be imported by the verifier; the rest belongs to the gateway.
"""
