"""A Microchip ATECC608 that makes, keeps and uses the key: tier `secure-element`.

What the device keeps is no secret: the public key, to notice another element, and where the element's counter stood
when the key was made. The counter only ever goes up, by one for each boot. A state directory that is put back to an
earlier copy of itself therefore shows, before a number is signed a second time.

**Never run on hardware.** Written from the data sheet's summary and tried against an emulated element only.
"""

from voltseal_wire.p256 import ORDER

from .atecc608_link import TRIES, Link
from .atecc608_packets import COUNTER, GENKEY, INFO, NONCE, RANDOM, READ, SIGN, ElementError

SECRET_BYTES = 68  # x || y, counter at the key's making
COUNTER_MAX = 2_097_151
_BOOT_COUNTER = 0
_MOST_STEPS = 16  # that one boot may make up; more is no power cut

_LOCKS_WORD = 21  # of the configuration zone: user extra, its selector, lock of data, lock of configuration
_SLOT_WORDS, _KEY_WORDS = 5, 24  # where SlotConfig and KeyConfig begin
_NOISE_UNLOCKED = b"\xff\xff\x00\x00" * 8

# SlotConfig, bits: external messages may be signed; secret; GenKey may write; PrivWrite may write.
_EXTERNAL, _SECRET, _GENKEY, _PRIVWRITE = 0x0001, 0x0080, 0x2000, 0x4000
# KeyConfig, bits: private key and its public key may be asked for; type, which is 4 for P-256.
_PRIVATE, _TYPE, _P256 = 0x0003, 0x001C, 0x0010


class Element:
    """The commands that a signer needs, each a session of its own. All raise ElementError."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def revision(self) -> bytes:
        """Four bytes; the third is 0x60 for this family."""
        return self._run((INFO, 0, 0, 4))

    def locks(self) -> tuple:
        """(configuration is locked, data is locked). Neither can be undone."""
        _, _, data, configuration = self._run((READ, 0, _LOCKS_WORD, 4))
        return configuration == 0, data == 0

    def slot(self, number: int) -> tuple:
        """(SlotConfig, KeyConfig) of this slot, 16 bits each."""
        at = number % 2 * 2
        words = [self._run((READ, 0, first + number // 2, 4)) for first in (_SLOT_WORDS, _KEY_WORDS)]
        return tuple([int.from_bytes(word[at : at + 2], "little") for word in words])

    def random(self) -> bytes:
        """32 bytes. ElementError('random') for what an element says whose configuration is not locked."""
        found = self._run((RANDOM, 0, 0, 32))
        if found == _NOISE_UNLOCKED:
            raise ElementError("random", "its configuration is not locked")
        return found

    def create_key(self, slot: int) -> bytes:
        """Make a new private key, which replaces what was there, and return its x || y. Not repeated if it fails."""
        return self._session(((GENKEY, 4, slot, 64),))

    def public_key(self, slot: int) -> bytes:
        """x || y of the private key in this slot."""
        return self._run((GENKEY, 0, slot, 64))

    def sign(self, slot: int, digest: bytes) -> bytes:
        """r || s over a SHA-256 digest, as the element gives it: s may lie in the upper half."""
        if len(digest) != 32:
            raise ElementError("digest", "%d bytes, not 32" % len(digest))
        return self._run((NONCE, 3, 0, 0, digest), (SIGN, 0x80, slot, 64))

    def counter(self, number: int) -> int:
        """The monotonic counter's value."""
        return int.from_bytes(self._run((COUNTER, 0, number, 4)), "little")

    def count(self, number: int) -> int:
        """Step the counter by one and return its new value. Not repeated: it might step twice."""
        return int.from_bytes(self._session(((COUNTER, 1, number, 4),)), "little")

    def _run(self, *commands) -> bytes:
        """As `_session`, and once more from the start when anything fails: what is run this way may be repeated."""
        for _ in range(TRIES - 1):
            try:
                return self._session(commands)
            except ElementError:
                pass  # the last try's error is the one that is told
        return self._session(commands)

    def _session(self, commands) -> bytes:
        payload = b""
        with self._link:
            for one in commands:
                payload = self._link.execute(*one)
        return payload


class Atecc608Signer:
    """Signs with the key in one slot."""

    key_tier = 3  # `secure-element` (specification, "Key tiers")

    def __init__(self, element: Element, slot: int, secret: bytes) -> None:
        """`secret` is what `generate` returned. Raises ElementError, 'slot' too where the key is another one."""
        _check(element, slot)
        self.public = secret[:64]
        self._base = int.from_bytes(secret[64:], "big")
        self._element = element
        self._slot = slot
        if element.public_key(slot) != self.public:
            raise ElementError("slot", "slot %d holds another key than the one that was enrolled" % slot)

    def sign(self, digest: bytes) -> bytes:
        """r || s, s in the lower half of the order. Raises ElementError."""
        signature = self._element.sign(self._slot, digest)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if not 0 < r < ORDER or not 0 < s < ORDER:
            raise ElementError("signature", "it is out of range")
        return signature[:32] + min(s, ORDER - s).to_bytes(32, "big")

    def check_boot(self, boot_count: int) -> None:
        """Before the boot count is stored: raise ElementError('counter') if the element has counted this boot already.

        The state directory is then older than the element: what it would sign has been signed before.
        """
        counted = self._element.counter(_BOOT_COUNTER)
        if counted < COUNTER_MAX and counted - self._base >= boot_count:
            raise ElementError("counter", "boot %d is over: the state is an old copy; enrol anew" % boot_count)

    def count_boot(self, boot_count: int) -> None:
        """After the boot count is stored, before anything is signed: bring the element's counter up to it.

        A cut between the two leaves the counter behind, never ahead. A counter that is used up protects no more.
        """
        behind = self._base + boot_count - self._element.counter(_BOOT_COUNTER)
        for _ in range(min(behind, _MOST_STEPS)):
            if self._element.counter(_BOOT_COUNTER) < COUNTER_MAX:
                self._element.count(_BOOT_COUNTER)


def generate(element: Element, slot: int) -> bytes:
    """Make a key in the slot, and return what the device must keep: nothing of it is secret. Raises ElementError."""
    if not _check(element, slot) & _GENKEY:
        raise ElementError("slot", "slot %d may not make a key" % slot)
    element.random()  # a source that does not work would make a key that others can guess
    public = element.create_key(slot)
    return public + element.counter(_BOOT_COUNTER).to_bytes(4, "big")


def _check(element: Element, slot: int) -> int:
    """Refuse what would make the tier untrue; the slot's SlotConfig."""
    revision = element.revision()
    if revision[2] != 0x60:
        raise ElementError("revision", revision.hex() + " is no ATECC608")
    if element.locks() != (True, True):
        raise ElementError("unlocked", "lock its configuration and data zones first; that cannot be undone")
    slot_config, key_config = element.slot(slot)
    if key_config & _PRIVATE != _PRIVATE or key_config & _TYPE != _P256:
        raise ElementError("slot", "slot %d is not for a private P-256 key" % slot)
    if slot_config & (_EXTERNAL | _SECRET) != _EXTERNAL | _SECRET:
        raise ElementError("slot", "slot %d may not sign messages, or is not secret" % slot)
    if slot_config & _PRIVWRITE:
        raise ElementError("slot", "slot %d takes keys from outside, where a copy may remain" % slot)
    return slot_config
