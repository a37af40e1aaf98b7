"""Who the device is: `ueid` and key, made at the first boot and kept for good.

The record `identity` (17 bytes of ueid, then the signer's secret) is the last file of the first boot: where it exists,
the counters have existed too, so their absence later is damage and not a new device. A cut before leaves no identity,
and the next boot makes another one, which nobody has seen. Beside a secure element, what is kept is no secret, and the
cut leaves a key in the element that the next boot replaces.
"""

from collections import namedtuple

from voltseal_wire import cose, enrolment
from voltseal_wire.boot import UEID_BYTES

from . import durable, port
from .errors import DeviceError
from .signer import new_secret, open_signer, scheme_of

FILE = "identity"
REQUEST_FILE = "enrolment.cbor"
_RAND = b"\x01"  # RFC 9711, section 4.2.1: a ueid of 16 random bytes


Identity = namedtuple("Identity", ("ueid", "device", "key_id", "signer"))
"""`ueid` (17 bytes), `device` (its hex, the name in topics), `key_id` (8 bytes) and the signer."""


def load(files, directory: str, signer_uri: str) -> Identity | None:
    """The identity of this device, or None before its first boot.

    Raises DeviceError: 'damaged-record' if it cannot be read, and as `open_signer` does.
    """
    scheme_of(signer_uri)
    stored = durable.read(files, _path(directory))
    if stored is None:
        return None
    if len(stored) <= UEID_BYTES:
        raise DeviceError("damaged-record", _path(directory) + " is too short")
    return _identity(stored[:UEID_BYTES], open_signer(signer_uri, stored[UEID_BYTES:]))


def create(files, directory: str, signer_uri: str) -> Identity:
    """Make and keep a new identity. Durable when it returns. Raises DeviceError as `new_secret` does."""
    ueid = _RAND + port.random_bytes(UEID_BYTES - 1)
    secret = new_secret(signer_uri)
    made = _identity(ueid, open_signer(signer_uri, secret))
    durable.write(files, _path(directory), ueid + secret)
    return made


def enrolment_request(who: Identity, device_class: str, hwmodel: str, nonce: bytes, origin: str) -> bytes:
    """The complete signed request. Raises WireError for a value outside the specification's limits."""
    return enrolment.enrolment_request(
        public=who.signer.public,
        ueid=who.ueid,
        device_class=device_class,
        hwmodel=hwmodel.encode(),
        key_tier=who.signer.key_tier,
        nonce=nonce,
        origin=origin,
        signer=who.signer.sign,
    )


def _identity(ueid: bytes, signer) -> Identity:
    return Identity(ueid, ueid.hex(), cose.kid(cose.cose_key(signer.public)), signer)


def _path(directory: str) -> str:
    return directory + "/" + FILE
