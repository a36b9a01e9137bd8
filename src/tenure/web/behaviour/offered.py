"""What the fields of a form offer: events, properties and values that were seen lately, the most frequent first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenure.core.errors import TenureError
from tenure.warehouse.matchers import ACCOUNT_TRAITS, CONTACT_TRAITS
from tenure.web import asking
from tenure.web.asking import Computing, Seen
from tenure.web.behaviour.address import written

LATELY = timedelta(days=92)
MOST_VALUES = 100
PROPERTIES = (*ACCOUNT_TRAITS, *CONTACT_TRAITS)
"""What is known of accounts and contacts, and may stand where a property of an event does."""
_NOT_A_VALUE = ("(none)", "Other")


def events(seen: Seen) -> list[str]:
    """Names of events as an address writes them; what the catalogue hides as noise is not offered."""
    shown = [row for row in _catalogue(seen) if not row["hidden"]]
    return [written(row["event"]) for row in sorted(shown, key=lambda row: (-row["events"], row["event"]))]


def properties(seen: Seen) -> list[str]:
    """Names of properties: those of events, and what is known of accounts and contacts, which may stand for them."""
    own = {name for row in _catalogue(seen) if not row["hidden"] for name in row["properties"]}
    return [*sorted(own), *(name for name in PROPERTIES if name not in own)]


def _catalogue(seen: Seen) -> list[dict[str, Any]]:
    try:
        return seen.ask({"question": "event_catalogue"}).to_dicts()
    except Computing:  # names are offered once the cluster has found them
        return []


def values(seen: Seen, prop: str) -> list[str]:
    """Values of a property; none where the reader may not know them."""
    try:
        return _frequent(seen, prop, MOST_VALUES) if prop else []
    except (TenureError, Computing):
        return []


def of_accounts(seen: Seen) -> list[str]:
    """Values of the fields by which a page is narrowed."""
    found = seen.ask({"question": "accounts"}).table.select(["tier", "owner", "region", "industry"])
    return sorted({value for column in found.columns for value in column.unique().to_pylist() if value})


def _frequent(seen: Seen, prop: str, most: int) -> list[str]:
    today = asking.today(seen)
    days = {"from": (today - LATELY).isoformat(), "to": (today + timedelta(days=1)).isoformat(), "period": "month"}
    asked = {"question": "trend", **days, "breakdown": {"prop": prop, "limit": most}}
    often: dict[str, Any] = {}
    for row in seen.ask(asked).to_dicts():
        often[row[prop]] = often.get(row[prop], 0) + row["value"]
    return sorted((name for name in often if name not in _NOT_A_VALUE), key=lambda name: (-often[name], name))
