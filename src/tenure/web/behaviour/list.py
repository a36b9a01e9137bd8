"""The pages of behaviour there are: each has an address, a file, a question, and people behind its figures."""

from __future__ import annotations

from collections.abc import Mapping

from tenure.web.behaviour import funnels, paths, trends
from tenure.web.behaviour.sheet import Sheet

SHEETS: Mapping[str, Sheet] = {sheet.name: sheet for sheet in (funnels.SHEET, trends.SHEET, paths.SHEET)}
"""By the name of their route."""
