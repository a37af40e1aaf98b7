"""What it takes to check an anchor on an Ethereum chain offline: Keccak, RLP, receipt trie, block header. All pure.

It stands beside the log, and not in the anchor client, because the verifier imports it.
"""
