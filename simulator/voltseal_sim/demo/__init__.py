"""The demonstration: the main job on emulated packs, then the attacks that it must withstand, carried out for real.

story      the acts in their order, and what must come out
attacks    what an attacker on the network, in the gateway or with the log's key does
telling    how it is told: lines for a person, data for a program
"""

from voltseal_sim.demo.story import DemoSettings, run_demo
from voltseal_sim.demo.telling import AttackReport, DemoReport, Teller, to_json

__all__ = ["AttackReport", "DemoReport", "DemoSettings", "Teller", "run_demo", "to_json"]
