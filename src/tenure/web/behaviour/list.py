"""The pages of behaviour there are: each has an address, a file, a question, and people behind its figures."""

from __future__ import annotations

from collections.abc import Mapping

from tenure.web.behaviour import features, funnels, lifecycle, paths, retained, sleepers, sticky, trends
from tenure.web.behaviour.sheet import Sheet

SHEETS: Mapping[str, Sheet] = {
    sheet.name: sheet
    for sheet in (
        funnels.SHEET,
        trends.SHEET,
        retained.SHEET,
        features.SHEET,
        lifecycle.SHEET,
        sleepers.SHEET,
        sticky.SHEET,
        sticky.SEATS,
        paths.SHEET,
    )
}
"""By the name of their route."""
