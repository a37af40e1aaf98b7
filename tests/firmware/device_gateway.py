"""What a device talks to, for the tests: a broker of one connection at a time and a gateway behind it, on real sockets.

Written against the specification with OpenSSL (through `cryptography`) and cbor2; shares no code with the firmware.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class Statement:
    """A verified statement: its bytes and the elements of its payload."""

    encoded: bytes
    payload: list[Any]

    @property
    def kind(self) -> int:
        return self.payload[0]

    @property
    def boot_count(self) -> int:
        return self.payload[2]

    @property
    def sequence(self) -> int:
        return self.payload[3]

    @property
    def prev(self) -> bytes:
        return self.payload[7]


@dataclass
class Gateway:
    """Verifies what arrives and makes receipts. `stored` is by sequence number; `arrivals` counts each, repeats too."""

    origin: str
    receipt_private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    stored: dict[int, Statement] = field(default_factory=dict)
    readings: dict[int, list[Any]] = field(default_factory=dict)
    arrivals: list[int] = field(default_factory=list)
    public: ec.EllipticCurvePublicKey | None = None
    ueid: bytes = b""
    key: bytes = b""
    boot_count: int = 0

    def receipt_public_hex(self) -> str:
        numbers = self.receipt_private.public_key().public_numbers()
        return (numbers.x.to_bytes(32) + numbers.y.to_bytes(32)).hex()

    def enrol(self, request: bytes) -> None:
        """Take the device's key from its request, which must be signed with that key."""
        payload = cbor2.loads(cbor2.loads(request).value[2])
        key = cbor2.loads(payload[2])
        self.ueid = payload[1]
        x, y = int.from_bytes(key[-2]), int.from_bytes(key[-3])
        self.public = ec.EllipticCurvePublicNumbers(x, y, CURVE).public_key()
        self._verify(request, "voltseal/1 enrolment")

    def take(self, message: bytes) -> Statement:
        """Check one `up` message and keep it; a number must always come with the same bytes."""
        items = cbor2.loads(message)
        encoded = items[0]
        statement = Statement(encoded, cbor2.loads(self._verify(encoded, "voltseal/1 statement")))
        known = self.stored.setdefault(statement.sequence, statement)
        assert known.encoded == encoded, f"equivocation at {statement.sequence}"
        self.arrivals.append(statement.sequence)
        if statement.kind == 1:
            self.readings[statement.sequence] = self._open_columns(statement, *items[1:])
        elif statement.kind == 2:
            self._agree(statement)
        return statement

    def receipt(self, first: int, last: int, *, boot_count: int | None = None, key: bytes | None = None) -> bytes:
        """A `down` message; wrong on purpose where asked."""
        body = cbor2.dumps([1, self.boot_count if boot_count is None else boot_count, [[first, last]]])
        mac = hmac.digest(self.key if key is None else key, body, "sha256")[:16]
        return cbor2.dumps([body, mac])

    def declared(self) -> dict[int, int]:
        """Number -> reason, from every boot and loss statement here."""
        reasons = {}
        for statement in self.stored.values():
            lost = {1: [], 2: lambda s: s.payload[8][-70004], 3: lambda s: s.payload[8]}[statement.kind]
            for first, last, reason in lost(statement) if callable(lost) else lost:
                reasons.update(dict.fromkeys(range(first, last + 1), reason))
        return reasons

    def check_chain(self) -> None:
        """Every neighbour's `prev` fits, boot counts grow, and each missing number is declared."""
        numbers = sorted(self.stored)
        reasons = self.declared()
        boot_count = 0
        for number in range(numbers[-1] + 1):
            if number not in self.stored:
                assert number in reasons, f"{number} is missing and undeclared"
                continue
            statement = self.stored[number]
            assert reasons.get(number) != 1, f"{number} was declared unused"
            assert statement.boot_count >= boot_count
            if statement.boot_count > boot_count:
                assert statement.kind == 2, "the first statement of a boot is a boot statement"
            boot_count = statement.boot_count
            if number - 1 in self.stored:
                assert statement.prev == hashlib.sha256(self.stored[number - 1].encoded).digest()
        assert self.stored[numbers[0]].prev == bytes(32)

    def _verify(self, encoded: bytes, context: str) -> bytes:
        assert self.public is not None
        sign1 = cbor2.loads(encoded)
        assert sign1.tag == 18
        protected, _, payload, signature = sign1.value
        assert cbor2.loads(protected)[1] == -7
        aad = cbor2.dumps([context, self.origin])
        covered = cbor2.dumps(["Signature1", protected, aad, payload])
        der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
        self.public.verify(der, covered, ec.ECDSA(hashes.SHA256()))
        return payload

    def _open_columns(self, statement: Statement, seed: bytes, columns: list[Any]) -> list[Any]:
        leaves = [
            hashlib.sha256(b"\x00" + hashlib.sha256(seed + i.to_bytes(2)).digest()[:16] + cbor2.dumps(column)).digest()
            for i, column in enumerate(columns)
        ]
        assert _root(leaves) == statement.payload[9]
        return columns

    def _agree(self, boot: Statement) -> None:
        claims = boot.payload[8]
        assert claims[256] == self.ueid
        assert claims[267] == boot.boot_count
        if boot.boot_count < self.boot_count:
            return  # an earlier boot's statement, sent late from the spool: its key is gone from the device
        peer = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, claims[-70006])
        shared = self.receipt_private.exchange(ec.ECDH(), peer)
        info = cbor2.dumps(["voltseal/1 receipt", self.origin, self.ueid])
        self.key = HKDF(hashes.SHA256(), 32, claims[268], info).derive(shared)
        self.boot_count = boot.boot_count


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + _root(leaves[:split]) + _root(leaves[split:])).digest()


