"""Who may read what over HTTP: tokens from a file, client certificates, and this machine itself."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

from starlette.requests import Request

from voltseal.errors import VoltsealError

MIN_TOKEN_CHARS = 24
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class TokenFileError(VoltsealError):
    """The file of tokens cannot be used."""

    code: ClassVar[str] = "token-file"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The accepted tokens, as SHA-256 digests: what is compared has one length, and memory holds no token."""

    digests: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Tokens:
        """One token a line; empty lines and lines that begin with # do not count. Raises `TokenFileError`."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            lines = [line.strip() for line in path.read_text(encoding="ascii").splitlines()]
        except OSError as error:
            raise TokenFileError(f"{path}: cannot be read: {error.strerror}", hint=_hint(path)) from error
        except UnicodeDecodeError as error:
            raise TokenFileError(f"{path}: is not ASCII text", hint=_hint(path)) from error
        if mode & 0o077:
            raise TokenFileError(f"{path}: others may read it (mode {mode:03o})", hint=f"chmod 600 {path}")
        tokens = [line for line in lines if line and not line.startswith("#")]
        if not tokens or any(len(token) < MIN_TOKEN_CHARS for token in tokens):
            raise TokenFileError(f"{path}: has no token, or one under {MIN_TOKEN_CHARS} characters", hint=_hint(path))
        return cls(tuple(sha256(token.encode()).digest() for token in tokens))

    def allow(self, offered: str) -> bool:
        """Whether `offered` is one of them. Takes the same time whichever it is, and whether or not."""
        digest = sha256(offered.encode("utf-8", "surrogateescape")).digest()
        found = False
        for known in self.digests:
            found |= compare_digest(known, digest)
        return found


@dataclass(frozen=True, slots=True)
class Access:
    """The rules. `by_certificate`: every connection has shown a client certificate, or there would be none."""

    tokens: Tokens = Tokens()
    by_certificate: bool = False

    @property
    def is_configured(self) -> bool:
        """Whether anybody could be known at all."""
        return self.by_certificate or bool(self.tokens.digests)

    def is_known(self, request: Request) -> bool:
        """Whether the request has a token, or came over a connection with a certificate."""
        if self.by_certificate:
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.tokens.allow(token.strip())

    def is_known_or_local(self, request: Request) -> bool:
        """Also whoever is on this machine. A proxy on it speaks for others, and says so in a header."""
        return self.is_known(request) or (
            _is_loopback(request.client.host if request.client else "")
            and not any(name in request.headers for name in _FORWARDED)
        )


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _hint(path: Path) -> str:
    return f"for example: (umask 077; head -c 32 /dev/urandom | base64 > {path})"
