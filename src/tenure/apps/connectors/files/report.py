"""The file that lists every problem: a CSV a spreadsheet opens as it is. Hides the protection against formulas."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from tenure.apps.connectors.files.problems import Problem

_HEADINGS = (
    _("File"),
    _("Row"),
    _("Heading"),
    _("Column"),
    _("Value"),
    _("Severity"),
    _("Code"),
    _("Message"),
    _("Remedy"),
)
_SEVERITIES = {"error": _("error"), "warning": _("warning")}
_RISKY = ("=", "+", "-", "@", "\t", "\r")


def safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula: texts that begin like one get an apostrophe in front."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_RISKY) else text


class Report:
    """Writes problems as they are found, in the active language; the file appears under its name when it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._stream = self._part.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._stream)
        self._writer.writerow([gettext(h) for h in _HEADINGS])

    def add(self, problem: Problem) -> None:
        message, fix = problem.sentences()
        severity = gettext(_SEVERITIES[problem.severity])
        cells = (problem.file, problem.row, problem.heading, problem.column, problem.value, severity)
        self._writer.writerow([safe(c) for c in (*cells, problem.code, message, fix)])

    def finish(self) -> Path:
        self._stream.close()
        self._part.replace(self.path)
        return self.path

    def discard(self) -> None:
        """Leave no file behind."""
        self._stream.close()
        self._part.unlink(missing_ok=True)