class Broker:
    """A listening socket that speaks enough MQTT 3.1.1 for one device, and hands each message to `answer`.

    `answer(statement)` returns the `down` messages to send. Anything that goes wrong is kept in `failures`.
    """

    def __init__(
        self, gateway: Gateway, answer: Callable[[Statement], list[bytes]], tls: ssl.SSLContext | None = None
    ) -> None:
        self.gateway = gateway
        self.answer = answer
        self.tls = tls
        self.port = 0
        self.failures: list[BaseException] = []
        self.connects: list[bytes] = []
        self.acknowledged = 0
        self.peer_certificates: list[Any] = []
        self.writer: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """Cut the connection that is open."""
        if self.writer is not None:
            self.writer.transport.abort()

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 25.0) -> None:
        """Wait for something that a message can bring about; any failure on the way ends the test."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while not condition():
            if self.failures:
                raise self.failures[0]
            assert loop.time() < end, f"not within {seconds} s: {what}"
            await asyncio.sleep(0.02)

    def send_down(self, message: bytes, packet_id: int = 7) -> None:
        """Publish to the device at QoS 1."""
        topic = f"voltseal/1/lab/{self.gateway.ueid.hex()}/down".encode()
        body = len(topic).to_bytes(2) + topic + packet_id.to_bytes(2) + message
        self.send_raw(b"\x32" + _remaining(len(body)) + body)

    def send_raw(self, packet: bytes) -> None:
        """Any bytes at all."""
        assert self.writer is not None
        self.writer.write(packet)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        if self.tls is not None:
            self.peer_certificates.append(writer.get_extra_info("peercert"))
        try:
            while True:
                first, body = await _packet(reader)
                self._take(first, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the device is gone, as it may be at any time
        except Exception as error:  # noqa: BLE001 -- `until` raises it in the test
            self.failures.append(error)
        finally:
            writer.close()

    def _take(self, first: int, body: bytes, writer: asyncio.StreamWriter) -> None:
        match first >> 4:
            case 1:
                assert body[:8] == b"\x00\x04MQTT\x04\x02"
                self.connects.append(body[12:])
                writer.write(b"\x20\x02\x00\x00")
            case 8:
                assert body[4:-1].decode() == f"voltseal/1/lab/{self.gateway.ueid.hex()}/down"
                assert body[-1] == 1
                writer.write(b"\x90\x03" + body[:2] + b"\x01")
            case 3:
                size = int.from_bytes(body[:2])
                assert first & 0x06 == 2
                assert body[2 : 2 + size].decode() == f"voltseal/1/lab/{self.gateway.ueid.hex()}/up"
                writer.write(b"\x40\x02" + body[2 + size : 4 + size])
                for message in self.answer(self.gateway.take(body[4 + size :])):
                    self.send_down(message)
            case 4:
                self.acknowledged += 1
            case 12:
                writer.write(b"\xd0\x00")
            case 14:
                pass
            case kind:
                raise AssertionError(f"packet of type {kind}")


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    first = (await reader.readexactly(1))[0]
    length = shift = 0
    while True:
        byte = (await reader.readexactly(1))[0]
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return first, await reader.readexactly(length)


def _remaining(length: int) -> bytes:
    out = bytearray()
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    out.append(length)
    return bytes(out)
