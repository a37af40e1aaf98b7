"""Faults of the broker: it goes, comes back, and may have forgotten everybody."""

from __future__ import annotations

import asyncio

from voltseal_sim.faults.kind import FaultKind, Stage


async def restart(stage: Stage) -> str:
    """Away for a while; sessions and undelivered messages are kept."""
    broker = stage.site.embedded_broker
    await broker.stop()
    await asyncio.sleep(stage.fault.seconds)
    await broker.start()
    return f"broker: away for {stage.fault.seconds:g} s, then back with its sessions"


async def amnesia(stage: Stage) -> str:
    """Away for a while; back without sessions, subscriptions and undelivered messages."""
    broker = stage.site.embedded_broker
    await broker.stop()
    broker.forget()
    await asyncio.sleep(stage.fault.seconds)
    await broker.start()
    return f"broker: away for {stage.fault.seconds:g} s, then back without its sessions and what lay in them"


KINDS = (
    FaultKind("broker-restart", "the broker goes away for {seconds} and keeps its sessions", restart, ("seconds",)),
    FaultKind("broker-amnesia", "the broker restarts after {seconds} and has lost its sessions", amnesia, ("seconds",)),
)
