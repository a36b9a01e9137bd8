"""The event catalogue as a list, one event of it, and what drifts, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.errors import QuestionRefused
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.listing import ArrowRows, Cell, Column, Empty, Listing, Row, View
from tenure.web.sparkline import sparkline

QUESTION = {"question": "event_catalogue"}
TYPE = "type:"
ALARMS: Mapping[str, Any] = {"new": gettext_lazy("New"), "silent": gettext_lazy("Silent")}
TYPES: Mapping[str, Any] = {
    "text": gettext_lazy("text"),
    "number": gettext_lazy("number"),
    "boolean": gettext_lazy("yes or no"),
    "list": gettext_lazy("list"),
    "object": gettext_lazy("object"),
}
_BETWEEN = " "


@dataclass(frozen=True, slots=True)
class Drawn(Cell):
    """A cell with a line through the counts of the days."""

    counts: tuple[int, ...] = ()

    def __str__(self) -> SafeString:
        line = sparkline([Decimal(count) for count in self.counts], running=True)
        return format_html('{}<span class="sr">{}</span>', render_to_string("components/spark.html", {"spark": line}),
                           self.text)  # fmt: skip

    __html__ = __str__


def opened(seen: Seen) -> ArrowRows:
    """Every event of the catalogue that the caller sees, as the rows of a list."""
    table = seen.ask(QUESTION).table
    alarms = [_BETWEEN.join(kinds) or None for kinds in table["alarms"].to_pylist()]
    by_day = [_BETWEEN.join(map(str, days)) for days in table["by_day"].to_pylist()]
    properties = [", ".join(names) or None for names in table["properties"].to_pylist()]
    for name, texts in (("alarms", alarms), ("by_day", by_day), ("properties", properties)):
        table = table.set_column(table.column_names.index(name), name, pa.array(texts, pa.string()))
    return ArrowRows(table, "event")


def columns() -> tuple[Column, ...]:
    """The columns of the list."""
    return (
        Column("event", _("Event"), "link", card="start"),
        Column("feature", _("Feature"), "choice", card="start"),
        Column("events", _("Last 30 days"), "number", total=True, card="end"),
        Column("by_day", _("By day"), sortable=False, filterable=False, dress=_days),
        Column("users", _("Users"), "number"),
        Column("accounts", _("Accounts"), "number"),
        Column("alarms", _("Drift"), dress=_alarm, card="end"),
        Column("first_seen", _("First seen"), "moment"),
        Column("last_seen", _("Last seen"), "moment"),
        Column("owner", _("Owner"), "choice"),
        Column("hidden", _("Hidden"), "yes_no", shown=False),
        Column("properties", _("Properties"), shown=False),
        Column("description", _("Description"), shown=False),
    )


def listing() -> Listing:
    """The list of events."""
    return Listing(
        name="events",
        label=_("Events"),
        columns=columns(),
        key="event",
        sort="-events",
        search=("event", "feature", "description"),
        counted=lambda count: ngettext("%(count)s event", "%(count)s events", count) % {"count": f.exact(count)},
        empty=Empty(
            _("No event has come in yet"),
            _("Make a write key, and give it and the address of the port for events to a client library."),
            command="tenure api-key create website --role sender",
        ),
        row=lambda row: address(row["event"]),
        files={form: reverse("events_file", args=[form]) for form in ("csv", "xlsx")},
    )


def views() -> tuple[View, ...]:
    """The views that come with the list."""
    return (
        View(_("Shown"), "f=hidden~eq~no"),
        View(_("Drifting"), "f=alarms~set&f=hidden~eq~no"),
        View(_("Without a feature"), "f=feature~not_set&f=hidden~eq~no"),
        View(_("Hidden"), "f=hidden~eq~yes"),
        View(_("All"), ""),
    )


def address(event: str) -> str:
    """Where the page of an event is."""
    return f"{reverse('event')}?{urlencode({'event': event})}"


def one(seen: Seen, event: str, *, personal: bool) -> dict[str, Any]:
    """Everything the page of one event shows.

    Raises: QuestionRefused if there is no such event, or the caller does not see it.
    """
    rows = [row for row in seen.ask(QUESTION).to_dicts() if row["event"] == event]
    if not rows:
        raise QuestionRefused(
            "event.unknown",
            _("There is no event %(value)s.") % {"value": repr(event[:200])},
            fix=_("Choose one from the list of events."),
            field="event",
            value=event[:200],
        )
    (row,) = rows
    found = seen.ask({"question": "event_properties", "event": event})
    return {
        "heading": event,
        "facts": [
            (_("Last 30 days"), f.exact(row["events"])),
            (_("Users"), f.exact(row["users"])),
            (_("Accounts"), f.exact(row["accounts"])),
            (_("First seen"), _moment(row["first_seen"])),
            (_("Last seen"), _moment(row["last_seen"])),
        ],
        "entry": [
            (_("Feature"), row["feature"]),
            (_("Owner"), row["owner"]),
            (_("Description"), row["description"]),
            (_("Hidden"), _("yes") if row["hidden"] else _("no")),
        ],
        "values": {name: row[name] for name in ("feature", "owner", "description", "hidden")},
        "alarms": [said(alarm) for alarm in row["alarms"]],
        "spark": sparkline([Decimal(count) for count in row["by_day"]], running=True),
        "days": row["by_day"],
        "sampled": found.notes[0]["count"],
        "personal": personal,
        "properties": [
            {
                "name": each["property"],
                "types": ", ".join(str(TYPES[kind]) for kind in each["types"]),
                "share": f.percent(each["share"]),
                "changed": each["changed"],
                "examples": ", ".join(each["examples"] or ()),
            }
            for each in found.to_dicts()
        ],
    }


def drifting(seen: Seen) -> list[dict[str, Any]]:
    """The events that drift, hidden ones left out: name, address and what is the matter with each."""
    return [
        {"event": row["event"], "href": address(row["event"]), "owner": row["owner"] or f.NOTHING,
         "said": [said(alarm) for alarm in row["alarms"]]}
        for row in seen.ask(QUESTION).to_dicts()
        if row["alarms"] and not row["hidden"]
    ]  # fmt: skip


def said(alarm: str) -> str:
    """An alarm in a sentence."""
    if alarm == "new":
        return _("It came up in the last 7 days.")
    if alarm == "silent":
        return _("It used to come, and has stopped.")
    return _("The property %(name)s comes in a type it did not have before.") % {"name": alarm.removeprefix(TYPE)}


def _moment(stamp: Any) -> str:
    if stamp is None:
        return f.NOTHING
    local = timezone.localtime(stamp)
    return f"{f.day(local.date())} {local:%H:%M}"


def _days(row: Row, cell: Cell) -> Cell:
    counts = tuple(int(count) for count in row["by_day"].split(_BETWEEN))
    return Drawn(", ".join(map(str, counts)), counts=counts)


def _alarm(row: Row, cell: Cell) -> Cell:
    if row["alarms"] is None:
        return cell
    kinds = row["alarms"].split(_BETWEEN)
    words = [str(ALARMS.get(kind, _("Type changed"))) for kind in kinds]
    text = ", ".join(dict.fromkeys(words))
    return replace(cell, text=text, title=" ".join(said(kind) for kind in kinds), shape="due due--soon")
