"""Acquisition: where accounts come from, before they are accounts."""
