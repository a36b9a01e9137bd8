"""The rows an import refuses, as they stood in the file, with what is wrong: kept to be repaired, in a file or a page.

They lie beside the report as JSON Lines, the headings first, and become sentences in the language of their reader. A
file of them that comes back repaired is known by two columns of its own: they are no data, and by them a row keeps the
number it had in the first file.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from tenure.apps.connectors.files.problems import Problem

ROW, PROBLEM = _("Tenure row"), _("Tenure problem")
_ROW_NAMES = frozenset({"tenure row", "tenure 行号"})
_PROBLEM_NAMES = frozenset({"tenure problem", "tenure 问题"})
"""The two columns in every language they are written in."""
_ROW_NUMBER = re.compile(r"[0-9]{1,9}")
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+\-]?[0-9][0-9 ().,\-]*$|[\-]+$")
QUOTED_FORMULA = r"^'([=+\-@\t\r])"
"""What `protected` made of a text that begins like a formula."""


@dataclass(frozen=True, slots=True)
class Reject:
    """One refused row: its number in the file, its cells in the order of the headings, and what is wrong with it."""

    row: int
    cells: tuple[str, ...]
    problems: tuple[Problem, ...]


class Writer:
    """Writes refused rows as they are found; the file appears when it is whole, and only if there are any."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._stream = self._part.open("w", encoding="utf-8")
        self._own: frozenset[int] = frozenset()
        self._row_place: int | None = None
        self._count = 0

    def begin(self, headings: Sequence[str]) -> None:
        self._own, self._row_place = own_places(headings), row_place(headings)
        self._line({"headings": self._data(headings)})

    def add(self, row: int, cells: Sequence[str | None], problems: Sequence[Problem]) -> None:
        texts = [cell or "" for cell in cells]
        if self._row_place is not None and self._row_place < len(texts):
            first = texts[self._row_place]
            row = int(first) if _ROW_NUMBER.fullmatch(first) else row
        self._line({"row": row, "cells": self._data(texts), "problems": [p.kept() for p in problems]})
        self._count += 1

    def _data(self, cells: Sequence[str]) -> list[str]:
        """The cells without those of our own columns."""
        return [cell for place, cell in enumerate(cells) if place not in self._own]

    def _line(self, values: Mapping[str, Any]) -> None:
        self._stream.write(json.dumps(values, ensure_ascii=False, default=str) + "\n")

    def finish(self) -> None:
        self._stream.close()
        if self._count:
            self._part.replace(self.path)
        else:
            self._part.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave no file behind."""
        self._stream.close()
        self._part.unlink(missing_ok=True)


def headings(path: Path) -> list[str]:
    """The headings of the file the rows come from; none where no row was refused."""
    try:
        with path.open(encoding="utf-8") as stream:
            return list(json.loads(stream.readline())["headings"])
    except FileNotFoundError:
        return []


def rows(path: Path) -> Iterator[Reject]:
    """The refused rows, in the order in which they were found."""
    try:
        with path.open(encoding="utf-8") as stream:
            stream.readline()
            for line in stream:
                found = json.loads(line)
                problems = tuple(Problem(**kept) for kept in found["problems"])
                yield Reject(found["row"], tuple(found["cells"]), problems)
    except FileNotFoundError:
        return


def as_csv(path: Path) -> Iterator[str]:
    """The refused rows as a CSV file, piece by piece, with what is wrong in the reader's language."""
    heads = headings(path)
    yield "\ufeff" + _written([gettext(ROW), *heads, gettext(PROBLEM)])
    for reject in rows(path):
        cells = [*reject.cells, *[""] * (len(heads) - len(reject.cells))][: max(len(heads), len(reject.cells))]
        said = " ".join(" ".join(p.sentences()) for p in reject.problems)
        yield _written([str(reject.row), *(protected(cell) for cell in cells), said])


def repaired(heads: Sequence[str], lines: Sequence[tuple[int, Sequence[str]]]) -> bytes:
    """Rows that were repaired in the page, as a file to import."""
    text = _written([ROW, *heads])
    text += "".join(_written([str(row), *(protected(cell) for cell in cells)]) for row, cells in lines)
    return text.encode("utf-8-sig")


def protected(text: str) -> str:
    """A cell that no spreadsheet takes for a formula. Numbers stay as they are, and reading it again undoes it."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def row_place(heads: Sequence[str]) -> int | None:
    """Which column holds the rows' first numbers, in a file of refused rows that comes back."""
    return next((i for i, heading in enumerate(heads) if _name(heading) in _ROW_NAMES), None)


def own_places(heads: Sequence[str]) -> frozenset[int]:
    """The columns that are ours and no data."""
    return frozenset(i for i, heading in enumerate(heads) if _name(heading) in _ROW_NAMES | _PROBLEM_NAMES)


def _name(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def _written(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
