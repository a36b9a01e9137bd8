"""How tables leave the command line: aligned on the terminal, or as CSV, JSON or Parquet. Hides every such rule.

Figures are exact: rounded half to even to six places, trailing zeros beyond the second dropped on the terminal.
Text cells of a CSV that a spreadsheet would run as a formula are marked with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from tenure.config.texts import text as _
from tenure.core.errors import TenureError

FORMATS = ("table", "csv", "json", "parquet")
NOTHING = "–"
_WIDEST = 1_000_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell_text(value: Any, places: int = 2) -> str:
    """A value on the terminal, a decimal with so many places."""
    from tenure.warehouse.answer import edge

    if value is None:
        return NOTHING
    if isinstance(value, Decimal):
        return str(edge(value))[: places - 6 or None]
    if isinstance(value, (list, dict)):
        return json.dumps(edge(value), ensure_ascii=False, default=str)
    return str(value)


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Rows as an aligned table; without a terminal it is as wide as it needs to be."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = list(columns if columns is not None else (rows[0] if rows else ()))
    numeric = {n for n in names if all(isinstance(r[n], (int, Decimal)) or r[n] is None for r in rows)}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, justify="right" if name in numeric else "left", no_wrap=True)
    places = {name: _places([row[name] for row in rows]) for name in names}
    for row in rows:
        table.add_row(*(Text(cell_text(row[name], places[name])) for name in names))
    needed = Console(width=_WIDEST).measure(table).maximum if names else 1
    console = Console(highlight=False)
    Console(highlight=False, width=max(needed, console.width)).print(table, crop=False)
    if not rows:
        click.echo(_("No rows."))


def _places(values: Sequence[Any]) -> int:
    """How many decimals a column needs: two, or as many as its finest figure has, up to six."""
    from tenure.warehouse.answer import edge

    fractions = [str(edge(v)).partition(".")[2].rstrip("0") for v in values if isinstance(v, Decimal)]
    return max([2, *(len(fraction) for fraction in fractions)])


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV; nothing in it runs as a formula."""
    from tenure.warehouse.answer import edge

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_harmless(name) for name in columns])
    for row in rows:
        writer.writerow([_csv_cell(row[name], edge) for name in columns])
    return out.getvalue()


def _csv_cell(value: Any, edge: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _harmless(value)
    if isinstance(value, (list, dict)):
        return _harmless(json.dumps(edge(value), ensure_ascii=False, default=str))
    return str(edge(value))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def save(table: Any, answer: Mapping[str, Any] | None, form: str, out: Path | None) -> None:
    """An Arrow table (or the JSON of an answer) on the terminal or in a file."""
    if form == "table" and out is None:
        print_rows(table.to_pylist(), table.column_names)
        return
    if form == "parquet":
        _parquet(table, out)
        return
    if form == "json":
        from tenure.warehouse.answer import edge

        content = answer if answer is not None else [edge(row) for row in table.to_pylist()]
        _write(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", out)
        return
    _write(csv_text(table.column_names, table.to_pylist()), out)


def form_of(form: str | None, out: Path | None) -> str:
    """The format asked for, or the one the file's name says."""
    if form is not None:
        return form
    named = "" if out is None else out.suffix.lower().lstrip(".")
    return named if named in FORMATS else ("table" if out is None else "csv")


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(out, error) from error


def _parquet(table: Any, out: Path | None) -> None:
    if out is None:
        raise TenureError(
            "output.needs_file",
            _("Parquet cannot be printed on the terminal."),
            fix=_("Name a file with -o FILE.parquet."),
        )
    import pyarrow.parquet as pq

    try:
        pq.write_table(table, out)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(out: Path, error: OSError) -> TenureError:
    return TenureError(
        "output.cannot_write",
        _("{file} cannot be written: {reason}.").format(file=out, reason=error.strerror or error),
        fix=_("Name another file, or make its folder writable."),
        file=str(out),
    )
