"""Ending a process of our own: asked first, or cut off at once. Used for gateways and for boards alike."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process


async def end(process: Process | None, patience_s: float) -> None:
    """Ask it to end (SIGTERM), and kill it after `patience_s` seconds. Fine if it never ran or has ended."""
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), patience_s)
    except TimeoutError:
        await kill(process)


async def kill(process: Process | None) -> None:
    """SIGKILL, no warning; returns when it is gone. Fine if it never ran or has ended."""
    if process is None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
