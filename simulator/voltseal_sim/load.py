"""A load generator: many devices that sign for real and cost nothing to run, for tests and benchmarks.

    fleet = [LoadDevice(ORIGIN, SITE) for _ in range(50)]
    ...enrol each device's `enrolment_request()`...
    messages = interleave([device.messages(200, gateway_receipt_key) for device in fleet])
    with LoadClient(url, SITE, fleet) as client:
        client.send(messages, window=2000)
        client.wait_receipted(30)

Statements are made by the firmware's own encoder and signed beforehand with `cryptography`, which is a hundred times
faster than a device. One MQTT client speaks for the whole fleet, which a broker without access lists allows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any, Self
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from paho.mqtt.enums import CallbackAPIVersion

from voltseal_sim.errors import SimulatorError
from voltseal_wire import boot, cbor, commitment, cose, enrolment, receipt, statement
from voltseal_wire.errors import WireError
from voltseal_wire.schemas import BMS_PACK

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, section 2.4.2
_FIELDS = len(BMS_PACK.fields)
_VALUES = 20  # present values in a reading, beside the time offset
_CADENCE_MS = 10_000


class LoadError(SimulatorError):
    """The broker cannot be reached, or receipts did not come in time."""


@dataclass(frozen=True, slots=True)
class LoadMessage:
    """One message to publish: on whose topic, and the number that its receipt will name."""

    topic: str
    ueid: bytes
    sequence: int
    payload: bytes


class LoadDevice:
    """A device's key and place in its life. The same `seed` gives the same readings, never the same key."""

    def __init__(self, origin: str, site: str, seed: int = 0) -> None:
        self.origin = origin
        self.site = site
        self.key = generate_private_key(SECP256R1())
        self._random = Random(seed)
        self.ueid = b"\x01" + self._random.randbytes(8) + sha256(self.public).digest()[:8]
        self.kid = cose.kid(cose.cose_key(self.public))
        self.boot_count = 0
        self.next_sequence = 0
        self.prev = statement.FIRST_PREV
        self.time_ms = 1_800_000_000_000
        self.receipt_key = b""
        self._values = [self._random.randrange(3200, 3400) for _ in range(_VALUES)]

    @property
    def public(self) -> bytes:
        """x || y, 64 bytes."""
        return _point(self.key.public_key())

    @property
    def topic(self) -> str:
        """Where the device publishes."""
        return f"voltseal/1/{self.site}/{self.ueid.hex()}/up"

    def enrolment_request(self) -> bytes:
        """A request with proof of possession."""
        return enrolment.enrolment_request(
            public=self.public,
            ueid=self.ueid,
            device_class="bms",
            hwmodel=b"load",
            key_tier=boot.TIER_SOFTWARE,
            nonce=b"",
            origin=self.origin,
            signer=self.sign,
        )

    def messages(self, count: int, gateway_xy: bytes, *, readings: int = 1) -> list[LoadMessage]:
        """A boot statement and `count - 1` telemetry statements of `readings` readings, chained.

        `gateway_xy`: the public half of the gateway's receipt key, x || y.
        """
        made = [self.boot_message(gateway_xy)]
        made += [self.telemetry_message(readings) for _ in range(count - 1)]
        return made

    def boot_message(self, gateway_xy: bytes, lost: Sequence[tuple[int, int, int]] = ()) -> LoadMessage:
        """Boot once more; receipts come under this boot's key from now on."""
        self.boot_count += 1
        session, bootseed = generate_private_key(SECP256R1()), self._random.randbytes(32)
        claims = boot.Claims(
            nonce=None,
            ueid=self.ueid,
            hwmodel=b"load",
            bootseed=bootseed,
            swname="voltseal-load",
            swversion="1",
            measurement=sha256(b"load").digest(),
            reset_cause=boot.RESET_POWER_ON,
            key_tier=boot.TIER_SOFTWARE,
            lost=list(lost),
            cadence_ms=_CADENCE_MS,
            receipt_key=_point(session.public_key()),
        )
        gateway = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), b"\x04" + gateway_xy)
        info = cbor.encode([receipt.CONTEXT, self.origin, self.ueid])
        derive = HKDF(algorithm=SHA256(), length=32, salt=bootseed, info=info).derive
        self.receipt_key = derive(session.exchange(ECDH(), gateway))
        return self._message(boot.boot_payload(self._position(), claims), None)

    def telemetry_message(self, readings: int = 1) -> LoadMessage:
        """The next telemetry statement."""
        seed = self._random.randbytes(16)
        columns = commitment.encode_columns([self._reading(index) for index in range(readings)], _FIELDS)
        root = commitment.commitment(seed, columns)
        payload = statement.telemetry_payload(BMS_PACK.number, self._position(), readings, root)
        return self._message(payload, (seed, columns))

    def sign(self, digest: bytes) -> bytes:
        """r || s, low s, over a SHA-256 digest."""
        r, s = decode_dss_signature(self.key.sign(digest, ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32, "big") + min(s, _ORDER - s).to_bytes(32, "big")

    def _position(self) -> statement.Position:
        return statement.Position(
            max(1, self.boot_count), self.next_sequence, self.time_ms, statement.TIME_NTP, 250, self.prev
        )

    def _message(self, payload: bytes, disclosure: tuple[bytes, list[bytes]] | None) -> LoadMessage:
        signed = statement.sign(payload, self.origin, self.kid, self.sign)
        sequence = self.next_sequence
        self.prev = statement.chain_digest(signed)
        self.next_sequence += 1
        self.time_ms += 1000
        if disclosure is None:
            whole = statement.bare_message(signed)
        else:
            whole = statement.telemetry_message(signed, *disclosure)
        return LoadMessage(self.topic, self.ueid, sequence, whole)

    def _reading(self, index: int) -> tuple[int | None, ...]:
        """Values that wander by a few counts, as those of a pack at rest or under a steady load do."""
        self._values = [value + self._random.randint(-3, 3) for value in self._values]
        return (1000 * index, *self._values, *[None] * (_FIELDS - 1 - _VALUES))


def interleave(streams: Iterable[Sequence[LoadMessage]]) -> list[LoadMessage]:
    """One stream in which the devices take turns, each in its own order."""
    columns = [list(stream) for stream in streams]
    longest = max((len(column) for column in columns), default=0)
    return [column[turn] for turn in range(longest) for column in columns if turn < len(column)]


class LoadClient:
    """Publishes for the fleet and keeps book of the receipts. Context manager; its network thread is paho's."""

    def __init__(self, url: str, site: str, fleet: Iterable[LoadDevice]) -> None:
        self._url = urlsplit(url)
        self._site = site
        self._devices = {device.ueid: device for device in fleet}
        self._changed = threading.Condition()
        self._waiting: dict[bytes, set[int]] = {ueid: set() for ueid in self._devices}
        self._waiting_total = 0
        self.receipted: set[tuple[bytes, int]] = set()
        self.bad_receipts = 0
        self._connected = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"load-{id(self):x}", clean_session=False)
        self._client.max_inflight_messages_set(1000)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._connected.set()
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._published = self._taken_by_broker = 0

    def open(self) -> None:
        """Connect and wait for the broker's word. Raises `LoadError`."""
        try:
            self._client.connect(self._url.hostname or "localhost", self._url.port or 1883)
        except OSError as error:
            raise LoadError(f"broker {self._url.geturl()}: {error}") from error
        self._client.loop_start()
        if not self._connected.wait(10):
            raise LoadError(f"broker {self._url.geturl()} does not answer")

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, messages: Iterable[LoadMessage], *, window: int = 2000, timeout_s: float = 60.0) -> None:
        """Publish in order, with at most `window` statements waiting for their receipts. Raises `LoadError`."""
        for message in messages:
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting_total < window, timeout_s):
                    raise LoadError(f"no receipt for {timeout_s:.0f} s")
                numbers = self._waiting[message.ueid]
                self._waiting_total += message.sequence not in numbers
                numbers.add(message.sequence)
            self.send_raw(message.topic, message.payload)

    def send_raw(self, topic: str, payload: bytes) -> None:
        """Publish anything, anywhere; nothing is expected back."""
        self._published += 1
        self._client.publish(topic, payload, qos=1)

    def wait_receipted(self, timeout_s: float = 30.0) -> None:
        """Return when everything sent is receipted. Raises `LoadError` after `timeout_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._waiting_total, timeout_s):
                raise LoadError(f"{self._waiting_total} statements without a receipt after {timeout_s:.0f} s")

    def forget_waiting(self) -> None:
        """Give up on what has no receipt yet, as a device does that loses power."""
        with self._changed:
            for numbers in self._waiting.values():
                numbers.clear()
            self._waiting_total = 0

    @property
    def unsent(self) -> int:
        """How many published messages the broker has not taken yet."""
        return self._published - self._taken_by_broker

    @property
    def waiting(self) -> int:
        """How many statements have no receipt yet."""
        return self._waiting_total

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(f"voltseal/1/{self._site}/+/down", qos=1)

    def _on_publish(self, *_: Any) -> None:
        self._taken_by_broker += 1

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        ueid = bytes.fromhex(message.topic.split("/")[3])
        device = self._devices.get(ueid)
        if device is None:
            return
        try:
            body = receipt.open_down(device.receipt_key, bytes(message.payload))
            ranges = receipt.receipt_ranges(body, device.boot_count)
        except WireError:
            self.bad_receipts += 1
            return
        with self._changed:
            waiting = self._waiting[ueid]
            named = {number for number in waiting if any(first <= number <= last for first, last in ranges)}
            waiting -= named
            self._waiting_total -= len(named)
            self.receipted.update((ueid, number) for number in named)
            self._changed.notify_all()


def _point(public: EllipticCurvePublicKey) -> bytes:
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
