"""What makes a board a Voltseal device: identity, signer, clock, sequence, spool, uplink and supervisor."""

VERSION = "0.1.0"
