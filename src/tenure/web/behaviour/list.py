"""The pages that ask one question: each has an address, a file, and who or what is behind its figures."""

from __future__ import annotations

from collections.abc import Mapping

from tenure.web.acquisition import attribution, cac, channels
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
        channels.SHEET,
        cac.SHEET,
        attribution.SHEET,
    )
}
"""By the name of their route."""
