"""Values that a person or a program gives for one record, checked strictly. Hides how each kind is read.

Files are read leniently elsewhere; here a wrong value is refused with its field and what to write instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from tenure.apps.workspaces.fields import exact
from tenure.apps.workspaces.services.rows import as_json, list_text
from tenure.apps.workspaces.versions import OWN, Version
from tenure.core.errors import TenureError
from tenure.core.money import LIMIT
from tenure.warehouse import schema

LONGEST = 10_000
_SHOWN = 80
"""So much of a refused value is said again."""
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which no encoding takes."""
_WHOLE = re.compile(r"-?\d{1,10}")


class ValueRefused(TenureError):
    """A value that its column cannot hold; `where` has the field and the value."""


def refuse(field: str, value: Any, fix: str) -> ValueRefused:
    """The error for a value that its field does not take."""
    shown = repr(value)
    if len(shown) > _SHOWN:
        shown = value = f"{shown[:_SHOWN]}…"
    message = _("%(field)s cannot be %(value)s.") % {"field": field, "value": shown}
    return ValueRefused("record.bad_value", message, fix=fix, field=field, value=value)


def checked(model: type[Version], given: Mapping[str, Any], timezone: str) -> dict[str, Any]:
    """The given values as the model keeps them; only the given columns are in the answer.

    A day column takes a day or a moment; a moment is kept beside its day in `timezone`, where the table has a place.
    """
    columns = {c.name: c for c in model.table().inputs if c.name not in OWN}
    found: dict[str, Any] = {}
    for name, value in given.items():
        column = columns.get(_column_name(name, columns))
        if column is None:
            allowed = ", ".join(columns)
            raise ValueRefused(
                "record.unknown_field",
                _("There is no field %(field)s.") % {"field": repr(name)},
                fix=_("Use one of: %(allowed)s.") % {"allowed": allowed},
                field=name,
                value=value,
            )
        if column.kind == "day":
            found[column.name], moment = _day(column.name, value, timezone)
            if f"{column.name}_at" in model.table().by_name:
                found[f"{column.name}_at"] = moment
        else:
            found[column.name] = None if _empty(value) else _READERS[column.kind](column, value)
    for name in model.table().required:
        if name in found and found[name] is None:
            raise refuse(name, given.get(name), _("Give a value: the record cannot do without it."))
    return found


def typed(field: str, kind: schema.Kind, value: Any) -> Any:
    """One value of a kind of column, under the name by which a refusal calls it.

    Raises: ValueRefused.
    """
    if kind == "day":
        return _plain_day(field, value)
    return _READERS[kind](schema.Column(field, kind, ""), value)


def complete(model: type[Version], values: Mapping[str, Any]) -> None:
    """Refuse a record that lacks a column it cannot do without."""
    for name in model.table().required:
        if values.get(name) is None:
            raise ValueRefused(
                "record.missing_value",
                _("%(field)s is missing.") % {"field": name},
                fix=_("Give a value: the record cannot do without it."),
                field=name,
                value=None,
            )


def _column_name(name: str, columns: Mapping[str, schema.Column]) -> str:
    """The column that a public name stands for, such as `cancelled` for `cancelled_at`."""
    return name if name in columns else schema.GIVEN_AS.get(name, name)


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def plain_text(field: str, value: Any) -> str:
    """A text that both stores can keep: trimmed, not endless, and all of it characters."""
    text = str(value).strip()
    if "\x00" in text or _HALF.search(text) or len(text) > LONGEST:
        raise refuse(field, text, _("Write at most 10,000 characters, without NUL characters."))
    return text


def _text(column: schema.Column, value: Any) -> str:
    return plain_text(column.name, value)


