"""Stickiness: in how many periods of a range they are active; and account by account, of how many seats."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.metrics.mrr import ratio
from tenure.warehouse.answer import Answer
from tenure.web import formatting as f
from tenure.web.behaviour import said
from tenure.web.behaviour.address import Word
from tenure.web.behaviour.lifecycle import PLACES, the_same
from tenure.web.behaviour.sheet import UNITS, Given, Row, Sheet, Table
from tenure.web.meter import meter

SHOWN = 200
WORDS = (
    Word("times", gettext_lazy("With at least so many events in a period"), "whole", "1"),
    Word("more", gettext_lazy("In so many periods or more"), "flag"),
)
SORTS: Mapping[str, Any] = {
    "mrr": gettext_lazy("MRR, the largest first"),
    "seat_use": gettext_lazy("Seats used, the emptiest first"),
    "stickiness": gettext_lazy("Stickiness, the lowest first"),
    "last_seen": gettext_lazy("Last seen, the longest ago first"),
}
SEAT_WORDS = (Word("sort", gettext_lazy("Order"), usual="mrr", options=SORTS),)
_COLUMNS: Mapping[str, Any] = {
    "account_id": gettext_lazy("Account id"),
    "name": gettext_lazy("Account"),
    "tier": gettext_lazy("Tier"),
    "mrr": gettext_lazy("MRR"),
    "daily": gettext_lazy("Users a day"),
    "weekly": gettext_lazy("In 7 days"),
    "monthly": gettext_lazy("In 28 days"),
    "stickiness": gettext_lazy("Stickiness"),
    "seats": gettext_lazy("Seats"),
    "seat_use": gettext_lazy("Seats used"),
    "last_seen": gettext_lazy("Last seen"),
}


def question(given: Given) -> dict[str, Any]:
    """The question of the page of stickiness."""
    asked: dict[str, Any] = {"question": "stickiness", "unit": given["unit"], **given.intervals, **_match(given)}
    times = given.whole("times", 1, 1_000_000)
    asked |= {"criteria": {"op": "gte", "value": times}} if times is not None and times > 1 else {}
    return asked | ({"cumulative": True} if given["more"] else {})


def _match(given: Given) -> dict[str, Any]:
    (match,) = given.events("m")
    return {"match": match.matcher} if match.matcher != {"event": None} else {}


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """How many are active in one, two, three of the periods."""
    rows = answer.to_dicts()
    every = _active(given, rows)
    widest = max((Decimal(row["units"]) for row in rows), default=Decimal(0))
    return {
        "title": _title(given, rows, every),
        "counted": UNITS[given["unit"]],
        "is_open": any(not row["complete"] for row in rows),
        "rows": [
            {
                "name": _periods(given, row["k"]),
                "units": f.exact(row["units"]),
                "share": f.percent(ratio(row["units"], every)),
                "bar": meter(widest, Decimal(row["units"]), widest),
                "href": given.people({"k": row["k"]}) if row["units"] else "",
            }
            for row in rows
        ],
        "notes": said.notes(answer.notes),
        "seats": the_same(given, "seats"),
    }


def _active(given: Given, rows: list[Row]) -> int:
    """Those who are active in one period at least."""
    return int(rows[0]["units"] if given["more"] and rows else sum(row["units"] for row in rows))


def _mean(given: Given, rows: list[Row], every: int) -> Decimal | None:
    """In what share of the periods those who are active at all are active, on average."""
    days = sum(row["units"] * (1 if given["more"] else row["k"]) for row in rows)
    return ratio(days, every * len(rows))


def _title(given: Given, rows: list[Row], every: int) -> str:
    mean = _mean(given, rows, every)
    if mean is None:
        return _("Nobody was active in these periods")
    return _("%(who)s active; on average in %(share)s of the periods") % {
        "who": said.units(given["unit"], every),
        "share": f.percent(mean),
    }


def _periods(given: Given, k: int) -> str:
    grain = given.stretch.grain
    if given["more"]:
        words = {
            "day": ngettext("on %(count)s day or more", "on %(count)s days or more", k),
            "week": ngettext("in %(count)s week or more", "in %(count)s weeks or more", k),
            "month": ngettext("in %(count)s month or more", "in %(count)s months or more", k),
        }
    else:
        words = {
            "day": ngettext("on %(count)s day", "on %(count)s days", k),
            "week": ngettext("in %(count)s week", "in %(count)s weeks", k),
            "month": ngettext("in %(count)s month", "in %(count)s months", k),
        }
    return words[grain] % {"count": k}


def table(given: Given, answer: Answer) -> Table:
    """Every number of periods."""
    return [_("Periods"), UNITS[given["unit"]]], [[row["k"], row["units"]] for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What a bar is called."""
    k = str(cell.get("k", ""))
    return _("Active %(periods)s") % {"periods": _periods(given, int(k) if k.isdecimal() and len(k) < 5 else 0)}


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The average share of the periods, and the distribution."""
    rows = answer.to_dicts()
    mean = _mean(given, rows, _active(given, rows))
    return {
        "value": f.percent(mean),
        "exact": f.plain(mean),
        "note": _("of the periods, on average"),
        "values": [Decimal(row["units"]) for row in rows],
        "running": any(not row["complete"] for row in rows),
    }


SHEET = Sheet(
    name="stickiness",
    path="activate/stickiness/",
    heading=gettext_lazy("Stickiness"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"match": "m", "criteria": "times", "cumulative": "more"},
)


# ------------------------------------------------------------------------------------------------ account by account


def seat_question(given: Given) -> dict[str, Any]:
    """The question of the page of seats: up to yesterday, or to the end of the range that the address names."""
    asked: dict[str, Any] = {"question": "account_stickiness", **_match(given)}
    last = given.stretch.days[1]
    named = any(name == "to" for name, _value in given.said) and last < given.stretch.today - timedelta(days=1)
    return asked | ({"as_of": last.isoformat()} if named else {})


def _sorted(given: Given, rows: list[Row]) -> list[Row]:
    """The rows in the order that was chosen; those without a figure last."""
    by = given["sort"]
    if by == "mrr":
        return rows
    return sorted(rows, key=lambda row: (row[by] is None, row[by] if row[by] is not None else 0))


def seat_board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """A row for each account."""
    rows = _sorted(given, answer.to_dicts())
    currency = answer.definition["settings"]["reporting_currency"]
    left = len(rows) - SHOWN
    return {
        "title": _seat_title(rows),
        "summary": _(
            "On an average day %(share)s of the users of 28 days come. Accounts that are not sold by seats have none."
        )
        % {"share": f.percent(_daily(rows))},
        "heads": _COLUMNS,
        "rows": [_account(given, row, currency) for row in rows[:SHOWN]],
        "more": ngettext("%(count)s more is in the file.", "%(count)s more are in the file.", left)
        % {"count": f.exact(left)}
        if left > 0
        else "",
        "notes": said.notes(answer.notes),
    }


def _seat_use(rows: list[Row]) -> tuple[int, Decimal, Decimal | None]:
    """(users, seats, users / seats) of all accounts that have seats."""
    with_seats = [row for row in rows if row["seats"] is not None]
    users, seats = sum(row["monthly"] for row in with_seats), sum((row["seats"] for row in with_seats), Decimal(0))
    return users, seats, ratio(users, seats)


def _daily(rows: list[Row]) -> Decimal | None:
    """Users of an average day over those of the 28 days, of all accounts together."""
    daily = sum((Decimal(row["daily"]) for row in rows), Decimal(0))
    return ratio(daily, sum(row["monthly"] for row in rows))


def _seat_title(rows: list[Row]) -> str:
    users, seats, use = _seat_use(rows)
    if use is None:
        return _("No account has bought seats")
    places = {"users": f.exact(users), "seats": f.exact(seats), "share": f.percent(use)}
    return _("%(users)s active users of %(seats)s seats bought, %(share)s") % places


def _account(given: Given, row: Row, currency: str) -> dict[str, Any]:
    use = row["seat_use"]
    seen = None if row["last_seen"] is None else timezone.localtime(row["last_seen"])
    return {
        "name": row["name"] or row["account_id"],
        "tier": row["tier"] or "",
        "href": reverse("account_record", args=[row["account_id"]]) if row["name"] else "",
        "mrr": f.exact(row["mrr"], f.places_of([row["mrr"]], currency)),
        "daily": f.exact(row["daily"], 1),
        "weekly": f.exact(row["weekly"]),
        "monthly": f.exact(row["monthly"]),
        "stickiness": f.percent(row["stickiness"]),
        "seats": f.exact(row["seats"]),
        "seat_use": f.percent(use, 0),
        "bar": None if use is None else meter(Decimal(1), min(use, Decimal(1)), Decimal(1)),
        "last_seen": f.NOTHING if seen is None else f.moment(seen),
        "moment": "" if seen is None else seen.isoformat(" ", "seconds"),
    }


def seat_table(given: Given, answer: Answer) -> Table:
    """Every account, exact."""
    return [*_COLUMNS.values()], [[row[name] for name in _COLUMNS] for row in _sorted(given, answer.to_dicts())]


def seat_behind(given: Given, cell: Row) -> str:
    """What a row is called."""
    return _("Active in 28 days: %(account)s") % {"account": cell.get("account_id", "")}


def seat_figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The share of all seats that are used."""
    users, seats, use = _seat_use(answer.to_dicts())
    return {
        "value": f.percent(use),
        "exact": f.plain(use),
        "note": _("%(users)s users of %(seats)s seats") % {"users": f.exact(users), "seats": f.exact(seats)},
        "values": [],
        "running": False,
    }


SEATS = Sheet(
    name="seats",
    path="activate/seats/",
    heading=gettext_lazy("Users and seats"),
    places=PLACES,
    words=SEAT_WORDS,
    question=seat_question,
    board=seat_board,
    table=seat_table,
    behind=seat_behind,
    figure=seat_figure,
    fields={"match": "m"},
    counts_units=False,
)
