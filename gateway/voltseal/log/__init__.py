"""The append-only Merkle log: proofs, signed checkpoints, tiles, the stored tree and the sequencer.

`merkle`, `multiproof`, `note`, `checkpoint`, `cosignature` and `tiles` are pure: no I/O, no clock; the verifier may
import them. `tree` and `sequencer` reach storage through Protocols and belong to the gateway alone.
"""
