"""Custom fields on screen: in the form of a record, among its facts and changes, and as columns of lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.db.models import Func, QuerySet, TextField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import CustomField, FieldType
from tenure.apps.workspaces.services import custom
from tenure.core.money import trimmed
from tenure.web import formatting as f
from tenure.web.listing import Cell, Column, Row
from tenure.web.records import words

PREFIX = "own_"
"""What the name of a custom field begins with among the columns of a list."""


def label(found: CustomField) -> str:
    """A field's label, with the currency of its amounts."""
    if found.type != FieldType.MONEY:
        return custom.label(found)
    return _("%(label)s, %(unit)s") % {"label": custom.label(found), "unit": found.options[0]}


def text(found: CustomField, value: Any) -> str:
    """A kept value in words; one that its field does not take (it was another field's) as it was kept."""
    if value is None:
        return f.NOTHING
    if found.type == FieldType.BOOLEAN and isinstance(value, bool):
        return str(words.YES_NO["true" if value else "false"])
    if isinstance(value, list):
        return f.listed(map(str, value))
    if found.type in (FieldType.NUMBER, FieldType.MONEY):
        try:
            return f"{trimmed(Decimal(str(value))):,f}"
        except InvalidOperation:
            return str(value)
    return str(value)


def typed(found: CustomField, value: Any) -> Any:
    """A kept value as its form field shows it."""
    if found.type == FieldType.MULTI:
        return value if isinstance(value, list) else [] if value is None else [str(value)]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def texts(fields: Sequence[CustomField], version: Any) -> dict[str, Any]:
    """The values of custom fields as a form shows them, by the names of its fields."""
    held = custom.content(None if version is None else version.attributes)
    return {custom.named(one): typed(one, held.get(one.key)) for one in fields}


def form_field(found: CustomField, now: Any) -> forms.Field:
    """The field of a form for a custom field, which has a value now or none."""
    about = {"label": label(found), "required": found.required}
    attrs = {"class": "input", "autocomplete": "off"}
    choices = _choices(found)
    if choices is not None:
        unlisted = now if isinstance(now, list) else [now]
        choices = {**choices, **{value: value for value in unlisted if value and value not in choices}}
    if choices is not None and found.type == FieldType.MULTI:
        return forms.MultipleChoiceField(choices=list(choices.items()), widget=forms.CheckboxSelectMultiple, **about)
    if choices is not None:
        every = [("", gettext_lazy("Not known")), *choices.items()]
        return forms.ChoiceField(choices=every, widget=forms.Select(attrs=attrs), **about)
    if found.type == FieldType.DATE:
        attrs["type"] = "date"
    if found.type in (FieldType.NUMBER, FieldType.MONEY):
        attrs["inputmode"] = "decimal"
    if found.type == FieldType.URL:
        attrs["inputmode"] = "url"
    return forms.CharField(max_length=10_000, widget=forms.TextInput(attrs=attrs), **about)


def _choices(found: CustomField) -> dict[str, Any] | None:
    match found.type:
        case FieldType.BOOLEAN:
            return dict(words.YES_NO)
        case FieldType.CHOICE | FieldType.MULTI:
            return {one: one for one in found.options}
        case FieldType.MEMBER:
            return {one.email: one.display_name for one in selectors.members() if one.is_active}
    return None


def facts(kind: str, version: Any, unseen: Collection[str]) -> list[dict[str, str]]:
    """The values of custom fields in their order, then the columns of files that no table knows."""
    held = custom.content(version.attributes)
    found = []
    for one in custom.fields(kind):
        value = held.pop(one.key, None)
        if value is not None and custom.named(one) not in unseen:
            href = value if one.type == FieldType.URL and str(value).startswith(("https://", "http://")) else ""
            found.append({"label": label(one), "text": text(one, value), "href": href})
    if "attributes" in unseen:
        return found
    rest = {key: value for key, value in held.items() if value is not None and _flat(key) not in unseen}
    return found + [{"label": str(key), "text": str(value), "href": ""} for key, value in rest.items()]


