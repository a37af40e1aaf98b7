"""Faults on the way from a device to the gateway: what a network does by accident, and an attacker on purpose."""

from __future__ import annotations

from hashlib import sha256

from voltseal.errors import VoltsealError
from voltseal.wire import message
from voltseal.wire.keys import external_aad
from voltseal_sim.faults.kind import FaultError, FaultKind, Stage
from voltseal_sim.load import LoadDevice
from voltseal_sim.mqtt_packets import Publish
from voltseal_sim.wire_tap import Chance, Delay, Drop, Duplicate, FlipBit, Reorder

_STATEMENT_CONTEXT = "voltseal/1 statement"
_SIGNATURE_BYTES = 64


async def replay(stage: Stage) -> str:
    """Everything that the device has published so far, once more and in the same order."""
    recorded = stage.tap.seen(stage.up_topic)
    for sent in recorded:
        stage.site.embedded_broker.deliver(sent)
    return f"{stage.device.label}: its {len(recorded)} messages so far sent again by somebody who listened"


async def forged_signature(stage: Stage) -> str:
    """The newest message, with its content signed by another key."""
    recorded = stage.tap.seen(stage.up_topic)
    if not recorded:
        raise FaultError(f"{stage.device.label} has published nothing yet")
    sent = recorded[-1]
    origin = stage.site.settings.origin
    stranger = LoadDevice(origin, stage.site.settings.site, seed=7)
    try:
        statement = message.parse_up(sent.payload).statement
    except VoltsealError as error:
        raise FaultError(f"what {stage.device.label} published cannot be read: {error}") from error
    signed = statement.sign1.to_be_signed(external_aad(_STATEMENT_CONTEXT, origin))
    forged = statement.raw[:-_SIGNATURE_BYTES] + stranger.sign(sha256(signed).digest())
    payload = sent.payload.replace(statement.raw, forged)
    stage.site.embedded_broker.deliver(Publish(sent.topic, payload, qos=1))
    return f"{stage.device.label}: message {statement.sequence} signed by a stranger's key and sent"


def _chance(stage: Stage) -> Chance:
    return Chance(stage.random, stage.fault.probability)


async def duplicate(stage: Stage) -> str:
    """From now on some messages arrive twice."""
    stage.tap.disturb(stage.up_topic, Duplicate(_chance(stage)))
    return f"{stage.device.label}: {stage.fault.probability:.0%} of its messages delivered twice from now on"


async def drop(stage: Stage) -> str:
    """From now on some messages are lost."""
    stage.tap.disturb(stage.up_topic, Drop(_chance(stage)))
    return f"{stage.device.label}: {stage.fault.probability:.0%} of its messages lost from now on"


async def bit_flip(stage: Stage) -> str:
    """From now on some messages arrive with one bit changed."""
    stage.tap.disturb(stage.up_topic, FlipBit(_chance(stage)))
    return f"{stage.device.label}: one bit changed in {stage.fault.probability:.0%} of its messages from now on"


async def delay(stage: Stage) -> str:
    """From now on messages arrive late."""
    stage.tap.disturb(stage.up_topic, Delay(stage.fault.seconds))
    return f"{stage.device.label}: messages arrive {stage.fault.seconds:g} s late from now on"


async def reorder(stage: Stage) -> str:
    """From now on messages arrive in groups, the newest first."""
    stage.tap.disturb(stage.up_topic, Reorder())
    return f"{stage.device.label}: messages arrive in groups of three, the newest first, from now on"


KINDS = (
    FaultKind("replay", "somebody who listened sends all that {device} has published once more", replay),
    FaultKind("forged-signature", "somebody sends {device}'s newest message, signed by another key", forged_signature),
    FaultKind("duplicate", "{percent} of {device}'s messages arrive twice from then on", duplicate, ("probability",)),
    FaultKind("drop", "{percent} of {device}'s messages are lost from then on", drop, ("probability",)),
    FaultKind("bit-flip", "one bit is changed in {percent} of {device}'s messages", bit_flip, ("probability",)),
    FaultKind("delay", "{device}'s messages arrive {seconds} late from then on", delay, ("seconds",)),
    FaultKind("reorder", "{device}'s messages arrive in groups of three, the newest first", reorder),
)
