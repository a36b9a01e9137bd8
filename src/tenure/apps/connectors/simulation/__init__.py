"""The simulated firm as a source: its tables as files. Hides parts, row groups and unfinished files."""

from tenure.apps.connectors.simulation.files import KINDS, TRUTHS, Summary, write_firm

__all__ = ["KINDS", "TRUTHS", "Summary", "write_firm"]
