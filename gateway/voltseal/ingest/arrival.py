"""What arrives: one message of the broker, with what is needed to acknowledge it later."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message on some device's `up`. `received_ms`: the gateway's clock, POSIX milliseconds.

    `session` and `packet_id` name the delivery: a broker uses packet identifiers again in the next connection, so an
    acknowledgement belongs to one connection only.
    """

    topic: str
    payload: bytes
    received_ms: int
    session: int
    packet_id: int
    qos: int
