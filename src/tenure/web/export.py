"""Tables as files, CSV or Excel: what is on the screen, exact, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.text import slugify

from tenure.web import formatting as f

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads Chinese as the system's old encoding."""
FORMS = ("csv", "xlsx")
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EXACT_DIGITS = 15
"""A workbook keeps numbers as binary floats; a number of more digits is written as text."""
MOST_WORKBOOK_ROWS = 1_048_575


def exports(route: str, *place: Any, query: str = "") -> list[dict[str, str]]:
    """The links that save a table in each form, for the part `exports`; the form is the last place of the address."""
    end = f"?{query}" if query else ""
    names = {"csv": "CSV", "xlsx": "Excel"}
    return [{"label": names[form], "href": f"{reverse(route, args=[*place, form])}{end}"} for form in FORMS]


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula; numbers stay numbers."""
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text


def table_file(form: str, name: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """The response that saves a table in one of `FORMS`."""
    return xlsx_file(name, heads, rows) if form == "xlsx" else csv_file(name, heads, rows)


def csv_file(name: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """The response that saves a table as `name`.csv."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(str(head)) for head in heads])
    writer.writerows([harmless(_text(cell)) for cell in row] for row in rows)
    response = HttpResponse(BYTE_ORDER_MARK + out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slugify(name) or "table"}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def xlsx_file(name: str, heads: Sequence[Any], rows: Iterable[Sequence[Any]]) -> FileResponse:
    """The response that saves a table as `name`.xlsx: numbers as numbers, days as days, everything else as text."""
    place = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(place, options) as book:
        bold = book.add_format({"bold": True})
        formats: dict[type, Any] = {date: book.add_format({"num_format": "yyyy-mm-dd"})}
        formats[datetime] = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 1)
        for column, head in enumerate(heads):
            sheet.write_string(0, column, str(head), bold)
        for line, row in zip(range(1, MOST_WORKBOOK_ROWS + 1), rows, strict=False):
            for column, cell in enumerate(row):
                _write(sheet, line, column, cell, formats)
    place.seek(0)
    response = FileResponse(place, as_attachment=True, filename=f"{slugify(name) or 'table'}.xlsx")
    response["Content-Type"] = _WORKBOOK
    response["Cache-Control"] = "private, no-store"
    return response


def _write(sheet: Any, line: int, column: int, cell: Any, formats: dict[type, Any]) -> None:
    if isinstance(cell, (Decimal, int)) and not isinstance(cell, bool) and len(_digits(cell)) <= _EXACT_DIGITS:
        sheet.write_number(line, column, cell)
    elif isinstance(cell, (date, datetime)):
        moment = cell.replace(tzinfo=None) if isinstance(cell, datetime) else cell
        sheet.write_datetime(line, column, moment, formats[type(cell)])
    elif (text := _text(cell)) != "":
        sheet.write_string(line, column, text)


def _digits(number: Decimal | int) -> str:
    return f.plain(number).replace(".", "").lstrip("-0")


def _text(cell: Any) -> str:
    if isinstance(cell, (Decimal, int)) and not isinstance(cell, bool):
        return f.plain(cell)
    return "" if cell is None else cell.isoformat(" ", "minutes") if isinstance(cell, datetime) else str(cell)
