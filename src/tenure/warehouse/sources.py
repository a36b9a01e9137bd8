"""Rows in every form they may be handed over in, as named columns. Hides files, frames and ragged dicts.

A column is an Arrow array where the input was typed, or a list of cells where it was not. Nothing is interpreted here:
`ingest` reads the cells. Files are read simply; mapped and checked imports with a preview have their own door.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from tenure.core.errors import LoadRefused

LARGEST_WORKBOOK = 1 << 30

Cells: TypeAlias = "pa.ChunkedArray | list[Any]"


def columns_of(rows: Any) -> tuple[dict[str, Cells], int]:
    """(column name -> cells, number of rows) of a path, an Arrow table, a frame, or an iterable of dicts."""
    if isinstance(rows, str | Path):
        rows = _read(Path(rows))
    if isinstance(rows, Mapping):
        raise LoadRefused(
            "load.not_rows", "A single dict is not a list of rows.", fix="Put the row into a list: [row].", rows="dict"
        )
    if isinstance(rows, pa.RecordBatch):
        rows = pa.Table.from_batches([rows])
    if not isinstance(rows, pa.Table):
        rows = _arrow_of(rows)
    if isinstance(rows, pa.Table):
        if len(set(rows.column_names)) < rows.num_columns:
            rows = rows.rename_columns(_unique(rows.column_names))
        return dict(zip(rows.column_names, rows.columns, strict=True)), rows.num_rows
    return _columns_of_dicts(rows)


def _arrow_of(rows: Any) -> Any:
    """A frame as an Arrow table; anything else as it is."""
    if type(rows).__module__.split(".")[0] == "pandas":
        try:
            return pa.Table.from_pandas(rows, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # columns of mixed types: cell by cell
            missing = rows.isna()
            return [
                {str(name): None if missing.at[i, name] else rows.at[i, name] for name in rows.columns}
                for i in rows.index
            ]
    if hasattr(rows, "__arrow_c_stream__"):
        return pa.table(rows)
    return rows


def _columns_of_dicts(rows: Any) -> tuple[dict[str, Cells], int]:
    if isinstance(rows, bytes) or not isinstance(rows, Iterable):
        raise LoadRefused(
            "load.not_rows",
            f"{type(rows).__name__} is not something rows can be read from.",
            fix="Hand over a list of dicts, an Arrow table, a frame, or the path of a file.",
            rows=type(rows).__name__,
        )
    columns: dict[str, Cells] = {}
    count = 0
    for row in rows:
        if not isinstance(row, Mapping):
            raise LoadRefused(
                "load.not_a_row",
                f"Row {count + 1} is not a dict but {type(row).__name__}.",
                fix="Hand over one dict per row.",
                row=count + 1,
            )
        for name, cell in row.items():
            cells = columns.get(name)
            if cells is None:
                cells = columns[name] = []
            if len(cells) < count:
                cells.extend([None] * (count - len(cells)))
            cells.append(cell)
        count += 1
    for cells in columns.values():
        cells.extend([None] * (count - len(cells)))
    named: dict[str, Cells] = {}
    for name, cells in zip(_unique([str(name) for name in columns]), columns.values(), strict=True):
        named[name] = cells
    return named, count


def _unique(names: list[str]) -> list[str]:
    """Repeated names get a number, so that no column is lost."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return found


def _read(path: Path) -> Any:
    if not path.is_file():
        raise LoadRefused("load.no_file", f"There is no file {path}.", fix="Check the path.", path=str(path))
    suffix = "".join(path.suffixes[-2:]).lower() if path.suffix.lower() == ".gz" else path.suffix.lower()
    reader = {
        ".csv": _read_csv,
        ".csv.gz": _read_csv,
        ".tsv": _read_csv,
        ".xlsx": _read_xlsx,
        ".parquet": _read_parquet,
        ".jsonl": _read_jsonl,
        ".jsonl.gz": _read_jsonl,
        ".ndjson": _read_jsonl,
    }.get(suffix)
    if reader is None:
        raise LoadRefused(
            "load.unknown_file",
            f"{path.name} is not a kind of file that can be loaded.",
            fix="Save it as .csv, .csv.gz, .tsv, .xlsx, .parquet or .jsonl.",
            path=str(path),
        )
    try:
        return reader(path)
    except (pa.ArrowInvalid, ValueError, OSError, RecursionError) as error:
        raise LoadRefused(
            "load.unreadable_file",
            f"{path.name} cannot be read: {error}",
            fix="Save the file again as UTF-8 CSV or XLSX, or use `tenure import`, which finds encodings itself.",
            path=str(path),
        ) from error


def _read_csv(path: Path) -> pa.Table:
    """Every cell as text, so that nothing is guessed about numbers and days."""
    from pyarrow import csv

    with pa.input_stream(str(path), compression="detect") as stream:
        header = stream.read(1 << 20)
    line = header.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    separator = max((",", ";", "\t", "|"), key=lambda mark: line.count(mark.encode()))
    parse = csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    with pa.input_stream(str(path), compression="detect") as stream:
        names = csv.open_csv(stream, parse_options=parse).schema.names
    types = dict.fromkeys(names, pa.string())
    convert = csv.ConvertOptions(
        column_types=types, strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=True
    )
    with pa.input_stream(str(path), compression="detect") as stream:
        return csv.read_csv(stream, parse_options=parse, convert_options=convert)


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    return pq.read_table(path)


def _read_xlsx(path: Path) -> list[dict[str, Any]]:
    """The first sheet; its first row names the columns."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > LARGEST_WORKBOOK:
                raise ValueError("it unpacks to more than 1 GB")
        book = CalamineWorkbook.from_path(str(path))
        grid = book.get_sheet_by_index(0).to_python(skip_empty_area=True)
    except (CalamineError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error
    if not grid:
        return []
    names = _unique([str(cell).strip() or f"column {n + 1}" for n, cell in enumerate(grid[0])])
    return [dict(zip(names, row, strict=False)) for row in grid[1:] if any(cell != "" for cell in row)]


def _read_jsonl(path: Path) -> list[Any]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig") as lines:
        return [json.loads(line, parse_float=Decimal) for line in lines if line.strip()]
