"""The simulated firm as a source: its tables as files. Hides parts, row groups and unfinished files."""

from tenure.apps.connectors.simulation.files import TRUTHS, Summary, write_firm

__all__ = ["TRUTHS", "Summary", "write_firm"]
