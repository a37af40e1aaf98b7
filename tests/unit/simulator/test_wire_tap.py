"""Each disturbance of the wire does what its name says, loses nothing else, and repeats with its seed."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from voltseal_sim.mqtt_packets import Publish
from voltseal_sim.wire_tap import Chance, Delay, Disturbance, Drop, Duplicate, FlipBit, Reorder, WireTap, flipped

TOPIC = "voltseal/1/site/01aa/up"
MESSAGES = [Publish(TOPIC, b"message %d" % number, 1) for number in range(40)]


class Subscriber:
    """Keeps what is delivered."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []

    def __call__(self, message: Publish) -> None:
        self.payloads.append(message.payload)


def passed_through(disturbance: Disturbance | None) -> list[bytes]:
    """What arrives of MESSAGES, the network healed in the end."""
    tap, subscriber = WireTap(), Subscriber()
    if disturbance is not None:
        tap.disturb(TOPIC, disturbance)
    for message in MESSAGES:
        tap(message, subscriber)
    tap.heal(subscriber)
    return subscriber.payloads


SENT = [message.payload for message in MESSAGES]


def chance(probability: float = 0.5) -> Chance:
    return Chance(Random(1), probability)


def test_without_a_disturbance_all_passes_and_is_remembered() -> None:
    assert passed_through(None) == SENT
    tap = WireTap()
    tap(MESSAGES[0], lambda _message: None)
    assert tap.seen(TOPIC) == (MESSAGES[0],)
    assert tap.seen("voltseal/1/site/01bb/up") == ()


def test_only_the_disturbed_topic_is_touched() -> None:
    tap, subscriber = WireTap(), Subscriber()
    tap.disturb(TOPIC, Drop(chance(1.0)))
    tap(Publish("voltseal/1/site/01bb/up", b"other", 1), subscriber)
    tap(MESSAGES[0], subscriber)
    assert subscriber.payloads == [b"other"]


def test_duplicate_repeats_some_and_loses_none() -> None:
    disturbance = Duplicate(chance())
    arrived = passed_through(disturbance)
    assert list(dict.fromkeys(arrived)) == SENT
    assert len(arrived) == len(SENT) + disturbance.chance.count
    assert 0 < disturbance.chance.count < len(SENT)


def test_drop_loses_some_and_keeps_the_order_of_the_others() -> None:
    disturbance = Drop(chance())
    arrived = passed_through(disturbance)
    assert arrived == [payload for payload in SENT if payload in arrived]
    assert len(arrived) == len(SENT) - disturbance.chance.count
    assert 0 < disturbance.chance.count < len(SENT)


def test_flip_changes_exactly_one_bit_of_some() -> None:
    arrived = passed_through(FlipBit(chance()))
    changes = [
        sum((a ^ b).bit_count() for a, b in zip(before, after, strict=True))
        for before, after in zip(SENT, arrived, strict=True)
    ]
    assert set(changes) == {0, 1}


@pytest.mark.parametrize("length", [1, 2, 300])
def test_flipped_reaches_every_byte_sooner_or_later(length: int) -> None:
    random, content = Random(2), bytes(length)
    changed = {flipped(content, random) for _ in range(length * 100)}
    assert all(any(one[index] for one in changed) for index in range(length))


async def test_reorder_turns_groups_round_and_loses_none() -> None:
    disturbance = Reorder(3)
    arrived = passed_through(disturbance)
    assert arrived[:3] == [SENT[2], SENT[1], SENT[0]]
    assert sorted(arrived) == sorted(SENT)
    assert disturbance.met == 26  # thirteen whole groups, and one message that was alone


async def test_reorder_holds_nothing_for_long() -> None:
    tap, subscriber = WireTap(), Subscriber()
    tap.disturb(TOPIC, Reorder(3))
    tap(MESSAGES[0], subscriber)
    assert subscriber.payloads == []
    await asyncio.sleep(0.8)
    assert subscriber.payloads == [SENT[0]]


async def test_delay_keeps_the_order_and_delivers_the_rest_when_healed() -> None:
    tap, subscriber = WireTap(), Subscriber()
    tap.disturb(TOPIC, Delay(0.05))
    tap(MESSAGES[0], subscriber)
    assert subscriber.payloads == []
    await asyncio.sleep(0.15)
    assert subscriber.payloads == [SENT[0]]
    tap(MESSAGES[1], subscriber)
    tap(MESSAGES[2], subscriber)
    tap.heal(subscriber)
    assert subscriber.payloads == SENT[:3]
    await asyncio.sleep(0.1)
    assert subscriber.payloads == SENT[:3], "a timer delivered again what healing had delivered"


@pytest.mark.parametrize("kind", [Duplicate, Drop, FlipBit])
def test_the_same_seed_gives_the_same_disturbance(kind: type[Duplicate] | type[Drop] | type[FlipBit]) -> None:
    assert passed_through(kind(chance())) == passed_through(kind(chance()))
    assert passed_through(kind(chance())) != passed_through(kind(Chance(Random(3), 0.5)))


def test_healing_tells_how_many_were_met() -> None:
    tap = WireTap()
    tap.disturb(TOPIC, Drop(chance(1.0)))
    tap(MESSAGES[0], lambda _message: None)
    assert tap.heal(lambda _message: None) == {TOPIC: 1}
    assert tap.heal(lambda _message: None) == {}
