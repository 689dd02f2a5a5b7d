"""The simulator: an item's data run through every branch and flavour before it is published."""

from models.rules.simulation.report import report
from models.rules.simulation.run import Branch, Due, Simulation, Walk, simulate
from models.rules.simulation.ways import Flavour, Step

__all__ = ["Branch", "Due", "Flavour", "Simulation", "Step", "Walk", "report", "simulate"]
