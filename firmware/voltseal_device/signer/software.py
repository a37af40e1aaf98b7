"""Pure-Python P-256: runs on a stock image. The key lies in the file system, so the tier is `software`: extractable."""

from voltseal_wire import p256

SECRET_BYTES = 32


def generate() -> bytes:
    """A new private key, 32 bytes."""
    return p256.generate()


class SoftwareSigner:
    """Signs with nonces of RFC 6979; not constant-time (see the threat model)."""

    key_tier = 1  # `software` (specification, "Key tiers")

    def __init__(self, private: bytes) -> None:
        """Raises P256Error if `private` is no private key."""
        self._private = private
        self.public = p256.public_key(private)

    def sign(self, digest: bytes) -> bytes:
        """r || s, 64 bytes. Raises P256Error if the digest is not 32 bytes long."""
        return p256.sign(self._private, digest)

    def check_boot(self, boot_count: int) -> None:
        """Nothing: a file system keeps no count that cannot be put back together with it."""

    def count_boot(self, boot_count: int) -> None:
        """Nothing, as above."""
