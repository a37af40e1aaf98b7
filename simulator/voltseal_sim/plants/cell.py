"""One LiFePO4 cell as an equivalent circuit: open-circuit voltage, series resistance, one RC pair, heat and age.

Sign: current is positive while charging. State of charge (soc) is stored charge over the cell's *present* capacity, so
a cell that has aged is full with less charge in it.

Sources of the numbers
- Circuit ("Thevenin model"): G. L. Plett, Battery Management Systems vol. 1 (2015), ch. 2.
- Open-circuit voltage: the plateau at 3.2-3.35 V of graphite/LiFePO4 at 25 degree C, as in the data sheets of 20 Ah
  prismatic cells. The pieces below 0 and above 1 stand for the steep ends that over-discharge and overcharge run into.
- Resistances: a 20 Ah cell has about 1.5-2.5 milliohm at 1 kHz; with charge transfer about twice that at 25 degree C.
  Cold raises it (Arrhenius, 20 kJ/mol, about double at 0 degree C).
- Heat: 1 kJ/(kg K) at 0.5 kg a cell; still air and a housing leave some 6 K/W.
- Capacity loss with throughput: J. Wang et al., J. Power Sources 196 (2011) 3942, eq. 4 at C/2:
  loss[%] = 31630 exp(-(31700 - 370.3 C)/(R T)) Ah^0.55 for 2.2 Ah cells, so throughput is scaled to that size.
  Calendar ageing is left out.
- Resistance grows by about 1.5 % for each 1 % of capacity lost (the order of magnitude of reported cells).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

GAS_CONSTANT_J_PER_MOL_K = 8.314462618
ZERO_CELSIUS_K = 273.15
_REFERENCE_K = 298.15

_OCV_SOC = (-0.10, 0.0, 0.02, 0.05, 0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90, 0.96, 1.0, 1.03, 1.10)
_OCV_V = (1.80, 2.55, 2.80, 3.00, 3.18, 3.235, 3.265, 3.283, 3.290, 3.296, 3.318, 3.332, 3.336, 3.345, 3.45, 3.80, 4.20)
SOC_LOWEST = _OCV_SOC[0]
SOC_HIGHEST = _OCV_SOC[-1]


def _integral_at_knots() -> tuple[float, ...]:
    total, sums = 0.0, [0.0]
    for (soc_a, volt_a), (soc_b, volt_b) in pairwise(zip(_OCV_SOC, _OCV_V, strict=True)):
        total += (soc_b - soc_a) * (volt_a + volt_b) / 2
        sums.append(total)
    return tuple(sums)


_OCV_INTEGRAL = _integral_at_knots()


def _segment(soc: float) -> tuple[int, float]:
    if not SOC_LOWEST <= soc <= SOC_HIGHEST:
        raise ValueError(f"state of charge {soc:.3f} is outside the model ({SOC_LOWEST} to {SOC_HIGHEST})")
    index = min(bisect_right(_OCV_SOC, soc), len(_OCV_SOC) - 1) - 1
    return index, (_OCV_V[index + 1] - _OCV_V[index]) / (_OCV_SOC[index + 1] - _OCV_SOC[index])


def open_circuit_voltage_v(soc: float) -> float:
    """Open-circuit voltage, linear between knots. Raises ValueError outside [SOC_LOWEST, SOC_HIGHEST]."""
    index, slope = _segment(soc)
    return _OCV_V[index] + slope * (soc - _OCV_SOC[index])


def stored_energy_j(soc: float, capacity_as: float) -> float:
    """Energy in the cell above SOC_LOWEST: the exact integral of open-circuit voltage over charge."""
    index, slope = _segment(soc)
    step = soc - _OCV_SOC[index]
    return capacity_as * (_OCV_INTEGRAL[index] + step * (_OCV_V[index] + slope * step / 2))


@dataclass(frozen=True, slots=True)
class CellParameters:
    """What one cell is made like. Defaults: a 20 Ah prismatic LiFePO4 cell at 25 degree C."""

    capacity_ah: float = 20.0
    series_resistance_ohm: float = 0.0022
    polarisation_resistance_ohm: float = 0.0018
    polarisation_time_constant_s: float = 40.0
    resistance_activation_j_per_mol: float = 20_000.0
    heat_capacity_j_per_k: float = 500.0
    thermal_resistance_k_per_w: float = 6.0
    resistance_growth_per_loss: float = 1.5
    ageing_factor: float = 1.0

    def __post_init__(self) -> None:
        positive = (
            "capacity_ah",
            "series_resistance_ohm",
            "polarisation_resistance_ohm",
            "polarisation_time_constant_s",
            "heat_capacity_j_per_k",
            "thermal_resistance_k_per_w",
        )
        for name in positive:
            if not (math.isfinite(value := getattr(self, name)) and value > 0):
                raise ValueError(f"{name} must be positive, not {value}")
        if not self.ageing_factor >= 0:
            raise ValueError(f"ageing_factor must not be negative, not {self.ageing_factor}")


@dataclass(frozen=True, slots=True)
class CellState:
    """Where one cell is. Charge and energy counters run from the beginning and make conservation checkable."""

    charge_as: float
    polarisation_v: float = 0.0
    temperature_c: float = 25.0
    capacity_loss: float = 0.0
    throughput_as: float = 0.0
    heat_generated_j: float = 0.0
    heat_shed_j: float = 0.0


def capacity_as(parameters: CellParameters, state: CellState) -> float:
    """Present capacity in ampere-seconds: what was made, less what age took."""
    return parameters.capacity_ah * 3600 * (1 - state.capacity_loss)


def soc(parameters: CellParameters, state: CellState) -> float:
    """State of charge, 0 to 1; the model allows a little beyond both ends."""
    return state.charge_as / capacity_as(parameters, state)


def resistance_factor(parameters: CellParameters, state: CellState) -> float:
    """How many times its resistance at 25 degree C and without age the cell has now."""
    kelvin = state.temperature_c + ZERO_CELSIUS_K
    exponent = parameters.resistance_activation_j_per_mol / GAS_CONSTANT_J_PER_MOL_K * (1 / kelvin - 1 / _REFERENCE_K)
    return math.exp(exponent) * (1 + parameters.resistance_growth_per_loss * state.capacity_loss)


def terminal_voltage_v(parameters: CellParameters, state: CellState, current_a: float) -> float:
    """Voltage at the terminals while `current_a` flows."""
    drop_v = current_a * parameters.series_resistance_ohm * resistance_factor(parameters, state)
    return open_circuit_voltage_v(soc(parameters, state)) + state.polarisation_v + drop_v


def aged(parameters: CellParameters, state: CellState, moved_as: float, seconds: float) -> float:
    """Capacity lost (fraction) after `moved_as` more ampere-seconds of throughput in `seconds`.

    The law is not linear in throughput, so the loss so far is first turned into the throughput that would have caused
    it at the present temperature; the step continues from there. Loss never shrinks.
    """
    if moved_as == 0 or parameters.ageing_factor == 0:
        return state.capacity_loss
    c_rate = moved_as / seconds / parameters.capacity_ah
    activation = 31_700 - 370.3 * min(c_rate, 10.0)
    kelvin = state.temperature_c + ZERO_CELSIUS_K
    rate = parameters.ageing_factor * 316.30 * math.exp(-activation / (GAS_CONSTANT_J_PER_MOL_K * kelvin))
    equivalent_ah = math.pow(state.capacity_loss / rate, 1 / 0.55)
    step_ah = moved_as / 3600 * 2.2 / parameters.capacity_ah
    return max(state.capacity_loss, min(0.8, rate * math.pow(equivalent_ah + step_ah, 0.55)))


def stepped(
    parameters: CellParameters, state: CellState, current_a: float, ambient_c: float, seconds: float
) -> CellState:
    """The cell `seconds` later, the current being constant meanwhile.

    Polarisation and temperature follow their exact exponentials, so no step length is unstable; resistance and age are
    those of the step's beginning. Heat is what the two resistances dissipate (the RC pair's capacitor stores the rest).
    """
    factor = resistance_factor(parameters, state)
    time_constant_s = parameters.polarisation_time_constant_s
    polarisation_ohm = parameters.polarisation_resistance_ohm * factor
    decay = math.exp(-seconds / time_constant_s)
    settled_v = current_a * polarisation_ohm
    off_v = state.polarisation_v - settled_v
    square_v2s = (
        settled_v**2 * seconds
        + 2 * settled_v * off_v * time_constant_s * (1 - decay)
        + off_v**2 * time_constant_s / 2 * (1 - decay**2)
    )
    heat_j = current_a**2 * parameters.series_resistance_ohm * factor * seconds + square_v2s / polarisation_ohm
    target_c = ambient_c + heat_j / seconds * parameters.thermal_resistance_k_per_w
    thermal_time_s = parameters.thermal_resistance_k_per_w * parameters.heat_capacity_j_per_k
    temperature_c = target_c + (state.temperature_c - target_c) * math.exp(-seconds / thermal_time_s)
    moved_as = abs(current_a) * seconds
    return CellState(
        charge_as=state.charge_as + current_a * seconds,
        polarisation_v=settled_v + off_v * decay,
        temperature_c=temperature_c,
        capacity_loss=aged(parameters, state, moved_as, seconds),
        throughput_as=state.throughput_as + moved_as,
        heat_generated_j=state.heat_generated_j + heat_j,
        heat_shed_j=state.heat_shed_j
        + heat_j
        - parameters.heat_capacity_j_per_k * (temperature_c - state.temperature_c),
    )
