"""The way of a message through the gateway: decode, verify, continuity, commit, receipt; one outcome code each."""
