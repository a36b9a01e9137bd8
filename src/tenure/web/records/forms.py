"""The one form for every kind of record, made from the columns of its table.

What is typed is handed to the services as text; they check it, so a page refuses exactly what an API call would. Only
columns that differ from the version the editor saw are handed over.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.workspaces.services import custom
from tenure.apps.workspaces.services.rows import list_value
from tenure.core.errors import TenureError
from tenure.core.money import trimmed
from tenure.warehouse import schema
from tenure.web import errors
from tenure.web.records import own, words
from tenure.web.records.kinds import Kind

FIXED: Mapping[str, frozenset[str]] = {
    "accounts": frozenset({"account_id"}),
    "contacts": frozenset({"contact_id"}),
    "products": frozenset({"product"}),
    "plans": frozenset({"plan"}),
    "subscriptions": frozenset({"subscription_id", "item"}),
    "discounts": frozenset({"subscription_id"}),
    "contracts": frozenset({"contract_id"}),
    "deals": frozenset({"deal_id"}),
    "committee_members": frozenset({"deal_id", "contact_id"}),
    "tenders": frozenset({"tender_id"}),
    "tender_items": frozenset({"tender_id", "item"}),
    "demands": frozenset({"demand_id"}),
    "demand_links": frozenset({"link_id"}),
    "activities": frozenset({"activity_id"}),
    "touches": frozenset({"touch_id"}),
    "leads": frozenset({"lead_id"}),
}
"""Columns by which other records name this one: given once, not changed by a form."""
NEVER = frozenset({"source", "attributes"})
"""Columns that an import gives, and no form."""
RARE = frozenset(
    {"interval_count", "item", "trial_end", "pauses", "tax_inclusive_rate", "unpaid", "schedule", "merged_into"}
    | {"capture", "utm_source", "medium", "keyword", "landing", "referrer", "heard_from", "contact_id", "deal_id"}
    | {"fit_score", "engagement_score", "grade", "mql_at", "respond_by", "responded_at", "sql_at", "opportunity_at"}
    | {"created_at", "consent", "user_id", "stage_at", "won_at", "lost_at", "source_lead", "pool"}
)
"""Columns that stand folded until one wants them."""
LONG = frozenset({"body", "concerns", "criteria", "outcome", "quote", "review", "message", "capture"})
"""Columns in which one writes more than a line."""
OWN_IDS = {
    "accounts": "account_id",
    "contacts": "contact_id",
    "subscriptions": "subscription_id",
    "deals": "deal_id",
    "tenders": "tender_id",
    "demands": "demand_id",
    "demand_links": "link_id",
    "activities": "activity_id",
    "touches": "touch_id",
}
"""Ids that people seldom have an own word for: a new record gets a proposal."""


class RecordForm(forms.Form):
    """A record to add or to edit: its columns, the version that was seen, and why."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        kind: Kind,
        data: Any = None,
        *,
        seen: Any = None,
        given: Mapping[str, str] | None = None,
        only: Collection[str] = (),
        suggested: Collection[str] = (),
    ) -> None:
        self.kind, self.seen = kind, seen
        initial = dict(given or {}) if seen is None else texts(kind, seen)
        if seen is None and kind.name in OWN_IDS:
            called = OWN_IDS[kind.name]
            initial.setdefault(called, f"{called.removesuffix('_id')}-{secrets.token_hex(4)}")
        super().__init__(data, initial={**initial, "version": "" if seen is None else seen.row_id})
        self.label_suffix = ""
        fixed = frozenset() if seen is None else FIXED.get(kind.name, frozenset())
        self.columns = [
            column
            for column in kind.fields
            if column.name not in NEVER and column.name not in fixed and (not only or column.name in only)
        ]
        self.custom = [] if only else custom.fields(kind.name)
        kept = own.texts(self.custom, seen)
        self.initial |= kept
        for field in self.custom:
            self.fields[custom.named(field)] = own.form_field(field, kept[custom.named(field)])
        for column in self.columns:
            self.fields[column.name] = _field(kind, column, suggested, initial.get(column.name))
        self.fields["reason"] = forms.CharField(
            required=False,
            label=_("Reason"),
            max_length=1000,
            help_text=_("Why, for whoever reads the history."),
            widget=forms.TextInput(attrs={"class": "input"}),
        )

    @property
    def usual(self) -> list[forms.BoundField]:
        asked = [self[column.name] for column in self.columns if column.name not in RARE]
        return asked + [self[custom.named(field)] for field in self.custom]

    @property
    def rare(self) -> list[forms.BoundField]:
        return [self[column.name] for column in self.columns if column.name in RARE]

    @property
    def rare_is_open(self) -> bool:
        """Whether a folded column has a value or a problem, so that it must be seen."""
        return any(field.errors or field.value() for field in self.rare)

    def given(self) -> dict[str, Any]:
        """The values of a new record, as the services take them."""
        columns = {
            column.name: parsed(column, self.cleaned_data[column.name])
            for column in self.columns
            if self.cleaned_data[column.name]
        }
        named = {custom.named(field): field.key for field in self.custom}
        kept = {key: value for name, key in named.items() if (value := self.cleaned_data[name])}
        return {**columns, custom.GIVEN: kept}

    def changes(self) -> dict[str, Any]:
        """The columns that the editor changed, as the services take them."""
        before = texts(self.kind, self.seen) | own.texts(self.custom, self.seen)
        columns = {
            column.name: parsed(column, self.cleaned_data[column.name])
            for column in self.columns
            if _same(self.cleaned_data[column.name]) != _same(before[column.name])
        }
        named = (custom.named(field) for field in self.custom)
        return columns | {
            name: self.cleaned_data[name] or None
            for name in named
            if _same(self.cleaned_data[name]) != _same(before[name])
        }

    def refuse(self, problem: TenureError) -> None:
        """Show a refusal beside its field, or above the form."""
        said = errors.translated(problem)
        field = problem.where.get("field")
        if field in self.fields:
            self.add_error(field, said.fix or said.message)
            self.fields[field].widget.attrs["autofocus"] = True
        else:
            self.add_error(None, " ".join((said.message, said.fix)))


