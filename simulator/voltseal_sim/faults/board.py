"""Faults of a device's board and of its flash. What the flash holds is the state directory."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from voltseal_sim.faults.kind import FaultError, FaultKind, Stage
from voltseal_sim.runtimes.shifted_clock import ShiftedClock
from voltseal_sim.wire_tap import flipped

_PENDING_BYTES = 3000  # several messages: some of them are damaged, and others are not
_WITHIN_S = 30.0
_POLL_S = 0.05
_EMPTY_RECORD_BYTES = 4  # a record of the firmware without content: its check sum


async def power_cut(stage: Stage) -> str:
    """SIGKILL: no chance to give reserved numbers back."""
    await stage.device.firmware.power_cut()
    await stage.device.switch_on()
    return f"{stage.device.label}: power cut after {stage.fault.after_statements} statements, then on again"


async def cloned_device(stage: Stage) -> str:
    """The flash is copied while the board is off; then both boards run."""
    device = stage.device
    await device.firmware.power_cut()
    twin = await device.clone(f"{device.label}-clone", device.line)
    stage.site.strangers.append(twin)
    await device.switch_on()
    await twin.switch_on()
    return f"{device.label}: its flash copied onto a second board, and both switched on"


async def rolled_back_flash(stage: Stage) -> str:
    """An old copy of the flash is put back, counters and all."""
    device = stage.device
    await device.firmware.power_cut()
    image = device.directory.with_name(f"{device.label}-image")
    shutil.copytree(device.directory, image)
    await device.switch_on()
    await stage.more_statements(4)
    await device.firmware.power_cut()
    shutil.rmtree(device.directory)
    shutil.copytree(image, device.directory)
    await device.switch_on()
    return f"{device.label}: its flash set back to a copy that is four statements older"


async def flash_full(stage: Stage) -> str:
    """The broker stays away until the spool had to drop its oldest messages."""
    device, broker = stage.device, stage.site.embedded_broker
    await broker.stop()
    losses = device.directory / "losses"
    await _until(lambda: losses.exists() and losses.stat().st_size > _EMPTY_RECORD_BYTES, "the spool is full")
    await broker.start()
    return f"{device.label}: the broker away until the spool was full and dropped its oldest messages"


async def flash_bit_rot(stage: Stage) -> str:
    """Some bits of unsent messages flip while the board is off."""
    device, broker = stage.device, stage.site.embedded_broker
    await broker.stop()
    sent = _spooled_bytes(device.spool_directory)
    await _until(lambda: _spooled_bytes(device.spool_directory) >= sent + _PENDING_BYTES, "messages wait in the spool")
    await device.firmware.stop()
    newest = max(device.spool_directory.glob("*.seg"))
    content = newest.read_bytes()
    # Messages that wait lie at the end. The very last is spared: damaged, it would pass for a torn write.
    begin, end = len(content) - _PENDING_BYTES, len(content) - _PENDING_BYTES // 2
    rotten = content[:begin] + flipped(content[begin:end], stage.random) + content[end:]
    newest.write_bytes(rotten)
    await broker.start()
    await device.switch_on()
    return f"{device.label}: one bit of its spool flipped while it was switched off with unsent messages"


async def tampered_firmware(stage: Stage) -> str:
    """A line is added to the firmware's files while the board is off."""
    device = stage.device
    await device.firmware.power_cut()
    tree = device.directory.with_name(f"{device.label}-firmware")
    shutil.copytree(device.runtime.tree, tree, ignore=shutil.ignore_patterns("__pycache__", "build"))
    changed = tree / "voltseal_device" / "measure.py"
    changed.write_text(changed.read_text(encoding="utf-8") + "\nDISCOUNT_PERCENT = 5\n", encoding="utf-8")
    device.reflash(device.runtime.with_tree(tree))
    await device.switch_on()
    return f"{device.label}: its firmware changed in one file while it was switched off"


async def clock_jump(stage: Stage) -> str:
    """The board comes back with its real-time clock set wrong."""
    device = stage.device
    await device.firmware.power_cut()
    device.reflash(ShiftedClock(device.runtime, round(stage.fault.offset_s * 1000)))
    await device.switch_on()
    return f"{device.label}: back after a power cut with its clock {stage.fault.offset_s:+g} s wrong"


def _spooled_bytes(spool: Path) -> int:
    return sum(path.stat().st_size for path in spool.glob("*.seg"))


async def _until(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(_WITHIN_S):
            while not condition():  # noqa: ASYNC110  # another process changes its files without telling
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise FaultError(f"{what}: not within {_WITHIN_S:.0f} s") from None


KINDS = (
    FaultKind("power-cut", "{device} loses power and comes back at once", power_cut),
    FaultKind("cloned-device", "{device}'s flash is copied onto a second board, and both run", cloned_device),
    FaultKind("rolled-back-flash", "{device}'s flash is set back to an older copy", rolled_back_flash),
    FaultKind("flash-full", "the broker stays away until {device}'s spool overflows", flash_full),
    FaultKind("flash-bit-rot", "a bit of {device}'s unsent messages flips while it is off", flash_bit_rot),
    FaultKind("tampered-firmware", "{device}'s firmware is changed while it is off", tampered_firmware),
    FaultKind("clock-jump", "{device} comes back with its clock {offset}", clock_jump, ("offset_s",)),
)
