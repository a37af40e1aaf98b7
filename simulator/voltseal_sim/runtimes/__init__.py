"""Runtimes: what the firmware tree runs on. Every runtime runs the same, unmodified `main.py` in a state directory."""

from voltseal_sim.runtimes.choice import RUNTIME_NAMES, RuntimeUnavailableError, choose_runtime
from voltseal_sim.runtimes.interface import Runtime
from voltseal_sim.runtimes.process import FirmwareProcess

__all__ = ["RUNTIME_NAMES", "FirmwareProcess", "Runtime", "RuntimeUnavailableError", "choose_runtime"]
