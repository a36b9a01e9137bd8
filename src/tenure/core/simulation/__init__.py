"""A firm that lives: simulated customers with known causes, to judge advice by.

docs/explanation/simulated-firm.md tells its rules.
"""

from tenure.core.simulation.firm import Departure, Firm, Rescue, Written
from tenure.core.simulation.interventions import Intervention
from tenure.core.simulation.journal import SHAPES
from tenure.core.simulation.scenario import Scenario
from tenure.core.simulation.truths import rules, truths
from tenure.core.simulation.usage import SCHEMA as EVENTS_SCHEMA

__all__ = [
    "EVENTS_SCHEMA",
    "SHAPES",
    "Departure",
    "Firm",
    "Intervention",
    "Rescue",
    "Scenario",
    "Written",
    "rules",
    "truths",
]
