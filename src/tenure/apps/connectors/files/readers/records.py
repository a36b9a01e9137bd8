"""JSON Lines: one object per line, nested pauses and schedules included. Numbers keep the digits as written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.problems import ImportRefused, Problem, shown
from tenure.apps.connectors.files.readers import Batch, Facts, Tell
from tenure.apps.connectors.files.sniff import bom, checked_encoding
from tenure.apps.connectors.files.source import Source

_LOOK = 1_000
_EXAMPLE = '{"account_id": "A1"}'


class RecordsReader:
    """A file of JSON objects. Its headings are the fields of the first thousand objects, in order of appearance."""

    def __init__(self, source: Source, limits: Limits, encoding: str | None) -> None:
        self._source, self._limits = source, limits
        self._encoding = checked_encoding(encoding) if encoding else bom(source.head(8)) or "utf-8"
        self.facts = Facts("jsonl", encoding=self._encoding.replace("utf-8-sig", "utf-8"))
        self.total = source.size
        fields: dict[str, None] = {}
        for row, record in self._records(lambda _problem: None):
            fields.update(dict.fromkeys(record))
            if len(fields) > limits.columns:
                raise ImportRefused(
                    "import.too_many_columns", file=source.name, count=len(fields), limit=limits.columns
                )
            if row > _LOOK:
                break
        if not fields:
            raise ImportRefused("import.no_heading", file=source.name)
        self.headings = list(fields)

    def _records(self, tell: Tell) -> Iterator[tuple[int, dict[str, Any]]]:
        text = self._source.text(self._encoding, newline="\n")
        limit, row = self._limits.line_characters, 0
        while line := text.readline(limit + 1):
            row += 1
            if len(line) > limit:
                raise ImportRefused("import.line_too_long", file=self._source.name, row=row, limit=limit)
            line = line.strip("\ufeff \t\r\n")
            if not line:
                continue
            try:
                record = _DECODER.decode(line)
                if not isinstance(record, dict):
                    raise ValueError("not an object")
            except (ValueError, RecursionError) as error:
                detail = {"detail": shown(error), "example": _EXAMPLE}
                tell(Problem("import.bad_line", row=row, value=shown(line), detail=detail, cells=(line,)))
                continue
            yield row, record

    def batches(self, tell: Tell) -> Iterator[Batch]:
        known = dict.fromkeys(self.headings)
        late: set[str] = set()
        columns: list[list[str | None]] = [[] for _ in known]
        numbers: list[int] = []
        for row, record in self._records(tell):
            for name in record.keys() - known.keys() - late:
                if len(late) < self._limits.columns:
                    late.add(name)
                    tell(Problem("import.late_column", row=row, heading=name, detail={"heading": shown(name)}))
            try:
                cells = [as_cell(record.get(name)) for name in known]
            except RecursionError:
                detail = {"detail": "nested too deeply", "example": _EXAMPLE}
                tell(Problem("import.bad_line", row=row, detail=detail))
                continue
            if all(c is None for c in cells):
                continue
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell)
            numbers.append(row)
            if len(numbers) == self._limits.batch_rows:
                yield self._batch(columns, numbers, self._source.stream.tell())
                columns, numbers = [[] for _ in known], []
        if numbers:
            yield self._batch(columns, numbers, self._source.size)

    @staticmethod
    def _batch(columns: list[list[str | None]], numbers: list[int], position: int) -> Batch:
        return Batch([pa.array(c, pa.string()) for c in columns], np.array(numbers, np.int64), position)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a field is given twice")
    return record


def _number(text: str) -> Decimal:
    if len(text) > 100:
        raise ValueError("a number has more than 100 digits")
    return Decimal(text)


def _refused(text: str) -> Any:
    raise ValueError(f"{text} is no number")


_DECODER = json.JSONDecoder(parse_float=_number, parse_int=_number, parse_constant=_refused, object_pairs_hook=_pairs)


def as_cell(value: Any) -> str | None:
    """A JSON value as the text a cell would hold; lists and objects stay JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal | int | float):
        return str(value)
    return _clean(json.dumps(value, ensure_ascii=False, default=str))


def _clean(text: str) -> str:
    """Half of a surrogate pair is no character: it is marked as a damaged one."""
    return text.encode("utf-8", "replace").decode() if any("\ud800" <= c <= "\udfff" for c in text) else text