def changes(kind: str, former: Any, version: Any, unseen: Collection[str]) -> list[dict[str, str]]:
    """What a step changed of what is kept in `attributes`, key by key; what the reader may not see is only named."""
    known = {one.key: one for one in custom.fields(kind)}
    before, after = custom.content(former.attributes), custom.content(version.attributes)
    found = []
    for key in [*known, *(key for key in {**before, **after} if key not in known)]:
        if before.get(key) == after.get(key):
            continue
        one = known.get(key)
        hide = _flat(key) in unseen or (one is None and "attributes" in unseen)
        pair = [_said(one, held.get(key)) for held in (before, after)]
        told = ("", "") if hide else pair
        found.append({"label": label(one) if one else str(key), "before": told[0], "after": told[1]})
    return found


def both(
    fields: Sequence[CustomField], seen: Any, live: Any, mine: Mapping[str, Any], typed_now: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Every custom field that either of two editors changed: as it was, as it is now, and as this one typed it."""
    was, now = texts(fields, seen), texts(fields, live)
    return [
        {
            "name": name,
            "label": label(one),
            "was": _plain(was[name]),
            "theirs": _plain(now[name]),
            "mine": _plain(typed_now[name] if name in mine else now[name]),
            "is_mine": name in mine,
            "differs": name in mine and typed_now[name] != now[name],
        }
        for one in fields
        if (name := custom.named(one)) in mine or was[name] != now[name]
    ]


def _said(one: CustomField | None, value: Any) -> str:
    if one is not None:
        return text(one, value)
    return f.NOTHING if value is None else str(value)


def _plain(value: Any) -> str:
    return (f.listed(value) if isinstance(value, list) else str(value)) or f.NOTHING


def _flat(key: str) -> str:
    return f"{custom.GIVEN}.{key}"


# ---------------------------------------------------------------------- lists


class _Kept(Func):
    """The value of one key of `attributes`, as text; nothing where `attributes` is no JSON."""

    output_field = TextField()

    def __init__(self, key: str) -> None:
        super().__init__("attributes")
        self.key = key  # of small letters, digits and _, as its definition was checked

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.source_expressions[0])
        at = f"""'$."{self.key}"'"""
        taken = (
            f"CASE WHEN json_type({column}, {at}) IN ('true', 'false') THEN json_type({column}, {at})"
            f" ELSE CAST(json_extract({column}, {at}) AS TEXT) END"
        )
        return f"CASE WHEN json_valid({column}) THEN {taken} END", tuple(parameters) * 4

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = compiler.compile(self.source_expressions[0])
        taken = f"({column}::json ->> '{self.key}')"
        return f"CASE WHEN left({column}, 1) = '{{' THEN {taken} END", tuple(parameters) * 2


def columns(kind: str, unseen: Collection[str]) -> tuple[Column, ...]:
    """The custom fields of a kind as columns of its list, which the reader can choose."""
    return tuple(_column(one) for one in custom.fields(kind) if custom.named(one) not in unseen)


def with_values(rows: QuerySet[Any], kind: str) -> QuerySet[Any]:
    """Records with the values of their custom fields beside their columns."""
    return rows.annotate(**{f"{PREFIX}{one.key}": _Kept(one.key) for one in custom.fields(kind)})


def _column(found: CustomField) -> Column:
    name = f"{PREFIX}{found.key}"
    exact = found.type in (FieldType.NUMBER, FieldType.MONEY)  # as text it cannot be compared: see records.lists
    choices = _choices(found) if found.type in (FieldType.CHOICE, FieldType.BOOLEAN, FieldType.MEMBER) else None

    def dress(row: Row, cell: Cell) -> Cell:
        value = row[name]
        if value and found.type == FieldType.MULTI:
            items = custom.content(f'{{"items":{value}}}').get("items") if value.startswith("[") else value
            return Cell(text(found, items))
        return Cell(text(found, value)) if value and exact else cell

    return Column(
        name,
        label(found),
        "choice" if choices is not None else "text",
        choices=choices or {},
        sortable=not exact,
        filterable=not exact,
        shown=False,
        dress=dress if exact or found.type == FieldType.MULTI else None,
    )
