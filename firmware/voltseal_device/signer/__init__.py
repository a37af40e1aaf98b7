"""Signers, picked by a URI-like string: `software:`, or `atecc608:` and where the secure element is.

    software:                   pure Python, key in the file system
    atecc608:I2C,SCL,SDA        an ATECC608 at a board's I2C peripheral, with the pins' numbers; key in slot 0
    atecc608:/dev/pts/3         an emulated one behind a bridge, see `port.i2c_bridge`
    atecc608:0,7,6#2            key in slot 2

A signer is an object with

- `public`: x || y of its P-256 key, 64 bytes,
- `key_tier`: the tier of the specification ("Key tiers"),
- `sign(digest) -> bytes`: r || s over a SHA-256 digest, s in the lower half; raises ValueError or DeviceError,
- `check_boot(boot_count)` and `count_boot(boot_count)`: called before and after a boot count is stored. A signer that
  can count refuses a count that it has seen before (DeviceError).
"""

from voltseal_device.errors import DeviceError

_KNOWN = '"software:", "atecc608:I2C,SCL,SDA" or "atecc608:/PATH", both with "#SLOT" behind or without'
_MOST_SLOT = 15


def scheme_of(uri: str) -> str:
    """The signer's kind. Raises DeviceError('unknown-signer') for one that this firmware does not have."""
    return _parsed(uri)[0]


def new_secret(uri: str) -> bytes:
    """What the device must keep to use a new key of this kind: the private key itself for `software:`.

    Raises DeviceError: 'unknown-signer', or what a secure element is not fit for.
    """
    scheme, place, slot = _parsed(uri)
    if scheme == "atecc608":
        from . import atecc608

        return atecc608.generate(_element(place), slot)
    from . import software

    return software.generate()


def open_signer(uri: str, secret: bytes):
    """The signer for what `new_secret` returned.

    Raises DeviceError: 'unknown-signer'; 'signer-changed' if the secret is another kind's; what an element refuses.
    """
    scheme, place, slot = _parsed(uri)
    if scheme == "atecc608":
        from . import atecc608

        _check_length(uri, secret, atecc608.SECRET_BYTES)
        return atecc608.Atecc608Signer(_element(place), slot, secret)
    from . import software

    _check_length(uri, secret, software.SECRET_BYTES)
    return software.SoftwareSigner(secret)


def _element(place: str):
    from voltseal_device.port.i2c import open_i2c

    from . import atecc608, atecc608_link
    from .atecc608_packets import ElementError

    try:
        i2c = open_i2c(place)
    except (OSError, ValueError) as error:
        raise ElementError("absent", place + ": " + str(error)) from error
    return atecc608.Element(atecc608_link.Link(i2c))


def _check_length(uri: str, secret: bytes, expected: int) -> None:
    if len(secret) != expected:
        raise DeviceError("signer-changed", "this device's key was not made with " + uri + ": enrol it anew")


def _parsed(uri: str) -> tuple:
    """(kind, place, slot)."""
    scheme, colon, rest = uri.partition(":")
    place, hash_sign, slot = rest.partition("#")
    if colon and scheme == "software" and not rest:
        return scheme, "", 0
    number = int(slot) if slot.isdigit() else -1 if hash_sign else 0
    if scheme == "atecc608" and _is_place(place) and 0 <= number <= _MOST_SLOT:
        return scheme, place, number
    raise DeviceError("unknown-signer", "signer " + repr(uri) + " is not one of: " + _KNOWN)


def _is_place(place: str) -> bool:
    numbers = place.split(",")
    return (len(place) > 1 and place[0] == "/") or (len(numbers) == 3 and all(part.isdigit() for part in numbers))
