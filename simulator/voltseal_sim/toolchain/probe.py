"""Judges a MicroPython interpreter by running it: version, the modules the firmware imports, and a bounded heap."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from voltseal_sim.toolchain.errors import UnusableInterpreterError

MINIMUM_VERSION = (1, 24, 0)
REQUIRED_MODULES = ("asyncio", "tls", "hashlib", "socket", "vfs")
_TIMEOUT_S = 20
_HEAP_BYTES = 128 * 1024

# Runs inside the interpreter under judgement. The allocation is larger than the heap it is given, so that an
# interpreter which ignores `-X heapsize` (and would let memory tests pass for nothing) is found out.
_PROGRAM = f"""\
import sys
print(sys.implementation.name, *sys.implementation.version[:3])
for name in {REQUIRED_MODULES!r}:
    __import__(name)
import hashlib
print(hashlib.sha256(b'voltseal').digest().hex())
try:
    bytearray({_HEAP_BYTES})
    print('unbounded')
except MemoryError:
    print('bounded')
"""
_SHA256_VOLTSEAL = "b35929d6503bffc7c89f9a6be1b5b30a311878fe29c24db49aecc5000bf68a1c"


@dataclass(frozen=True, slots=True)
class MicroPython:
    """An interpreter that passed the probe."""

    path: Path
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"MicroPython {'.'.join(map(str, self.version))} at {self.path}"


def probe(path: Path) -> MicroPython:
    """Run `path` and return what it is.

    Raises UnusableInterpreterError when it does not run, is not MicroPython >= 1.24, lacks a module of
    `REQUIRED_MODULES`, computes a wrong digest, or ignores `-X heapsize`.
    """
    return MicroPython(path, _judge(path, _run_program(path)))


def _run_program(path: Path) -> list[str]:
    command = [str(path), "-X", f"heapsize={_HEAP_BYTES}", "-c", _PROGRAM]
    try:
        result = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unusable(path, f"does not run ({error})") from error
    if result.returncode != 0:
        last_words = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no message"]
        raise _unusable(path, f"ended with status {result.returncode}: {last_words[0]}")
    return result.stdout.split()


def _judge(path: Path, words: list[str]) -> tuple[int, int, int]:
    match words:
        case ["micropython", major, minor, patch, digest, heap] if (major + minor + patch).isdecimal():
            version = (int(major), int(minor), int(patch))
        case _:
            raise _unusable(path, f"is not MicroPython's unix port (it printed {' '.join(words)[:80]!r})")
    if version < MINIMUM_VERSION:
        raise _unusable(path, f"is version {'.'.join(map(str, version))}")
    if digest != _SHA256_VOLTSEAL:
        raise _unusable(path, "computes a wrong SHA-256")
    if heap != "bounded":
        raise _unusable(path, "ignores -X heapsize")
    return version


def _unusable(path: Path, reason: str) -> UnusableInterpreterError:
    needed = ".".join(map(str, MINIMUM_VERSION[:2]))
    return UnusableInterpreterError(
        f"{path} {reason}",
        hint=f"MicroPython >= {needed} (unix port) with {', '.join(REQUIRED_MODULES)} is needed",
    )
