"""Readers: a file of any format as batches of text columns with the row each line came from. One module per format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.apps.connectors.files.problems import Problem

Rows = npt.NDArray[np.int64]
Tell = Callable[[Problem], None]
"""What a reader calls with a row it cannot read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: one text column per heading, and each row's number in the file as a spreadsheet counts it."""

    columns: list[pa.Array]
    rows: Rows
    position: int
    """how far into the file the reader is, in bytes of `total` (or rows, for formats that know their rows)"""


@dataclass(slots=True)
class Facts:
    """What was found out about a file: shown in the preview."""

    format: str
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    sheets: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "encoding": self.encoding,
            "separator": self.separator,
            "sheet": self.sheet,
            "sheets": self.sheets,
        }


class Reader(Protocol):
    """One opened file."""

    facts: Facts
    headings: list[str]
    total: int

    def batches(self, tell: Tell) -> Iterator[Batch]:
        """The rows in order. Rows that cannot be read are told and left out."""
        ...


def columns_of(rows: list[list[str]], width: int) -> list[pa.Array]:
    """Rows of equal width as text columns."""
    if not rows:
        return [pa.array([], pa.string()) for _ in range(width)]
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]


def place_name(index: int) -> str:
    """The letter of a column without heading, as in a spreadsheet: A, B, ... AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
