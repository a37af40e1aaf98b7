"""What can go wrong while MicroPython is found or provisioned."""

from __future__ import annotations

from typing import ClassVar

from voltseal_sim.errors import SimulatorError


class ToolchainError(SimulatorError):
    """MicroPython could not be provisioned; `hint` says what to do next."""

    code: ClassVar[str] = "toolchain-failed"


class UnsupportedPlatformError(ToolchainError):
    """This machine has no apt to provision from: not a fault, and callers may fall back to the CPython runtime."""

    code: ClassVar[str] = "toolchain-unsupported-platform"


class UnusableInterpreterError(ToolchainError):
    """An interpreter exists but does not run, is too old, or lacks a module the firmware needs."""

    code: ClassVar[str] = "toolchain-unusable-interpreter"
