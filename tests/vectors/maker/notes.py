"""Signed notes, checkpoints, cosignatures and ledger blocks, written anew from docs/spec/log.md and C2SP."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519, COSIGNATURE = 0x01, 0x04


@dataclass(frozen=True)
class NoteKey:
    """An Ed25519 key with its name; the private half is SHA-256 of a label."""

    name: str
    label: str
    kind: int = ED25519

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(sha256(self.label.encode()).digest())

    @property
    def _typed(self) -> bytes:
        return bytes([self.kind]) + self._private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self._typed).digest()[:4]

    @property
    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self._typed).decode()}"

    def line(self, text: str, *, time_s: int = 0) -> str:
        """The signature line under `text`."""
        if self.kind == COSIGNATURE:
            message = f"cosignature/v1\ntime {time_s}\n{text}"
            body = time_s.to_bytes(8, "big") + self._private.sign(message.encode())
        else:
            body = self._private.sign(text.encode())
        return f"— {self.name} {b64encode(self.key_id + body).decode()}\n"


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


PREVIOUS_BLOCK = sha256(b"the block before").digest()


def ledger_text(  # noqa: PLR0917
    origin: str, size: int, root: bytes, time_ms: int, height: int = 4, before: bytes = PREVIOUS_BLOCK
) -> str:
    previous = b64encode(before).decode()
    return f"voltseal-ledger/1\n{height}\n{previous}\n{time_ms}\n{origin}\n{size}\n{b64encode(root).decode()}\n"


def signed(text: str, *lines: str) -> str:
    return text + "\n" + "".join(lines)
