"""Questions as frozen, validated values with one JSON form. Hides parsing, defaults and refusals.

A family is a frozen dataclass; each of its fields carries in its metadata how it is read (`kind`), which values it may
have (`allowed`) and what it means (`doc`). The JSON form is the body of the API, the argument of the command line, the
saved view and, with what it depends on, the key of the cache.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import pyarrow as pa

from tenure.core.definition import Definition
from tenure.core.errors import QuestionRefused
from tenure.core.periods import GRAINS, Periods, add_months, between, parse_label
from tenure.warehouse.answer import Result
from tenure.warehouse.book import Shelf
from tenure.warehouse.catalogue import Summaries
from tenure.warehouse.slices import ACCOUNT_FIELDS, ATTRIBUTES, Where, known_field, parse_where, unknown_field
from tenure.warehouse.snapshot import Snapshot

DEFAULT_MONTHS = 12
YEARS = range(2, 9999)
"""Years a question may name: a day, month or year before and after each of them is a date too."""


@dataclass(frozen=True)
class Ask:
    """What a family needs to answer: snapshot, shelf of books, named definitions, what files of events say."""

    snapshot: Snapshot
    shelf: Shelf
    definition: Callable[[str], Definition]
    summaries: Summaries


def json_name(attribute: str) -> str:
    """The name of a field in JSON: `from` is `from_` in Python."""
    return attribute.rstrip("_")


def asked(
    kind: str, doc: str, default: Any = MISSING, allowed: Sequence[str] = (), bounds: tuple[int, int] = (0, 0)
) -> Any:
    """A field of a question; `bounds` are the smallest and the largest of a whole number."""
    metadata = {"kind": kind, "doc": doc, "allowed": tuple(allowed), "bounds": bounds}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Question:
    """The common part of every family."""

    name: ClassVar[str] = ""
    doc: ClassVar[str] = ""
    columns: ClassVar[Mapping[str, str]] = {}
    """answer columns with their meaning, for the reference page and the API"""
    of_accounts: ClassVar[bool] = True
    """whether an answer says anything of accounts: one that does is for who sees them all, or has `where`"""
    of_events: ClassVar[bool] = False
    """whether it reads what arrives by the second, events and who is who: other answers hold meanwhile"""
    of_lines: ClassVar[bool] = True
    """whether `where` may name fields of the rows that are paid for, such as the plan"""

    def __post_init__(self) -> None:
        for f in fields(self):
            if not _is_text(getattr(self, f.name)):
                raise bad(f, None, "It holds characters that are no Unicode text; write it again.")
            value = READERS[f.metadata["kind"]](f, getattr(self, f.name))
            object.__setattr__(self, f.name, value)

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Question:
        """The question behind a JSON object without its `question` key.

        Raises: QuestionRefused for an unknown or missing field or a value outside the allowed ones.
        """
        known = {json_name(f.name): f for f in fields(cls)}
        for key in given:
            if key not in known:
                raise QuestionRefused(
                    "question.unknown_field",
                    f"`{cls.name}` has no field {key!r}.",
                    fix=f"Use: {', '.join(known)}.",
                    field=str(key),
                    allowed=list(known),
                )
        for key, f in known.items():
            if f.default is MISSING and key not in given:
                raise QuestionRefused(
                    "question.missing_field",
                    f"`{cls.name}` needs the field `{key}`.",
                    fix=f.metadata["doc"],
                    field=key,
                )
        return cls(**{f.name: given[key] for key, f in known.items() if key in given})

    def canonical(self) -> dict[str, Any]:
        """The JSON form, with the fields that differ from their defaults."""
        out: dict[str, Any] = {"question": self.name}
        for f in fields(self):
            value = getattr(self, f.name)
            if value != f.default:
                out[json_name(f.name)] = _plain(value)
        return out

    def clock(self, snapshot: Snapshot) -> str:
        """What its answer depends on of the present moment: the local day."""
        return snapshot.today.isoformat()

    def answer(self, ask: Ask) -> Result:
        """The table of this question."""
        raise NotImplementedError(self.name)

    def by_unit(self, ask: Ask) -> Mapping[str, pa.Table]:
        """Tables with a row for each unit that its answer counts, by name; they are no part of it and are not kept."""
        return {}

    def persons(self) -> frozenset[str]:
        """What the question names that tells who a person is: it is for those who may know."""
        return frozenset()

    def personal(self) -> frozenset[str]:
        """Columns of its answer, and of the rows behind it, that tell who a person is or what is said of them."""
        return frozenset()

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        """The source rows behind one cell of its answer."""
        raise no_cell(self.name, cell, "This answer has no rows of its own; ask for the figures it is made of.")


def no_cell(name: str, cell: Mapping[str, Any], fix: str, allowed: Sequence[str] = ()) -> QuestionRefused:
    """The refusal of a cell that an answer does not have."""
    return QuestionRefused(
        "question.unknown_cell",
        f"The answer to `{name}` has no such cell.",
        fix=fix,
        field="cell",
        value=json.dumps(dict(cell), default=str)[:200],
        allowed=list(allowed),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Where):
        return [{"prop": c.column, "op": c.op, "value": _plain(c.value)} for c in (*value.rows, *value.accounts)]
    if hasattr(value, "canonical"):
        return value.canonical()
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def _is_text(value: Any) -> bool:
    """Whether every text in a JSON value can be written: half of a character from beyond 16 bits cannot."""
    if isinstance(value, str):
        return not any("\ud800" <= c <= "\udfff" for c in value) if not value.isascii() else True
    if isinstance(value, Mapping):
        return all(_is_text(part) for pair in value.items() for part in pair)
    return all(map(_is_text, value)) if isinstance(value, (list, tuple)) else True


# ------------------------------------------------------------------------------------------------ reading fields


def bad(f: Field[Any], value: Any, fix: str, allowed: Sequence[Any] = ()) -> QuestionRefused:
    """The refusal of a field's value."""
    name = json_name(f.name)
    return QuestionRefused(
        "question.bad_value",
        f"`{name}` cannot be {json.dumps(value, default=str, ensure_ascii=False)[:120]}.",
        fix=fix,
        field=name,
        value=value if isinstance(value, (str, int, bool)) or value is None else str(value)[:200],
        allowed=list(allowed or f.metadata["allowed"]),
    )


