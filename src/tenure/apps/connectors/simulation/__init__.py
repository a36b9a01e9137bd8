"""The simulated firm as a source: its tables as files. Hides parts, row groups and unfinished files."""

from tenure.apps.connectors.simulation.files import TRUTHS, Summary, write_firm
from tenure.apps.connectors.simulation.sample import KINDS

__all__ = ["KINDS", "TRUTHS", "Summary", "write_firm"]
