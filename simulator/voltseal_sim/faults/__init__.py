"""Everything that can go wrong, by name: one registry, one module a family. A new fault is a row in its KINDS."""

from __future__ import annotations

from collections.abc import Mapping

from voltseal_sim.faults import board, brokers, bus, gateways, wire
from voltseal_sim.faults.kind import FaultError, FaultKind, FaultTable, Stage

REGISTRY: Mapping[str, FaultKind] = {
    kind.name: kind for family in (board, bus, wire, brokers, gateways) for kind in family.KINDS
}

__all__ = ["REGISTRY", "FaultError", "FaultKind", "FaultTable", "Stage"]