def refused(field: str, fix: str) -> QuestionRefused:
    """The refusal of a field that does not go with the others."""
    return QuestionRefused(
        "question.does_not_fit", f"`{field}` does not go with the other fields.", fix=fix, field=field
    )


def _read_label(f: Field[Any], value: Any) -> str | None:
    if value is None and f.default is None:
        return None
    if isinstance(value, date):
        value = value.isoformat()
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    try:
        if _moment(text)[0].year not in YEARS:
            raise ValueError
    except (ValueError, OverflowError):
        raise bad(f, value, "Write 2024-03, 2024-Q1, 2024, FY2024, or a day as 2024-03-31.") from None
    return text


def _moment(text: str, year_start: int = 1) -> tuple[date, date, bool]:
    """(first day, day after, half-open) of a label, a day or a time."""
    if len(text) > 10:
        moment = datetime.fromisoformat(text)
        whole = moment.time() == datetime.min.time()
        return moment.date(), moment.date() + timedelta(days=0 if whole else 1), True
    first, after, is_day = parse_label(text, year_start)
    return first, first if is_day else after, is_day


def _read_choice(f: Field[Any], value: Any) -> Any:
    if value is None and f.default is None:
        return None
    if value not in f.metadata["allowed"]:
        raise bad(f, value, f"Use one of: {', '.join(f.metadata['allowed'])}.")
    return value


def _read_fields(f: Field[Any], value: Any) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if listed is None:
        return ()
    if not isinstance(listed, (list, tuple)) or not all(isinstance(v, str) for v in listed):
        raise bad(f, value, "Write a field name or a list of them.")
    for name in listed:
        if not known_field(name):
            raise unknown_field(json_name(f.name), name)
    return tuple(dict.fromkeys(listed))


def _read_names(f: Field[Any], value: Any) -> tuple[str, ...]:
    optional = f.default == ()
    if not isinstance(value, (list, tuple)) or not (value or optional) or not all(isinstance(v, str) for v in value):
        raise bad(f, value, "Write a list of names.")
    return tuple(dict.fromkeys(value))


def _read_where(f: Field[Any], value: Any) -> Where:
    return value if isinstance(value, Where) else parse_where(value, json_name(f.name))


def day_of(text: str) -> date:
    """The day behind text like 2024-03-31.

    Raises: ValueError if it is none, or of a year a question may not name.
    """
    day = date.fromisoformat(text)
    if day.year not in YEARS:
        raise ValueError(text)
    return day


