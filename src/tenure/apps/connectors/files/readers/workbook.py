"""XLSX workbooks. Hides the checks that keep a hostile one from filling the memory, and the typing of cells.

A workbook is a zip of XML. Before it is parsed, its directory is checked (entries, unpacked size, ratio) and every part
is read once as a stream: every cell's address must be a place in a sheet, and the used range must fit. The same pass
finds cells whose value is an error (#N/A) or a formula without a stored result: the parser reads both as empty.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from tenure.apps.connectors.files.headings import known_headings
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.problems import ImportRefused, Problem
from tenure.apps.connectors.files.readers import Batch, Facts, Tell, columns_of
from tenure.apps.connectors.files.source import Source

_CHUNK = 1 << 20
_TITLE_ROWS = 20
_TAG = re.compile(rb"""<(?:\w+:)?(row|c)\b((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>""")
_ADDRESS = re.compile(rb"""\sr\s*=\s*["']([^"']*)["']""")
_PLACE = re.compile(rb"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ROW_NUMBER = re.compile(rb"[1-9][0-9]{0,6}")
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_TEXT = re.compile(rb"""\st\s*=\s*["']str["']""")
_FORMULA_ALONE = (
    rb"\s*<(?:\w+:)?f\b[^<>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>|</(?:\w+:)?c>)"
)
"""A formula with no stored result behind it."""
_NO_VALUE = re.compile(_FORMULA_ALONE)
_LOOKAHEAD = 4096
_ANY = re.compile(rb"<(?:\w+:)?(?:row|c)\b")
_PLAIN_ROW = re.compile(rb"""<(?:\w+:)?row r="([1-9][0-9]{0,6})"(?: (?!r=)[A-Za-z:]+="[^"<>]*")*\s*/?>""")
_PLAIN_CELL = re.compile(
    rb"""<(?:\w+:)?c r="([A-Z]{1,3})([1-9][0-9]{0,6})"(?: (?:s|cm|vm)="[0-9]+"| t="[a-zA-Z]+")*\s*/?>"""
)
_FORMULA_CELL = re.compile(
    rb"""<(?:\w+:)?c r="([A-Z]+[0-9]+)"((?: (?:s|cm|vm)="[0-9]+"| t="[a-zA-Z]+")*)>""" + _FORMULA_ALONE
)
_ERROR_CELL = re.compile(rb"""<(?:\w+:)?c r="([A-Z]+[0-9]+)"((?: (?:s|cm|vm)="[0-9]+")*) t="e"[^<>/]*>""")


_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    KeyError,
    IndexError,
    OverflowError,
    RuntimeError,
    ValueError,
    NotImplementedError,
    struct.error,
)
"""What Python's zip reader raises on a broken or hostile archive."""


@contextmanager
def _parsing(name: str) -> Iterator[None]:
    """Calls into the parser; a panic of its native code is a BaseException of its own and means a damaged file."""
    from python_calamine import CalamineError, PasswordError

    try:
        yield
    except PasswordError as error:
        raise ImportRefused("import.old_workbook", file=name) from error
    except (CalamineError, OSError, ValueError, MemoryError, OverflowError) as error:
        raise ImportRefused("import.damaged", file=name, detail=str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise ImportRefused("import.damaged", file=name, detail="its XML contradicts itself") from error


class _Scan:
    """One XML part read as a stream: refuses addresses that are none, and notes cells that would be read as empty."""

    def __init__(self, reader: WorkbookReader, part: str) -> None:
        self._name, self._limits, self._part = reader._source.name, reader._limits, part
        self._rest = b""
        self._row = self._column = 0
        self._low = (1 << 30, 1 << 30)
        self._high = (0, 0)
        self.flaws: dict[tuple[int, int], str] = {}

    def size(self) -> tuple[int, int, int]:
        """Last row, last column, and the cells of the range in between that the parser would hold."""
        height, width = self._high[0] - self._low[0] + 1, self._high[1] - self._low[1] + 1
        return *self._high, max(height, 0) * max(width, 0)

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        if b"\x00" in chunk and self._part.startswith("xl/worksheets/"):
            raise ImportRefused("import.damaged", file=self._name, detail=f"{self._part}: NUL")
        text = self._rest + chunk
        cut = len(text) if last else max(text.rfind(b"<", 0, max(len(text) - _LOOKAHEAD, 0)), 0)
        if len(text) - cut > 4 * _CHUNK:
            raise ImportRefused("import.damaged", file=self._name, detail=f"{self._part}: a tag without end")
        if not self._plain(text, cut):
            self._each(text, cut)
        self._rest = text[cut:]

    def _plain(self, text: bytes, cut: int) -> bool:
        """Take in the tags as spreadsheet programs write them, all at once; False if any is written otherwise."""
        rows, cells = _PLAIN_ROW.findall(text, 0, cut), _PLAIN_CELL.findall(text, 0, cut)
        if len(rows) + len(cells) != len(_ANY.findall(text, 0, cut)):
            return False
        if cells:
            columns = [self._place(letters + b"1")[1] for letters in {letters for letters, _digits in cells}]
            numbers = [self._row_at(digits) for digits in {digits for _letters, digits in cells}]
            self._low = min(self._low[0], *numbers), min(self._low[1], *columns)
            self._high = max(self._high[0], *numbers), max(self._high[1], *columns)
        if rows:
            self._row = max(self._row_at(digits) for digits in set(rows))
        for pattern, code in ((_ERROR_CELL, "import.error_cell"), (_FORMULA_CELL, "import.formula_without_value")):
            for found in pattern.finditer(text):
                if len(self.flaws) < self._limits.error_cells and not _TEXT.search(found[2]):
                    self.flaws[self._place(found[1])] = code
        return True

    def _each(self, text: bytes, cut: int) -> None:
        """Take in the tags one by one, however they are written."""
        for tag in _TAG.finditer(text, 0, cut):
            attributes = b" " + tag[2]
            address = _ADDRESS.search(attributes)
            if tag[1] == b"row":
                self._row, self._column = self._row + 1, 0
                if address is not None:
                    self._row = self._row_at(address[1])
                continue
            self._column += 1
            if address is not None:
                self._row, self._column = self._place(address[1])
            self._low = min(self._low[0], self._row), min(self._low[1], self._column)
            self._high = max(self._high[0], self._row), max(self._high[1], self._column)
            if not attributes.endswith(b"/") and len(self.flaws) < self._limits.error_cells:
                if _ERROR.search(attributes):
                    self.flaws[(self._row, self._column)] = "import.error_cell"
                elif not _TEXT.search(attributes) and _NO_VALUE.match(text, tag.end()):
                    self.flaws[(self._row, self._column)] = "import.formula_without_value"

    def _row_at(self, value: bytes) -> int:
        if not _ROW_NUMBER.fullmatch(value) or int(value) > self._limits.workbook_rows:
            raise ImportRefused("import.cell_address", sheet=self._part, value=value.decode("latin-1"))
        return int(value)

    def _place(self, value: bytes) -> tuple[int, int]:
        match = _PLACE.fullmatch(value)
        column = 0
        if match is not None:
            for letter in match[1]:
                column = column * 26 + letter - 64
        if match is None or int(match[2]) > self._limits.workbook_rows or column > self._limits.workbook_columns:
            raise ImportRefused("import.cell_address", sheet=self._part, value=value.decode("latin-1"))
        return int(match[2]), column


class WorkbookReader:
    """One sheet of a workbook. The parser holds the sheet in memory; `Limits.workbook_cells` bounds it."""

    def __init__(
        self,
        source: Source,
        limits: Limits,
        sheet: str | None = None,
        heading_row: int | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        from python_calamine import CalamineWorkbook

        self._source, self._limits, self._check = source, limits, check
        self._flaws: dict[str, dict[tuple[int, int], str]] = {}
        self._sizes: dict[str, tuple[int, int, int]] = {}
        archive = self._check_archive()
        with _parsing(source.name):
            book = CalamineWorkbook.from_filelike(source.rewind())
            names = list(book.sheet_names)
        if not names:
            raise ImportRefused("import.no_heading", file=source.name)
        chosen = self._choose(names, sheet)
        part = _part_of(archive, names.index(chosen))
        self._check_size(part, chosen)
        with _parsing(source.name):
            self._table = book.get_sheet_by_name(chosen)
        self._first_row, self._first_column = self._table.start or (0, 0)
        self._flawed = self._flaws.get(part or "", {})
        self.facts = Facts("xlsx", sheet=chosen, sheets=names)
        self.total = self._table.height
        self.headings, self._heading_row = self._read_headings(heading_row)

    def _check_archive(self) -> zipfile.ZipFile:
        """The archive, after every entry was unpacked once: the directory may lie about sizes."""
        limits, name = self._limits, self._source.name
        try:
            archive = zipfile.ZipFile(self._source.rewind())
            entries = archive.infolist()
        except _BROKEN as error:
            raise ImportRefused("import.damaged", file=name, detail=f"zip: {error}") from error
        bomb = ImportRefused("import.unpacks_too_big", file=name, limit=limits.workbook_bytes, ratio=limits.pack_ratio)
        if len(entries) > limits.workbook_entries or sum(e.file_size for e in entries) > limits.workbook_bytes:
            raise bomb
        if any(e.file_size > limits.pack_floor and e.file_size > limits.pack_ratio * e.compress_size for e in entries):
            raise bomb
        left = limits.workbook_bytes
        for entry in entries:
            size = 0
            scan = _Scan(self, entry.filename) if entry.filename.endswith((".xml", ".bin")) else None
            if entry.filename.endswith("sharedStrings.xml"):
                scan = None
            for chunk in self._chunks(archive, entry):
                size += len(chunk)
                dense = size > limits.pack_floor and size > limits.pack_ratio * entry.compress_size
                if size > left or dense:
                    raise bomb
                if scan is not None:
                    scan.feed(chunk)
            left -= size
            if scan is not None:
                scan.feed(b"", last=True)
                self._flaws[entry.filename] = scan.flaws
                self._sizes[entry.filename] = scan.size()
        return archive

    def _chunks(self, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        try:
            with archive.open(entry) as stream:
                while chunk := stream.read(_CHUNK):
                    self._check()
                    yield chunk
        except _BROKEN as error:
            detail = f"{entry.filename}: {error}"
            raise ImportRefused("import.damaged", file=self._source.name, detail=detail) from error

    def _check_size(self, part: str | None, sheet: str) -> None:
        limits = self._limits
        sizes = [self._sizes[part]] if part in self._sizes else list(self._sizes.values())
        for rows, columns, cells in sizes:
            if rows > limits.workbook_rows or columns > limits.workbook_columns or cells > limits.workbook_cells:
                raise ImportRefused(
                    "import.sheet_too_large", sheet=sheet, rows=rows, columns=columns, limit=limits.workbook_cells
                )

    def _choose(self, names: list[str], wanted: str | None) -> str:
        if wanted is None:
            return names[0]
        if wanted in names:
            return wanted
        if wanted.isdigit() and 1 <= int(wanted) <= len(names):
            return names[int(wanted) - 1]
        raise ImportRefused("import.unknown_sheet", value=wanted, file=self._source.name, allowed=", ".join(names))

    def _read_headings(self, wanted: int | None) -> tuple[list[str], int]:
        first: tuple[int, list[str]] | None = None
        for index, cells in enumerate(self._table.iter_rows()):
            row = self._first_row + index + 1
            texts = [as_text(c).strip() for c in cells]
            filled = sum(1 for t in texts if t)
            if filled == 0 or (wanted is not None and row < wanted):
                continue
            if first is None or filled > 1:
                first = row, texts
            title = wanted is None and filled == 1 and known_headings("".join(texts), "\n") == 0
            if not title or index > _TITLE_ROWS:
                break
        if first is None:
            raise ImportRefused("import.no_heading", file=self._source.name)
        row, texts = first
        while len(texts) > 1 and not texts[-1]:
            texts.pop()
        if len(texts) > self._limits.columns:
            raise ImportRefused(
                "import.too_many_columns", file=self._source.name, count=len(texts), limit=self._limits.columns
            )
        return texts, row

    def batches(self, tell: Tell) -> Iterator[Batch]:
        width = len(self.headings)
        flawed: dict[int, list[tuple[int, str]]] = {}
        for (row, column), code in self._flawed.items():
            flawed.setdefault(row, []).append((column - 1 - self._first_column, code))
        rows: list[list[str]] = []
        numbers: list[int] = []
        for index, cells in enumerate(self._table.iter_rows()):
            row = self._first_row + index + 1
            if row <= self._heading_row:
                continue
            broken = [(at, code) for at, code in flawed.get(row, ()) if 0 <= at < width]
            texts = [as_text(c) for c in cells]
            for at, code in broken:
                tell(Problem(code, row=row, heading=self.headings[at], cells=tuple(texts[:width])))
            if broken or not any(texts):
                continue
            if len(texts) > width and any(t.strip() for t in texts[width:]):
                detail = {"count": len(texts), "expected": width}
                tell(Problem("import.too_many_cells", row=row, detail=detail, cells=tuple(texts)))
                continue
            rows.append(texts[:width] + [""] * (width - len(texts)))
            numbers.append(row)
            if len(rows) == self._limits.batch_rows:
                yield Batch(columns_of(rows, width), np.array(numbers, np.int64), index)
                rows, numbers = [], []
        if rows:
            yield Batch(columns_of(rows, width), np.array(numbers, np.int64), self.total)


def _part_of(archive: zipfile.ZipFile, index: int) -> str | None:
    """The XML part of the n-th sheet, by the workbook's own relations."""
    try:
        book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        links = archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")
    except _BROKEN:
        return None
    sheets = re.findall(r"<(?:\w+:)?sheet\b[^>]*?\b\w+:id\s*=\s*[\"']([^\"']+)", book)
    if index >= len(sheets):
        return None
    for link in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        if re.search(r"\bId\s*=\s*[\"']" + re.escape(sheets[index]) + r"[\"']", link):
            target = re.search(r"\bTarget\s*=\s*[\"']([^\"']+)", link)
            return None if target is None else "xl/" + re.sub(r"^/?(xl/)?", "", target[1])
    return None


def as_text(value: Any) -> str:
    """A cell as the text a person would have typed: 1250 for 1250.0, 2026-01-31 for a date."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return "" if value is None else str(value)
