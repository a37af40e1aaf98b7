"""The enrolment request: a device's key, with proof of possession (specification, "Keys and enrolment")."""

from . import cbor, cose
from .boot import TIER_SECURE_ELEMENT, TIER_SOFTWARE, check_ueid
from .errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; annotations in quotes are never evaluated
    from collections.abc import Callable

CONTEXT = "voltseal/1 enrolment"
DEVICE_CLASSES = ("bms", "tbox", "inverter")
_VERSION = 1


def enrolment_request(
    *,
    public: bytes,
    ueid: bytes,
    device_class: str,
    hwmodel: bytes,
    key_tier: int,
    nonce: bytes,
    origin: str,
    signer: "Callable[[bytes], bytes]",
) -> bytes:
    """The complete COSE_Sign1. `public` is x || y; `nonce` the enroller's challenge, empty where none was given.

    Raises WireError for a value outside the specification's limits.
    """
    check_ueid(ueid)
    if device_class not in DEVICE_CLASSES:
        raise WireError("device class")
    if not 1 <= len(hwmodel) <= 32:
        raise WireError("hwmodel length")
    if not TIER_SOFTWARE <= key_tier <= TIER_SECURE_ELEMENT:
        raise WireError("key tier")
    if len(nonce) > 64:
        raise WireError("nonce length")
    key = cose.cose_key(public)
    payload = cbor.encode([_VERSION, ueid, key, device_class, hwmodel, key_tier, nonce])
    return cose.sign1(payload, cose.external_aad(CONTEXT, origin), cose.kid(key), signer)
