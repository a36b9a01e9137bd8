"""The simulated firm as a source: its tables as files. Hides parts, row groups and unfinished files."""

from tenure.apps.connectors.simulation.catalogue import describe_events
from tenure.apps.connectors.simulation.events import load_events
from tenure.apps.connectors.simulation.files import KINDS, TRUTHS, Summary, write_firm

__all__ = ["KINDS", "TRUTHS", "Summary", "describe_events", "load_events", "write_firm"]