def _number(column: schema.Column, value: Any) -> Decimal:
    try:
        if isinstance(value, (bool, float)):
            raise InvalidOperation
        number = exact(str(value).strip() if isinstance(value, str) else value)
        if number.copy_abs() >= LIMIT:
            raise InvalidOperation
        return number
    except (InvalidOperation, TypeError, ValueError) as error:
        fix = _("Write an exact number such as 1234.50, with at most 20 digits and 12 decimals (in JSON as text).")
        raise refuse(column.name, value, fix) from error


def _integer(column: schema.Column, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, (bool, float)) or not _WHOLE.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
        raise refuse(column.name, value, _("Write a whole number."))
    return int(text)


def _boolean(column: schema.Column, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in {"true", "yes", "1"}:
        return True
    if text in {"false", "no", "0"}:
        return False
    raise refuse(column.name, value, _("Write true or false."))


def _stamp(column: schema.Column, value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refuse(column.name, value, _("Write a moment such as 2024-03-31T12:00:00Z.")) from error


def _day(name: str, value: Any, timezone: str) -> tuple[date | None, datetime | None]:
    """The day and, if one was given, the moment."""
    if _empty(value):
        return None, None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value, None
    try:
        if isinstance(value, str) and len(value.strip()) == 10:
            return date.fromisoformat(value.strip()), None
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        zone = ZoneInfo(timezone)
        moment = moment.replace(tzinfo=zone) if moment.tzinfo is None else moment
        return moment.astimezone(zone).date(), moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refuse(name, value, _("Write a day such as 2024-03-31.")) from error


def _plain_day(name: str, value: Any) -> date | None:
    try:
        return None if _empty(value) else date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise refuse(name, value, _("Write a day such as 2024-03-31.")) from error


def _spans(column: schema.Column, value: Any) -> str | None:
    spans = []
    for item in _items(column, value):
        pair = (item.get("from"), item.get("to")) if isinstance(item, dict) else item
        if not isinstance(pair, (list, tuple)) or len(pair) > 2:
            raise refuse(column.name, value, _('Write stretches such as [{"from": "2024-01-01", "to": "2024-02-01"}].'))
        start, end = (*pair, None, None)[:2]
        spans.append({"from": _plain_day(column.name, start), "to": _plain_day(column.name, end)})
        _in_order(column.name, spans[-1])
    return list_text("spans", spans)


def _steps(column: schema.Column, value: Any) -> str | None:
    steps = []
    for item in _items(column, value):
        if not isinstance(item, dict) or not {"from", "to", "amount"} <= set(item):
            raise refuse(
                column.name, value, _('Write steps such as [{"from": "2024-01-01", "to": ..., "amount": ...}].')
            )
        days = {key: _plain_day(column.name, item[key]) for key in ("from", "to")}
        _in_order(column.name, days)
        steps.append({**days, "amount": _number(column, item["amount"])})
    return list_text("steps", steps)


def _texts(column: schema.Column, value: Any) -> str | None:
    items = value.split(",") if isinstance(value, str) and not value.strip().startswith("[") else _items(column, value)
    return list_text("texts", [_text(column, item) for item in items])


def _items(column: schema.Column, value: Any) -> list[Any]:
    try:
        items = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise refuse(column.name, value, _("Write a JSON list.")) from error
    if not isinstance(items, (list, tuple)):
        raise refuse(column.name, value, _("Write a JSON list."))
    return list(items)


def _in_order(name: str, span: Mapping[str, date | None]) -> None:
    start, end = span["from"], span["to"]
    if start is None or (end is not None and end <= start):
        raise refuse(name, {k: str(v) for k, v in span.items()}, _("Let each stretch begin, and end after it begins."))


def _json(column: schema.Column, value: Any) -> str:
    try:
        return plain_text(column.name, as_json(json.loads(value) if isinstance(value, str) else value))
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse(column.name, value, _("Write JSON.")) from error


_READERS: Mapping[str, Callable[[schema.Column, Any], Any]] = {
    "text": _text,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "stamp": _stamp,
    "spans": _spans,
    "steps": _steps,
    "texts": _texts,
    "json": _json,
}
