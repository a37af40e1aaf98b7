"""A socket that reads much and writes much at a time, under a client that asks for a few bytes at a time.

paho-mqtt reads a packet in three or four `recv` calls and sends each acknowledgement with a `send` of its own. Between
it and the kernel this buffers both ways: one system call serves dozens of packets. docs/decisions/0005-mqtt-client.md
has the measurements. Bytes to send wait in memory until `flush`; whoever drives the client calls it.
"""

from __future__ import annotations

import socket
import ssl

READ_BYTES = 65_536


class BufferedSocket:
    """Wraps a connected, non-blocking socket; has what paho-mqtt asks of one. Owned by the event loop's thread."""

    def __init__(self, inner: socket.socket | ssl.SSLSocket) -> None:
        self._inner = inner
        self._received = b""
        self._position = 0
        self._to_send = bytearray()

    def recv(self, size: int) -> bytes:
        """Up to `size` bytes, from the buffer if it has any. Raises `BlockingIOError`; b"" is the stream's end."""
        end = self._position + size
        if self._position < len(self._received):
            chunk = self._received[self._position : end]
            self._position += len(chunk)
            return chunk
        try:
            received = self._inner.recv(READ_BYTES)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error
        self._received = received
        self._position = min(size, len(received))
        return received[:size]

    def send(self, chunk: bytes | bytearray) -> int:
        """Take all of `chunk`; it leaves with the next `flush`."""
        self._to_send += chunk
        return len(chunk)

    def flush(self) -> bool:
        """Send what waits; False if the kernel would not take all of it yet. Raises `OSError` if the link is down."""
        while self._to_send:
            try:
                sent = self._inner.send(self._to_send)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return False
            del self._to_send[:sent]
        return True

    def pending(self) -> int:
        """Bytes that can be read without the kernel saying so: our own buffer, and TLS's."""
        inner = self._inner.pending() if isinstance(self._inner, ssl.SSLSocket) else 0
        return len(self._received) - self._position + inner

    def unsent(self) -> int:
        """Bytes that wait for `flush`."""
        return len(self._to_send)

    def fileno(self) -> int:
        """The kernel's descriptor, -1 once closed."""
        return self._inner.fileno()

    def setblocking(self, flag: bool) -> None:
        """Pass through."""
        self._inner.setblocking(flag)

    def close(self) -> None:
        """Close; a last packet (DISCONNECT) still goes out if the kernel takes it at once."""
        try:
            self.flush()
        except OSError:
            self._to_send.clear()  # the peer is gone: there is nobody left to say goodbye to
        self._inner.close()