def texts(kind: Kind, version: Any) -> dict[str, Any]:
    """A version's values as a form shows them: text, or a list of texts."""
    return {column.name: text(kind, column, getattr(version, column.name)) for column in kind.fields}


def text(kind: Kind, column: schema.Column, value: Any) -> Any:
    """One stored value as its form field shows it."""
    chosen_of_many = column.kind == "texts" and (kind.name, column.name) in words.CHOICES
    if value is None:
        return [] if chosen_of_many else ""
    match column.kind:
        case "number":
            return f"{trimmed(Decimal(value)):f}"
        case "boolean":
            return "true" if value else "false"
        case "day":
            return value.isoformat()
        case "stamp":
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case "texts":
            items = list_value("texts", value) or []
            return items if chosen_of_many else ", ".join(items)
        case "spans":
            return "\n".join(_line(item["from"], item["to"]) for item in list_value("spans", value) or [])
        case "steps":
            items = list_value("steps", value) or []
            return "\n".join(_line(item["from"], item["to"], f"{trimmed(item['amount']):f}") for item in items)
        case _:
            return str(value)


def parsed(column: schema.Column, typed: Any) -> Any:
    """What was typed, as the services read a column: lines become lists."""
    if column.kind == "spans":
        return [[*line.split(maxsplit=1), ""][:2] for line in typed.splitlines() if line.strip()] or None
    if column.kind == "steps":
        lines = [[*line.split(maxsplit=2), "", "", ""][:3] for line in typed.splitlines() if line.strip()]
        return [{"from": a, "to": b, "amount": c} for a, b, c in lines] or None
    if column.kind == "texts":
        items = typed if isinstance(typed, list) else [part.strip() for part in typed.split(",")]
        return [item for item in items if item] or None
    return typed or None


def _line(*parts: Any) -> str:
    return " ".join("" if part is None else str(part) for part in parts).strip()


def _same(typed: Any) -> Any:
    """What two writings of one value have in common."""
    return sorted(typed) if isinstance(typed, list) else "\n".join(typed.split("\r\n")).strip()


def _field(kind: Kind, column: schema.Column, suggested: Collection[str], now: Any) -> forms.Field:
    about = {
        "label": words.label(kind.name, column.name),
        "help_text": words.hint(kind.name, column.name),
        "required": column.name in kind.table.required,
    }
    attrs = {"class": "input", "autocomplete": "off"}
    choices = words.CHOICES.get((kind.name, column.name)) or (words.YES_NO if column.kind == "boolean" else None)
    if choices is not None:
        unlisted = [now] if isinstance(now, str) else now or []
        choices = {**choices, **{value: value for value in unlisted if value and value not in choices}}
    if choices is not None and column.kind == "texts":
        return forms.MultipleChoiceField(choices=list(choices.items()), widget=forms.CheckboxSelectMultiple, **about)
    if choices is not None:
        empty = gettext_lazy("As the default") if column.default else gettext_lazy("Not known")
        return forms.ChoiceField(choices=[("", empty), *choices.items()], widget=forms.Select(attrs=attrs), **about)
    if column.kind in ("spans", "steps") or column.name in LONG:
        return forms.CharField(widget=forms.Textarea(attrs={**attrs, "rows": 3}), **about)
    if column.kind == "day":
        attrs["type"] = "date"
    if column.kind == "number":
        attrs["inputmode"] = "decimal"
    if column.kind == "integer":
        attrs["inputmode"] = "numeric"
    if column.name in suggested:
        attrs["list"] = f"known-{column.name}"
    return forms.CharField(max_length=10_000, widget=forms.TextInput(attrs=attrs), **about)
