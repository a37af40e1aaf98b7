"""The buffered socket: the same bytes as the plain one, in fewer calls."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from voltseal.ingest.mqtt_socket import BufferedSocket


@pytest.fixture
def pair() -> Iterator[tuple[BufferedSocket, socket.socket]]:
    near, far = socket.socketpair()
    near.setblocking(False)
    far.settimeout(2)
    buffered = BufferedSocket(near)
    yield buffered, far
    buffered.close()
    far.close()


def test_small_reads_come_from_one_large_one(pair: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = pair
    far.sendall(bytes(range(100)))
    assert near.recv(1) == b"\x00"
    assert near.pending() == 99
    assert near.recv(3) + near.recv(1000) == bytes(range(1, 100))
    assert near.pending() == 0
    with pytest.raises(BlockingIOError):
        near.recv(1)


def test_the_streams_end_is_an_empty_read(pair: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = pair
    far.sendall(b"ab")
    far.close()
    assert (near.recv(1), near.recv(9), near.recv(9)) == (b"a", b"b", b"")


def test_writes_leave_together_at_the_flush(pair: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = pair
    assert [near.send(part) for part in (b"one", bytearray(b"two"))] == [3, 3]
    assert near.unsent() == 6
    far.setblocking(False)
    with pytest.raises(BlockingIOError):
        far.recv(9)
    assert near.flush()
    assert (far.recv(9), near.unsent()) == (b"onetwo", 0)


def test_what_the_kernel_does_not_take_waits_in_order(pair: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = pair
    sent = bytes(range(256)) * 16_384
    near.send(sent)
    assert not near.flush()
    received = b""
    while len(received) < len(sent):
        received += far.recv(1 << 20)
        near.flush()
    assert received == sent
    assert near.flush()


def test_closing_sends_the_last_packet(pair: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = pair
    near.send(b"goodbye")
    near.close()
    assert far.recv(9) == b"goodbye"
    assert near.fileno() == -1


def test_closing_towards_nobody_is_quiet(pair: tuple[BufferedSocket, socket.socket]) -> None:
    near, far = pair
    far.close()
    near.send(b"goodbye")
    near.close()
