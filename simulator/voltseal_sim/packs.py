"""Emulated packs: a modelled battery behind a JBD board, beginning with frames recorded from a real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voltseal_sim.buses.clock import wall_clock
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.jbd import JbdBoard, Plant
from voltseal_sim.buses.recordings import JBD_4S_5AH, JBD_8S_560AH
from voltseal_sim.buses.source import FirstThen, Recorded, Source
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.plants.cell import CellParameters
from voltseal_sim.plants.load import TwoWheeler

_RECORDINGS: Mapping[int, tuple[Mapping[int, tuple[bytes, ...]], float]] = {
    4: (JBD_4S_5AH, 5.0),
    8: (JBD_8S_560AH, 560.0),
}
"""Cells in series: the recording of a pack with as many, and its capacity in Ah."""

_OTHER_CAPACITY_AH = 20.0
_RECORDED_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class PackChoice:
    """What kind of pack. `speed`: seconds of plant time in a second of the clock."""

    cells: int
    initial_soc: float = 0.8
    speed: float = 60.0
    recorded_first: bool = True


def jbd_line(choice: PackChoice, seed: int) -> FaultyLine:
    """A board's end of a serial line, without faults at first. The same seed gives the same pack and the same rides."""
    recording, capacity_ah = _RECORDINGS.get(choice.cells, ({}, _OTHER_CAPACITY_AH))
    parameters = PackParameters(
        cells_in_series=choice.cells,
        cell=CellParameters(capacity_ah=capacity_ah),
        initial_soc=choice.initial_soc,
    )
    source: Source = Plant(
        BatteryPack(parameters, seed), TwoWheeler(seed, capacity_ah), wall_clock(choice.speed), f"SIM-{seed}"
    )
    if choice.recorded_first and recording:
        source = FirstThen(Recorded(recording, _RECORDED_ROUNDS), source)
    return FaultyLine(JbdBoard(source), LineFaults(), seed)