def _read_day(f: Field[Any], value: Any) -> date | None:
    if value is None and f.default is None:
        return None
    try:
        if isinstance(value, datetime):
            value = value.date()
        return day_of(value.isoformat() if isinstance(value, date) else str(value).strip()[:10])
    except ValueError:
        raise bad(f, value, "Write a day as 2024-03-31.") from None


def _read_text(f: Field[Any], value: Any) -> str | None:
    if value is None and f.default is None:
        return None
    if not isinstance(value, str) or not value.strip():
        raise bad(f, value, "Write a name.")
    return value


def _read_totals(f: Field[Any], value: Any) -> tuple[tuple[str, Decimal], ...]:
    fix = 'Write [{"period": "2024-01", "amount": "1200.50"}, ...].'
    if not isinstance(value, (list, tuple)) or not value:
        raise bad(f, value, fix)
    out = []
    for entry in value:
        try:
            period, amount = (entry["period"], entry["amount"]) if isinstance(entry, Mapping) else entry
            number = Decimal(str(amount))
            parse_label(str(period))
        except (KeyError, TypeError, ValueError, InvalidOperation):
            raise bad(f, entry, fix) from None
        if not number.is_finite() or abs(number) >= 10**20:
            raise bad(f, entry, "An amount is a finite number below 10**20.")
        out.append((str(period), number))
    return tuple(out)


READERS: dict[str, Callable[[Field[Any], Any], Any]] = {
    "label": _read_label,
    "choice": _read_choice,
    "fields": _read_fields,
    "names": _read_names,
    "where": _read_where,
    "day": _read_day,
    "text": _read_text,
    "totals": _read_totals,
}


# --------------------------------------------------------------------------------------------- fields many share

FROM = asked("label", "First period, as 2024-01, 2024-Q1 or 2024 (or a day). Default: 12 months to `to`.", None)
TO = asked("label", "Last period, inclusive as a label, exclusive as a day. Default: the running month.", None)
GRAIN = asked("choice", "Length of the periods.", "month", GRAINS)
BY = asked("fields", "Fields to slice by; one column each.", ())
WHERE = asked("where", "Conditions on rows and accounts.", Where())
DEFINITION = asked("text", "Name of the metric definition. Default: the workspace's own.", None)
KNOWN = asked("day", "Answer with what was recorded by the end of this day.", None)


def check_of_accounts(name: str, where: Where) -> None:
    """Refuse conditions of a question on anything but accounts."""
    if where.rows:
        raise QuestionRefused(
            "question.bad_value",
            f"`where` of `{name}` cannot choose by {where.rows[0].column!r}.",
            fix=f"Use one of: {', '.join(ACCOUNT_FIELDS)}, {ATTRIBUTES}NAME.",
            field="where",
            value=where.rows[0].column,
            allowed=list(ACCOUNT_FIELDS),
        )


def stretch(from_: str | None, to: str | None, snapshot: Snapshot) -> tuple[date, date]:
    """The half-open days [start, stop) of a question's `from` and `to`.

    Raises: QuestionRefused if `from` is after `to`.
    """
    year_start = snapshot.definition.fiscal_year_start
    stop = add_months(snapshot.today.replace(day=1), 1) if to is None else _moment(to, year_start)[1]
    if from_ is None:
        start = add_months(stop.replace(day=1), -DEFAULT_MONTHS if stop.day == 1 else 1 - DEFAULT_MONTHS)
    else:
        start = _moment(from_, year_start)[0]
    if start > stop:
        raise backwards(from_, to)
    return start, stop


def backwards(from_: str | None, to: str | None) -> QuestionRefused:
    """The refusal of a stretch that ends before it begins."""
    return QuestionRefused(
        "question.backwards",
        f"`from` ({from_}) is after `to` ({to}).",
        fix="Swap them.",
        field="from",
        value=from_,
    )


def periods_of(from_: str | None, to: str | None, grain: str, snapshot: Snapshot) -> Periods:
    """The periods of a question."""
    start, stop = stretch(from_, to, snapshot)
    definition = snapshot.definition
    return between(start, stop, grain, definition.first_weekday, definition.fiscal_year_start)


def complete(periods: Periods, snapshot: Snapshot) -> list[bool]:
    """Which periods are over."""
    return [after <= snapshot.today for after in periods.edges[1:]]
