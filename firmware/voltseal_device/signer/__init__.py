"""Signers, picked by a URI-like string: `software:` now; others, such as a secure element, can join behind it.

A signer is an object with

- `public`: x || y of its P-256 key, 64 bytes,
- `key_tier`: the tier of the specification ("Key tiers"),
- `sign(digest) -> bytes`: r || s over a SHA-256 digest.
"""

from voltseal_device.errors import DeviceError


def scheme_of(uri: str) -> str:
    """The signer's kind. Raises DeviceError('unknown-signer') for one that this firmware does not have."""
    scheme, colon, rest = uri.partition(":")
    if not colon or rest or scheme != "software":
        raise DeviceError("unknown-signer", "signer " + repr(uri) + ' is not one of: "software:"')
    return scheme


def new_secret(uri: str) -> bytes:
    """What the device must keep to use a new key of this kind: the private key itself for `software:`."""
    scheme_of(uri)
    from . import software

    return software.generate()


def open_signer(uri: str, secret: bytes):
    """The signer for what `new_secret` returned. Raises DeviceError('unknown-signer')."""
    scheme_of(uri)
    from . import software

    return software.SoftwareSigner(secret)
