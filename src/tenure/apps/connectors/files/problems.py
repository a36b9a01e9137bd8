"""What can be wrong with a file or one of its rows: stable codes with a sentence and a remedy in the reader's language.

Hides the templates. A `Problem` is a value (code, place, details); its sentences are made when they are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext, gettext_noop

from tenure.core.errors import TenureError

_ = gettext_noop

Severity = Literal["error", "warning"]

REFUSALS: dict[str, tuple[str, str]] = {
    "import.not_found": (
        _("There is no file “{file}”."),
        _("Check the path and that you may read it."),
    ),
    "import.no_file": (
        _("No file was chosen."),
        _("Choose one or more files, or drop them on the field."),
    ),
    "import.too_many_files": (
        _("More than {limit} files were chosen at once."),
        _("Send them in several turns."),
    ),
    "import.too_large": (
        _("The files together are larger than {megabytes} MB."),
        _("Send less at once; large files are imported by the command `tenure import`."),
    ),
    "import.column_twice": (
        _("Several columns of the file are read as {column}: {headings}."),
        _("Choose one of them, and leave the others out."),
    ),
    "import.empty_file": (
        _("“{file}” is empty."),
        _("Export it again; the first row must hold the headings."),
    ),
    "import.no_heading": (
        _("“{file}” has no row of headings."),
        _("Put the names of the columns into the first row."),
    ),
    "import.too_big": (
        _("“{file}” holds {size} bytes; at most {limit} are taken at once."),
        _("Split it into several files, or write it as Parquet."),
    ),
    "import.unpacks_too_big": (
        _("“{file}” unpacks to more than {limit} bytes, or to more than {ratio} times its size."),
        _("That is the shape of a zip bomb. Unpack it yourself, look at it, and import the plain file."),
    ),
    "import.damaged": (
        _("“{file}” is damaged: {detail}."),
        _("Export or download it again."),
    ),
    "import.unknown_format": (
        _("“{file}” is none of CSV, XLSX, Parquet and JSON Lines."),
        _("Save it as CSV (UTF-8) or XLSX."),
    ),
    "import.old_workbook": (
        _("“{file}” is an old Excel file (.xls) or is protected by a password."),
        _("Open it, remove the password, and save it as .xlsx."),
    ),
    "import.other_workbook": (
        _("“{file}” is a {format} file, which is not read."),
        _("Save it as .xlsx or CSV."),
    ),
    "import.json_array": (
        _("“{file}” is one JSON value, not JSON Lines."),
        _("Write one object per line, without brackets and commas around them."),
    ),
    "import.sheet_too_large": (
        _("Sheet “{sheet}” claims {rows} rows and {columns} columns; at most {limit} cells are read from a workbook."),
        _("Delete the empty rows and columns behind the data, or save the sheet as CSV."),
    ),
    "import.cell_address": (
        _("Sheet “{sheet}” has a cell at “{value}”, which is no place in a sheet."),
        _("Open the file, and save it again as .xlsx or CSV."),
    ),
    "import.unknown_sheet": (
        _("There is no sheet “{value}” in “{file}”."),
        _("Choose one of: {allowed}."),
    ),
    "import.unknown_encoding": (
        _("“{value}” is no encoding that is known here."),
        _("Choose one of: {allowed}; or leave it out and let it be found."),
    ),
    "import.wrong_encoding": (
        _("“{file}” is not written in {value}."),
        _("Choose another encoding, or leave it out and let it be found."),
    ),
    "import.unknown_separator": (
        _("“{value}” cannot separate cells."),
        _("Choose one of: {allowed}; or leave it out and let it be found."),
    ),
    "import.line_too_long": (
        _("Row {row} is longer than {limit} characters."),
        _("A line break or a closing quote is missing before or in this row. Export the file again."),
    ),
    "import.cell_too_long": (
        _("A cell of row {row} is longer than {limit} characters."),
        _("A quote is opened in this row and not closed. Close it, or export the file again."),
    ),
    "import.too_many_columns": (
        _("“{file}” has {count} columns; at most {limit} are read."),
        _("Leave out the columns that are not imported, or choose the right separator."),
    ),
    "import.too_many_rows": (
        _("“{file}” has more than {limit} rows."),
        _("Split it into several files."),
    ),
    "import.unknown_kind": (
        _("“{value}” cannot be imported."),
        _("Choose one of: {allowed}."),
    ),
    "import.unknown_mapping": (
        _("There is no mapping “{value}”."),
        _("Choose one of: {allowed}."),
    ),
    "import.mapping_kind": (
        _("The mapping “{value}” is for {expected}, not for {kind}."),
        _("Import the file as {expected}, or leave the mapping out."),
    ),
    "import.bad_mapping_name": (
        _("“{value}” is no name for a mapping."),
        _("Use up to 60 letters, digits, dots, hyphens and underscores; begin with a letter or a digit."),
    ),
    "import.unknown_column": (
        _("{kind} has no column “{value}”."),
        _("Choose one of: {allowed}."),
    ),
    "import.unknown_heading": (
        _("The file has no column headed “{value}”."),
        _("Choose one of its headings: {headings}."),
    ),
    "import.missing_column": (
        _("No column of the file was recognised as {missing}."),
        _(
            "Say which one it is with --map {missing}=HEADING, or give it one value with --set. "
            "Headings of the file: {headings}."
        ),
    ),
    "import.ambiguous_column": (
        _("Several columns of the file could be {column}: {headings}."),
        _("Choose one with --map {column}=HEADING."),
    ),
    "import.heading_twice": (
        _("The heading “{value}” stands over {count} columns."),
        _("Give each column its own heading."),
    ),
    "import.bad_constant": (
        _("“{value}” is no value for {column}."),
        "{remedy}",
    ),
    "import.bad_option": (
        _("“{value}” is no value for {column}."),
        _("Choose one of: {allowed}."),
    ),
    "import.cancelled": (
        _("The import was cancelled; nothing was written."),
        _("Start it again when you are ready."),
    ),
    "import.killed": (
        _("The process that read the file was killed; nothing was written."),
        _("Import the file again. If it happens again, look for a lack of memory or of space on the disk."),
    ),
    "import.failed": (
        _("The import failed by a fault of Tenure itself; nothing was written."),
        _("Import the file again; if it stays, the log of the server says more."),
    ),
    "import.not_cancellable": (
        _("Import “{value}” cannot be cancelled: it is {status}."),
        _("Only an import that waits or runs can be cancelled; one that is applied can be undone."),
    ),
    "import.rejected": (
        _("{bad} of {rows} rows of “{file}” cannot be imported, so nothing was written."),
        _("Correct the rows listed in the report, or import the others with --skip-bad."),
    ),
    "import.unknown_run": (
        _("There is no import “{value}”."),
        _("List the imports with: tenure imports."),
    ),
    "import.not_undoable": (
        _("Import “{value}” cannot be undone: it is {status}."),
        _("Only a finished import can be undone, once."),
    ),
}

ROWS: dict[str, tuple[str, str]] = {
    "import.bad_character": (
        _("The cell holds bytes that are no text in {encoding}."),
        _("Choose the right encoding, or write the cell again."),
    ),
    "import.nul": (
        _("The cell holds a NUL byte."),
        _("Remove it; the file may have been cut or damaged while it was copied."),
    ),
    "import.control_character": (
        _("The cell holds a control character that no text needs."),
        _("Remove it, or write the cell again."),
    ),
    "import.too_few_cells": (
        _("The row has {count} cells, the headings have {expected}."),
        _("Fill in the missing cells (leave them empty but keep the separators); the row may have been cut."),
    ),
    "import.too_many_cells": (
        _("The row has {count} cells, the headings have {expected}."),
        _('Put cells that hold the separator into quotes, such as amounts like "1,250".'),
    ),
    "import.open_quote": (
        _("A quote is opened and never closed."),
        _("Close the quote; a quote inside a quoted cell is written twice."),
    ),
    "import.bad_quote": (
        _("A closing quote is followed by more text."),
        _("Write a quote inside a quoted cell twice, or leave the quotes out."),
    ),
    "import.bad_line": (
        _("The line is no JSON object: {detail}."),
        _("Write one object per line, such as {example}."),
    ),
    "import.error_cell": (
        _("The cell holds a spreadsheet error such as #N/A."),
        _("Correct the formula in the sheet, or empty the cell."),
    ),
    "import.formula_without_value": (
        _("The cell holds a formula whose result is not stored in the file."),
        _("Open the file in a spreadsheet program and save it, or paste the values."),
    ),
    "import.missing_value": (
        _("The cell is empty, and {column} is needed."),
        _("Fill it in."),
    ),
    "import.text_too_long": (
        _("The text has {count} characters; at most {limit} are kept."),
        _("Shorten it."),
    ),
    "import.bad_number": (
        _("This is not a number."),
        _("Write digits with a point, such as 1250.50; for 1.250,50 choose the decimal comma."),
    ),
    "import.number_too_large": (
        _("The number is too large: {column} must be below {limit}."),
        _("Check the digits and the unit."),
    ),
    "import.ambiguous_number": (
        _("The comma could stand before decimals or between thousands."),
        _("Choose --decimal-comma or --decimal-point."),
    ),
    "import.bad_custom": (
        _("The custom field {column} does not take this."),
        "{remedy}",
    ),
    "import.bad_integer": (
        _("This is not a whole number."),
        _("Write digits only."),
    ),
    "import.bad_day": (
        _("This is not a date, or there is no such day."),
        _("Write dates as YYYY-MM-DD, or choose the date format."),
    ),
    "import.ambiguous_day": (
        _("Day and month cannot be told apart."),
        _("Choose the date format (dmy or mdy), or write dates as YYYY-MM-DD."),
    ),
    "import.bad_boolean": (
        _("This is neither yes nor no."),
        _("Write true or false, yes or no, 是 or 否."),
    ),
    "import.bad_spans": (
        _("These are no stretches of days."),
        _('Write them as [["2026-01-01", "2026-02-01"]], the second day not included.'),
    ),
    "import.bad_steps": (
        _("These are no steps of a schedule."),
        _('Write them as [{"from": "2026-01-01", "to": "2027-01-01", "amount": "12000"}].'),
    ),
    "import.bad_list": (
        _("This is no list."),
        _("Separate the entries by a comma or semicolon."),
    ),
    "import.bad_json": (
        _("This is not JSON."),
        _('Write it as {"key": "value"}, or leave the cell empty.'),
    ),
    "import.unknown_currency": (
        _("This is no currency code of ISO 4217."),
        _("Write three letters such as CNY, USD or EUR."),
    ),
    "import.unknown_interval": (
        _("This is no billing period."),
        _("Write day, week, month, quarter or year (日、周、月、季、年)."),
    ),
    "import.unknown_word": (
        _("{column} cannot be this."),
        _("Choose one of: {allowed}."),
    ),
    "import.end_before_start": (
        _("The end is before the start ({start})."),
        _("Correct one of the two days; the end is the first day without service."),
    ),
    "import.negative": (
        _("{column} cannot be below zero."),
        _("Write a number of 0 or more; a reduction is a new row with its own start."),
    ),
    "import.out_of_range": (
        _("{column} must be {range}."),
        _("Check the number and its unit."),
    ),
    "import.duplicate_key": (
        _("Rows {rows} have the same key ({key}) and differ."),
        _("Keep one of them, or give them different ids or start days."),
    ),
    "import.formula_text": (
        _("The text begins like a formula. It is kept as text."),
        _("Nothing to do if it is meant; it is protected again when exported."),
    ),
    "import.same_row_twice": (
        _("The row is the same as row {first}; it is counted once."),
        _("Nothing to do."),
    ),
    "import.two_currencies": (
        _("Subscription {value} has rows in {currencies}."),
        _("Check the currency; a change of currency is a new subscription."),
    ),
    "import.unknown_subscription": (
        _("No subscription has this id yet."),
        _("Import the subscriptions as well; until then the discount has no effect."),
    ),
    "import.no_days": (
        _("Start and end are the same day, so the row counts on no day."),
        _("The end is the first day without service; choose --end-inclusive if your ends are last days of service."),
    ),
    "import.ends_look_inclusive": (
        _(
            "{share} % of the ends lie one day before an anniversary of the start, so they look like "
            "last days of service."
        ),
        _("Tenure reads an end as the first day without service. If yours are last days, choose --end-inclusive."),
    ),
    "import.negative_amount": (
        _("The price is below zero; it lowers the account's MRR."),
        _("Nothing to do if it is a credit; write recurring discounts as discounts."),
    ),
    "import.late_column": (
        _("The field “{heading}” first appears in this row and is not imported."),
        _("Write all fields in the first rows too, empty where there is nothing."),
    ),
    "import.quantity_left_out": (
        _("“{heading}” is not used as a quantity, because “{amount}” is already the price for all units."),
        _("If it is the price of one unit, say so with --map quantity={heading}."),
    ),
}

WARNINGS = frozenset(
    {
        "import.formula_text",
        "import.same_row_twice",
        "import.two_currencies",
        "import.unknown_subscription",
        "import.no_days",
        "import.ends_look_inclusive",
        "import.negative_amount",
        "import.late_column",
        "import.quantity_left_out",
    }
)

_SHOWN = 80
_PLACE = re.compile(r"\{(\w+)\}")


def shown(value: object, limit: int = _SHOWN) -> str:
    """A value as it may be shown to a person: cut, with control characters made visible."""
    text = str(value)
    cut = len(text) > limit
    text = text[:limit]
    visible = "".join(
        chr(0x2400 + ord(c)) if ord(c) < 32 else c if c.isprintable() else f"\\u{ord(c):04x}" for c in text
    )
    return visible + "…" if cut else visible


def _sentences(templates: tuple[str, str], values: Mapping[str, Any], *, translate: bool) -> tuple[str, str]:
    """Message and remedy with their named places filled; braces that name nothing (JSON examples) stay."""
    message, fix = (gettext(t) for t in templates) if translate else templates
    return _filled(message, values), _filled(fix, values)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    return _PLACE.sub(lambda m: str(values.get(m[1], m[0])), template)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong at one place of a file."""

    code: str
    row: int | None = None
    heading: str = ""
    column: str = ""
    value: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    cells: tuple[str, ...] = ()
    """the row as it stands, where the reader leaves it out"""

    def kept(self) -> dict[str, Any]:
        """What `Problem(**kept)` makes again, without the row."""
        where = {"heading": self.heading, "column": self.column, "value": self.value}
        return {"code": self.code, "row": self.row, **where, "detail": dict(self.detail)}

    @property
    def severity(self) -> Severity:
        return "warning" if self.code in WARNINGS else "error"

    def sentences(self) -> tuple[str, str]:
        """Message and remedy in the active language."""
        return _sentences(ROWS[self.code], {"column": self.column, "value": self.value, **self.detail}, translate=True)

    @property
    def message(self) -> str:
        return self.sentences()[0]

    @property
    def fix(self) -> str:
        return self.sentences()[1]

    def as_dict(self) -> dict[str, Any]:
        """The shape of the API: place, value, code, severity, sentence and remedy."""
        message, fix = self.sentences()
        return {
            "file": self.file,
            "row": self.row,
            "heading": self.heading,
            "column": self.column,
            "value": self.value,
            "code": self.code,
            "detail": dict(self.detail),
            "severity": self.severity,
            "message": message,
            "fix": fix,
        }


class ImportRefused(TenureError):
    """A file as a whole is refused, and nothing was written. `localised()` speaks the reader's language."""

    def __init__(self, code: str, **where: Any) -> None:
        where = {k: shown(v, 300) if isinstance(v, str) else v for k, v in where.items()}
        message, fix = _sentences(REFUSALS[code], where, translate=False)
        super().__init__(code, message, fix=fix, **where)

    @classmethod
    def kept(cls, values: Mapping[str, Any]) -> TenureError:
        """A refusal made again from its `as_dict()`, of a file or of anything else."""
        where = {name: value for name, value in values.items() if name not in {"code", "message", "fix"}}
        if values["code"] in REFUSALS:
            return cls(values["code"], **where)
        return TenureError(values["code"], values["message"], fix=values["fix"], **where)

    def localised(self) -> tuple[str, str]:
        """Message and remedy in the active language."""
        return _sentences(REFUSALS[self.code], self.where, translate=True)
