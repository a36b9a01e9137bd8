"""What a person may choose about reading a file; everything left out is found in the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from tenure.apps.connectors.files.problems import ImportRefused

DateFormat = Literal["auto", "ymd", "dmy", "mdy"]
Duplicates = Literal["import", "leave_out", "update"]


@dataclass(frozen=True, slots=True)
class Options:
    """Choices for one file.

    columns:       {column: heading}, beyond what is guessed; an empty heading leaves the column out.
    mapping:       name of a mapping, built in or saved.
    constants:     {column: value} for every row; `{heading}` in a value is the row's cell, `{row}` its number.
    decimal_comma: None = found in the file.
    end_inclusive: the ends in the file are last days of service, so the day after is stored.
    stamps:        zone of stamps without offset, such as "UTC"; None = the workspace's time zone.
    keep_unused:   columns that are not mapped go into `attributes`.
    duplicates:    what becomes of rows that are like another account or contact: import them anyway, leave them out, or
                   let those that are certainly the same update it.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    mapping: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    heading_row: int | None = None
    decimal_comma: bool | None = None
    date_format: DateFormat = "auto"
    end_inclusive: bool = False
    stamps: str | None = None
    keep_unused: bool = True
    skip_bad: bool = False
    duplicates: Duplicates = "import"

    def __post_init__(self) -> None:
        allowed = get_args(DateFormat)
        if self.date_format not in allowed:
            raise ImportRefused(
                "import.bad_option", column="date_format", value=str(self.date_format), allowed=", ".join(allowed)
            )
        if self.duplicates not in get_args(Duplicates):
            raise ImportRefused(
                "import.bad_option",
                column="duplicates",
                value=str(self.duplicates),
                allowed=", ".join(get_args(Duplicates)),
            )
        if self.heading_row is not None and self.heading_row < 1:
            raise ImportRefused(
                "import.bad_option", column="heading_row", value=str(self.heading_row), allowed="1, 2, 3 …"
            )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """The options of a JSON object, as the API takes them.

        Raises: ImportRefused for a name or a type that is none.
        """
        allowed = {f.name: _SHAPES.get(f.name, str) for f in fields(cls)}
        for name, value in given.items():
            shape = allowed.get(name)
            if shape is None:
                raise ImportRefused("import.bad_option", column="options", value=str(name), allowed=", ".join(allowed))
            texts = isinstance(value, Mapping) and all(isinstance(v, str) for v in (*value.keys(), *value.values()))
            fits = texts if shape is dict else type(value) is shape
            if not fits and value is not None:
                raise ImportRefused("import.bad_option", column=name, value=str(value), allowed=_SHAPE_NAMES[shape])
        return cls(**{name: value for name, value in given.items() if value is not None})


_SHAPES: dict[str, type] = {
    "columns": dict,
    "constants": dict,
    "heading_row": int,
    "decimal_comma": bool,
    "end_inclusive": bool,
    "keep_unused": bool,
    "skip_bad": bool,
}
_SHAPE_NAMES = {dict: '{"column": "text"}', int: "1, 2, 3 …", bool: "true, false", str: '"text"'}
