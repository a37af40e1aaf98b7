"""Somebody between the devices and the gateway: sees every message on `up`, and does with it what a network can do.

The tap sits inside the embedded broker, before a message is offered to its subscribers: the device has its PUBACK by
then, which promises nothing (docs/spec/messages.md). One disturbance a topic; everything is drawn from a seed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol, TypeAlias

from voltseal_sim.mqtt_packets import Publish

Deliver: TypeAlias = Callable[[Publish], None]
"""Hands a message to whoever has subscribed."""

_REMEMBERED = 4096  # messages a topic: far more than a scenario sends
_HELD_S = 0.6  # a reordering network keeps nothing for longer
_UP = "/up"


class Disturbance(Protocol):
    """What happens to a message on its way."""

    @property
    def met(self) -> int:
        """How many messages it happened to."""
        ...

    def take(self, message: Publish, deliver: Deliver) -> None:
        """Deliver it: now, later, changed, often or never."""
        ...

    def release(self, deliver: Deliver) -> None:
        """The network heals: deliver what is held back."""
        ...


@dataclass(slots=True)
class Chance:
    """Draws from the seed whether a message is met; `count` says how many were."""

    random: Random
    probability: float
    count: int = 0

    def strikes(self) -> bool:
        """Whether it happens this time."""
        met = self.random.random() < self.probability
        self.count += met
        return met


@dataclass(slots=True)
class Duplicate:
    """Delivers a message twice, as MQTT at QoS 1 may at any time."""

    chance: Chance

    @property
    def met(self) -> int:
        """See `Disturbance`."""
        return self.chance.count

    def take(self, message: Publish, deliver: Deliver) -> None:
        """See `Disturbance`."""
        deliver(message)
        if self.chance.strikes():
            deliver(message)

    def release(self, deliver: Deliver) -> None:
        """Nothing is held back."""


@dataclass(slots=True)
class Drop:
    """Loses a message, although the broker has acknowledged it."""

    chance: Chance

    @property
    def met(self) -> int:
        """See `Disturbance`."""
        return self.chance.count

    def take(self, message: Publish, deliver: Deliver) -> None:
        """See `Disturbance`."""
        if not self.chance.strikes():
            deliver(message)

    def release(self, deliver: Deliver) -> None:
        """What is lost is lost."""


@dataclass(slots=True)
class FlipBit:
    """Changes one bit of a message, anywhere."""

    chance: Chance

    @property
    def met(self) -> int:
        """See `Disturbance`."""
        return self.chance.count

    def take(self, message: Publish, deliver: Deliver) -> None:
        """See `Disturbance`."""
        if self.chance.strikes():
            message = replace(message, payload=flipped(message.payload, self.chance.random))
        deliver(message)

    def release(self, deliver: Deliver) -> None:
        """Nothing is held back."""


@dataclass(slots=True)
class Delay:
    """Delivers every message `seconds` later, in order."""

    seconds: float
    met: int = 0
    _held: deque[tuple[Publish, asyncio.TimerHandle]] = field(default_factory=deque)

    def take(self, message: Publish, deliver: Deliver) -> None:
        """See `Disturbance`."""
        self.met += 1
        timer = asyncio.get_running_loop().call_later(self.seconds, self._oldest, deliver)
        self._held.append((message, timer))

    def release(self, deliver: Deliver) -> None:
        """See `Disturbance`."""
        while self._held:
            self._held[0][1].cancel()
            self._oldest(deliver)

    def _oldest(self, deliver: Deliver) -> None:
        deliver(self._held.popleft()[0])


@dataclass(slots=True)
class Reorder:
    """Collects `width` messages, or what came within some tenths of a second, and delivers the newest first."""

    width: int = 3
    met: int = 0
    _held: list[Publish] = field(default_factory=list)
    _timer: asyncio.TimerHandle | None = None

    def take(self, message: Publish, deliver: Deliver) -> None:
        """See `Disturbance`."""
        self._held.append(message)
        if len(self._held) >= self.width:
            self.release(deliver)
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HELD_S, self.release, deliver)

    def release(self, deliver: Deliver) -> None:
        """See `Disturbance`."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        self.met += max(0, len(held) - 1)
        for message in reversed(held):
            deliver(message)


class WireTap:
    """Set as a broker's `tap`. Owns what has been seen, for whoever wants to send it again."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[Publish]] = {}
        self._disturbances: dict[str, Disturbance] = {}

    def __call__(self, message: Publish, deliver: Deliver) -> None:
        """Let a message pass, or not. Only `up` topics are disturbed."""
        if message.topic.endswith(_UP):
            self._seen.setdefault(message.topic, deque(maxlen=_REMEMBERED)).append(message)
        disturbance = self._disturbances.get(message.topic)
        if disturbance is None:
            deliver(message)
        else:
            disturbance.take(message, deliver)

    def seen(self, topic: str) -> tuple[Publish, ...]:
        """What was published there, oldest first."""
        return tuple(self._seen.get(topic, ()))

    def disturb(self, topic: str, disturbance: Disturbance) -> None:
        """From now on, in place of what was before."""
        self._disturbances[topic] = disturbance

    def heal(self, deliver: Deliver) -> dict[str, int]:
        """End all disturbances; what is held back is delivered. By topic: how many messages were met."""
        disturbances, self._disturbances = self._disturbances, {}
        for disturbance in disturbances.values():
            disturbance.release(deliver)
        return {topic: disturbance.met for topic, disturbance in disturbances.items()}


def flipped(content: bytes, random: Random) -> bytes:
    """The same bytes but for one bit; `content` is not empty."""
    bit = random.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
