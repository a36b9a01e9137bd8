"""CSV, TSV and their kin. Hides quoting, encodings and the counting of rows; holds one batch of rows at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import numpy as np

from tenure.apps.connectors.files.headings import known_headings
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.problems import ImportRefused, Problem, shown
from tenure.apps.connectors.files.readers import Batch, Facts, Tell, columns_of
from tenure.apps.connectors.files.sniff import (
    SEPARATORS,
    checked_encoding,
    checked_separator,
    sniff_encoding,
    sniff_separator,
)
from tenure.apps.connectors.files.source import Source

_SAMPLE = 64 * 1024
_TITLE_ROWS = 20


class DelimitedReader:
    """A text table. Its headings are the first row that has as many cells as the table is wide."""

    def __init__(
        self,
        source: Source,
        limits: Limits,
        encoding: str | None = None,
        separator: str | None = None,
        heading_row: int | None = None,
    ) -> None:
        self._source, self._limits = source, limits
        self._record = ""
        """the first line of the record that is read"""
        self._encoding = checked_encoding(encoding) if encoding else sniff_encoding(source)
        sample = self._text().read(_SAMPLE)
        if separator:
            self._separator = checked_separator(separator)
        else:
            lines = sample.splitlines(keepends=True)
            whole = "".join(lines[:-1]) if len(lines) > 1 and len(sample) == _SAMPLE else sample
            self._separator = sniff_separator(whole)
        name = next(n for n, s in SEPARATORS.items() if s == self._separator)
        self.facts = Facts("csv", encoding=self._encoding.replace("utf-8-sig", "utf-8"), separator=name)
        self.total = source.size
        self.headings, self._heading_row = self._read_headings(heading_row)

    def _text(self) -> io.TextIOWrapper:
        return self._source.text("utf-8-sig" if self._encoding == "utf-8" else self._encoding)

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        limit = self._limits.line_characters
        self._lines_read = 0
        while line := text.readline(limit + 1):
            self._lines_read += 1
            if not self._record:
                self._record = line
            if len(line) > limit:
                raise ImportRefused("import.line_too_long", file=self._source.name, row=self._lines_read, limit=limit)
            yield line

    def _records(self, text: io.TextIOWrapper, tell: Tell) -> Iterator[tuple[int, list[str]]]:
        """(row number, cells) of every record that can be split into cells."""
        reader = csv.reader(self._lines(text), delimiter=self._separator, strict=True)
        row = 0
        while True:
            row += 1
            self._record = ""
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field limit" in str(error):
                    raise ImportRefused(
                        "import.cell_too_long", file=self._source.name, row=row, limit=csv.field_size_limit()
                    ) from error
                code = "import.open_quote" if "unexpected end" in str(error) else "import.bad_quote"
                tell(Problem(code, row=row, cells=tuple(self._record.rstrip("\r\n").split(self._separator))))
                continue
            yield row, cells

    def _read_headings(self, wanted: int | None) -> tuple[list[str], int]:
        """The headings: the row asked for, else the first row with cells, past title lines of a single cell."""
        first: tuple[int, list[str]] | None = None
        for row, cells in self._records(self._text(), lambda _problem: None):
            filled = sum(1 for c in cells if c.strip())
            if filled == 0 or (wanted is not None and row < wanted):
                continue
            if first is None or filled > 1:
                first = row, cells
            title = wanted is None and filled == 1 and known_headings(cells[0], self._separator) == 0
            if not title or row > _TITLE_ROWS:
                break
        if first is None:
            raise ImportRefused("import.no_heading", file=self._source.name)
        row, cells = first
        while len(cells) > 1 and not cells[-1].strip():
            cells.pop()
        if len(cells) > self._limits.columns:
            raise ImportRefused(
                "import.too_many_columns", file=self._source.name, count=len(cells), limit=self._limits.columns
            )
        return [c.strip() for c in cells], row

    def batches(self, tell: Tell) -> Iterator[Batch]:
        text = self._text()
        width, limit = len(self.headings), self._limits.batch_rows
        rows: list[list[str]] = []
        numbers: list[int] = []
        for row, cells in self._records(text, tell):
            if row <= self._heading_row or not cells:
                continue
            if len(cells) != width:
                if not any(cells):
                    continue
                if len(cells) > width and not any(c.strip() for c in cells[width:]):
                    cells = cells[:width]  # noqa: PLW2901
                else:
                    code = "import.too_few_cells" if len(cells) < width else "import.too_many_cells"
                    value = shown(self._separator.join(cells))
                    detail = {"count": len(cells), "expected": width}
                    tell(Problem(code, row=row, value=value, detail=detail, cells=tuple(cells)))
                    continue
            rows.append(cells)
            numbers.append(row)
            if len(rows) == limit:
                yield Batch(columns_of(rows, width), np.array(numbers, np.int64), self._source.stream.tell())
                rows, numbers = [], []
        if rows:
            yield Batch(columns_of(rows, width), np.array(numbers, np.int64), self._source.size)
