"""Faults on a device's serial line."""

from __future__ import annotations

from dataclasses import replace

from voltseal_sim.faults.kind import FaultKind, Stage


async def noise(stage: Stage) -> str:
    """One bit changed in some answers: the frame's checksum shows it."""
    line = stage.device.line
    line.faults = replace(line.faults, damage=stage.fault.probability)
    return f"{stage.device.label}: {stage.fault.probability:.0%} of the bus's answers damaged from now on"


async def stuck(stage: Stage) -> str:
    """The board repeats its first answers for ever, well formed and wrong."""
    line = stage.device.line
    line.faults = replace(line.faults, stuck=True)
    return f"{stage.device.label}: the bus repeats old answers from now on"


async def silent(stage: Stage) -> str:
    """The board answers nothing any more: a wire is off."""
    line = stage.device.line
    line.faults = replace(line.faults, drop=1.0)
    return f"{stage.device.label}: the bus is silent from now on"


KINDS = (
    FaultKind("bus-noise", "{percent} of the answers on {device}'s serial line are damaged", noise, ("probability",)),
    FaultKind("bus-stuck", "the battery board of {device} repeats its old answers for ever", stuck),
    FaultKind("bus-silent", "the battery board of {device} answers nothing any more", silent),
)
