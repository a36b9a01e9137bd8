"""What the people of an account do with the product: how many come, when they were last seen, what they use, of how
many seats; and what peers of the same tier use. Read when the page is there already: events are many.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.core.periods import first_day
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.meter import meter
from tenure.web.records.account import Account
from tenure.web.sparkline import sparkline

WEEKS = 26
FOUR_WEEKS: Mapping[str, Any] = {"period": "week", "intervals": 4, "columns": 1}
FEATURES_SHOWN = 12
ALL = Decimal(1)


def usage(account: Account) -> dict[str, Any]:
    """The part of the page; `is_silent` where nothing was ever done, and there are no seats."""
    found = account.opened.ask({"question": "account_stickiness", **account.only}).to_dicts()
    row = next((one for one in found if one["last_seen"] is not None or one["seats"] is not None), None)
    if row is None:
        return {"is_silent": True}
    weeks = _weeks(account)
    return {
        "title": _title(row),
        "facts": _facts(row),
        "spark": sparkline([week["value"] for week in weeks], bool(weeks) and not weeks[-1]["complete"]),
        "weeks": [
            {
                "label": f.period(week["interval"], "week"),
                "running": "" if week["complete"] else _("not over"),
                "text": f.exact(week["value"]),
            }
            for week in reversed(weeks)
        ],
        **_features(account),
    }


def _title(row: Mapping[str, Any]) -> str:
    if row["last_seen"] is None:
        return _("Nobody of it has ever come")
    told = {"users": f.exact(row["monthly"]), "seen": f.moment(timezone.localtime(row["last_seen"]))}
    if not row["monthly"]:
        return _("Nobody came in 28 days; last seen %(seen)s") % told
    count = row["monthly"]
    return (
        ngettext(
            "%(users)s user active in 28 days, last seen %(seen)s",
            "%(users)s users active in 28 days, last seen %(seen)s",
            count,
        )
        % told
    )


def _facts(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """The figures beside the line."""
    facts = [
        {"label": _("Users active in 7 days"), "text": f.exact(row["weekly"])},
        {"label": _("Users on an average day"), "text": f.exact(row["daily"], 1)},
        {"label": _("Of those of 28 days"), "text": f.percent(row["stickiness"])},
    ]
    if row["seats"] is None:
        return facts
    told = {"users": f.exact(row["monthly"]), "seats": f.exact(row["seats"]), "share": f.percent(row["seat_use"], 0)}
    return [*facts, {"label": _("Seats used"), "text": _("%(users)s of %(seats)s, %(share)s") % told}]


def _weeks(account: Account) -> list[dict[str, Any]]:
    """Users of each of the last weeks, the running one last."""
    today = asking.today(account.opened)
    first = first_day(today, "week", account.opened.definition().first_weekday) - timedelta(weeks=WEEKS)
    days = {"from": first.isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    asked = {"question": "trend", "measure": "users", "period": "week", **days, **account.only}
    return account.opened.ask(asked).to_dicts()


def _features(account: Account) -> dict[str, Any]:
    """What it used in four weeks beside the share of its peers that did, the most usual among them first."""
    asked = {"question": "feature_retention", **FOUR_WEEKS}
    tier = None if account.record is None else account.record.tier
    ours = {row["feature"]: row for row in account.opened.ask({**asked, **account.only}).to_dicts()}
    peers = account.opened.ask({**asked, **({"where": {"tier": tier}} if tier else {})}).to_dicts()
    shown = sorted(peers, key=lambda row: (-row["reach"], row["feature"]))[:FEATURES_SHOWN]
    used = sum(row["feature"] in ours for row in shown)
    return {
        "peers": _("accounts of tier %(tier)s") % {"tier": tier} if tier else _("all accounts"),
        "used": _("It uses %(used)s of the %(count)s features that most of them use.")
        % {"used": f.exact(used), "count": f.exact(len(shown))},
        "features": [
            {
                "name": row["feature"],
                "used": row["feature"] in ours,
                "share": f.percent(row["share_of_active"], 0),
                "bar": meter(ALL, row["share_of_active"] or Decimal(0), ALL),
            }
            for row in shown
        ],
    }
