"""Closing months: which are closed, what moved in them since, what to look at before, and who did what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.apps.subscriptions import selectors
from tenure.core.errors import QuestionRefused
from tenure.core.periods import add_months, label, parse_label
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.choices import not_shown, refused
from tenure.web.export import exports
from tenure.web.range import picker
from tenure.web.records import said
from tenure.web.records.kinds import kind_of
from tenure.web.records.words import KINDS as KINDS_WITH_PAGES
from tenure.web.stretch import Stretch
from tenure.web.subscriptions import anomalies, checks, proof
from tenure.web.subscriptions.board import Ask, made_of
from tenure.web.subscriptions.figures import Row, net_new
from tenure.web.subscriptions.health import tried_section
from tenure.web.subscriptions.names import Names
from tenure.web.subscriptions.proof import Figure
from tenure.web.subscriptions.words import GAINS, KINDS, LOSSES, TABLES

GRAIN = ("month",)
CHANGES: Mapping[str, Any] = {
    "added": gettext_lazy("Recorded after the close"),
    "superseded": gettext_lazy("Withdrawn after the close"),
    "replaced": gettext_lazy("Changed after the close"),
    "carried": gettext_lazy("Carried over from an earlier month"),
}
"""Why the figures of an account moved in a closed month."""
VERBS: Mapping[str, Any] = {"closed": gettext_lazy("closed"), "reopened": gettext_lazy("opened again")}


def month_of(text: str, today: date) -> str:
    """A month that is over, as an address names it.

    Raises: QuestionRefused for anything else.
    """
    try:
        first, after, _is_day = parse_label(text)
    except ValueError:
        raise refused("month", text, ["2026-10"]) from None
    if label(first, "month") != text:
        raise refused("month", text, [label(first, "month")])
    if after > today:
        raise QuestionRefused(
            "close.month_not_over",
            f"{text} is not over.",
            fix="Close it from the first day of the next month on.",
            month=text,
        )
    return text


# ------------------------------------------------------------------------------------------------------ the months


def board(opened: Seen, stretch: Stretch) -> dict[str, Any]:
    """The months of a stretch with their state, as values a template only has to print."""
    rows, currency, answer = _months(opened.ask, stretch)
    places = f.places_of([row["now"] for row in rows], currency)
    return {
        "range": picker(stretch, "closing", compares=False, grains=GRAIN),
        "facts": [made_of(answer)],
        "title": _title(rows),
        "unit": f.symbol(currency).strip(),
        "rows": [
            {
                "label": f.period(row["month"]),
                "href": address(row["month"]),
                "is_closed": row["closed"] is not None,
                "by": row["closed"]["closed_by"] if row["closed"] else "",
                "at": f.moment(timezone.localtime(row["closed"]["closed_at"])) if row["closed"] else "",
                "note": (row["closed"]["note"] or "") if row["closed"] else "",
                "then": f.exact(row["then"], places) if row["closed"] else f.NOTHING,
                "then_exact": f.plain(row["then"]),
                "now": f.exact(row["now"], places),
                "now_exact": f.plain(row["now"]),
                "now_href": Figure("month", row["month"], "close", None, "").address(),
                "gap": _gap(row, places),
                "restatements": row["restatements"],
            }
            for row in reversed(rows)
        ],
        "exports": exports("closing_file", query=stretch.query()),
    }


def _gap(row: Row, places: int) -> str:
    """What moved since the close; nothing of a month that is open, or in which nothing moved."""
    if row["closed"] is None or not row["restatements"]:
        return ""
    return f.exact(row["now"] - row["then"], places, plus=True)


def _title(rows: Sequence[Row]) -> str:
    still = [row for row in rows if row["closed"] is None]
    moved = [row for row in rows if row["restatements"]]
    places = {"open": f.exact(len(still)), "moved": f.exact(len(moved)), "count": f.exact(len(rows))}
    if moved:
        return (
            ngettext(
                "%(open)s of %(count)s months are not closed, and %(moved)s closed month has moved since",
                "%(open)s of %(count)s months are not closed, and %(moved)s closed months have moved since",
                len(moved),
            )
            % places
        )
    if still:
        return _("%(open)s of %(count)s months are not closed, and no closed month has moved since") % places
    return _("All %(count)s months are closed, and none has moved since") % places


def _months(ask: Ask, stretch: Stretch) -> tuple[list[Row], str, Any]:
    """Each finished month: its close as known now, and at its close if it is closed."""
    stretched = {"from": stretch.first, "to": stretch.last}
    answer = ask({"question": "movements", **stretched})
    closed = {row["month"]: row for row in ask({"question": "closes", **stretched}).to_dicts()}
    restated: dict[str, list[Row]] = {}
    for row in ask({"question": "restatements", **stretched}).to_dicts() if closed else []:
        restated.setdefault(row["month"], []).append(row)
    rows = []
    for row in answer.to_dicts():
        if not row["complete"]:
            continue
        since = restated.get(row["period"], [])
        moved = sum((one["amount"] for one in since), Decimal(0))
        rows.append(
            {
                "month": row["period"],
                "now": row["close"],
                "then": row["close"] - moved,
                "closed": closed.get(row["period"]),
                "restatements": len(since),
            }
        )
    return rows, answer.definition["settings"]["reporting_currency"], answer


def table(ask: Ask, stretch: Stretch) -> tuple[list[Any], list[list[Any]]]:
    """The months of the page, exact, for a file."""
    rows, _currency, _answer = _months(ask, stretch)
    heads = [
        *(_("Month"), _("State"), _("MRR at the close"), _("MRR now"), _("Difference"), _("Restatements")),
        *(_("Closed by"), _("Closed at"), _("Note")),
    ]
    lines = []
    for row in reversed(rows):
        closed = row["closed"]
        lines.append(
            [
                row["month"],
                _("closed") if closed else _("not closed"),
                row["then"] if closed else None,
                row["now"],
                row["now"] - row["then"] if closed else None,
                row["restatements"],
                *((closed["closed_by"], closed["closed_at"], closed["note"] or "") if closed else ("", None, "")),
            ]
        )
    return heads, lines


def address(month: str, route: str = "closing_month") -> str:
    return reverse(route, args=[month])


# --------------------------------------------------------------------------------------------------------- a month


def month_page(opened: Seen, month: str, names: Names) -> dict[str, Any]:
    """One month: what to look at before it is closed, or what moved in it since; and what was done with it."""
    ask = opened.ask
    answer = ask({"question": "movements", "from": month, "to": month})
    (row,) = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    closed = next(iter(ask({"question": "closes", "from": month, "to": month}).to_dicts()), None)
    shown: dict[str, Any] = {
        "month": month,
        "name": f.period(month),
        "facts": [made_of(answer)],
        "is_closed": closed is not None,
        "history": _history(month),
    }
    if closed is None:
        return shown | {"checklist": _checklist(opened, month), "figures": _figures(row, month, currency)}
    return shown | {
        "closed": {
            "by": closed["closed_by"],
            "at": f.moment(timezone.localtime(closed["closed_at"])),
            "note": closed["note"] or "",
        },
        **_restated(ask, month, row, currency, names),
    }


def _figures(row: Row, month: str, currency: str) -> list[dict[str, str]]:
    """What would be closed: the opening, what moved it, the close."""
    kinds = ("open", *(kind for kind in (*GAINS, *LOSSES, "fx") if row[kind]), "close")
    return [
        {
            "label": KINDS[kind],
            "text": str(f.short(row[kind], currency=currency, plus=kind not in ("open", "close"))),
            "exact": f.money(row[kind], currency),
            "href": Figure("month", month, kind, None, "").address(),
        }
        for kind in kinds
    ]


def _checklist(opened: Seen, month: str) -> dict[str, Any]:
    """What should be looked at before a month is closed; nothing of it forbids closing."""
    found = anomalies.touching(opened.ask, month)
    rates = [row for row in found if row["kind"] == "missing_rate"]
    others = len(found) - len(rates)
    before = label(add_months(parse_label(month)[0], -1), "month")
    tried = checks.of_month(opened.ask, month)
    items = [
        _item(
            all(check.ok for check in tried),
            ngettext("The %(count)s check holds", "All %(count)s checks hold", len(tried)) % {"count": len(tried)},
            _("A check of this month failed"),
            "#checks-title",
        ),
        _item(
            not rates,
            _("Every exchange rate of the month is known"),
            _("Rates are missing: %(names)s") % {"names": ", ".join(row["row"] for row in rates)},
            anomalies.address("missing_rate"),
        ),
        _item(
            not others,
            _("No anomaly touches the month"),
            ngettext("%(count)s anomaly touches the month", "%(count)s anomalies touch the month", others)
            % {"count": f.exact(others)},
            anomalies.address(""),
        ),
    ]
    if opened.ask({"question": "movements", "from": before, "to": before}).to_dicts()[0]["close"]:
        is_closed = bool(opened.ask({"question": "closes", "from": before, "to": before}).to_dicts())
        places = {"month": f.period(before)}
        items.append(
            _item(is_closed, _("%(month)s is closed") % places, _("%(month)s is still open") % places, address(before))
        )
    doubtful = sum(1 for item in items if not item["ok"])
    said = ngettext("%(count)s thing to look at first", "%(count)s things to look at first", doubtful)
    return {
        "title": said % {"count": doubtful} if doubtful else _("Nothing stands in the way"),
        "items": sorted(items, key=lambda item: item["ok"]),
        "checks": tried_section(tried),
    }


def _item(ok: bool, good: str, doubtful: str, href: str) -> dict[str, Any]:
    return {"ok": ok, "text": good if ok else doubtful, "href": href}


def _restated(ask: Ask, month: str, row: Row, currency: str, names: Names) -> dict[str, Any]:
    """A closed month: its figure then and now, and line by line what makes the difference."""
    answer = ask({"question": "restatements", "from": month, "to": month})
    rows = answer.to_dicts()
    moved = sum((one["amount"] for one in rows), Decimal(0))
    called = names([one["account_id"] for one in rows])
    places = f.places_of([one["amount"] for one in rows], currency)
    rows.sort(key=lambda one: (-abs(one["amount"]), one["account_id"], one["kind"]))
    count = len(rows)
    title = ngettext("%(count)s restatement since the close", "%(count)s restatements since the close", count)
    return {
        "then": f.money(row["close"] - moved, currency),
        "now": f.money(row["close"], currency),
        "now_href": Figure("month", month, "close", None, "").address(),
        "gap": f.money(moved, currency, plus=True),
        "net": f.money(net_new(row), currency, plus=True),
        "restated": {
            "title": title % {"count": f.exact(count)} if count else _("Nothing has moved since the close"),
            "unit": f.symbol(currency).strip(),
            "rows": [
                {
                    "account": called.get(one["account_id"], one["account_id"]),
                    "href": rows_address(month, one["account_id"]),
                    "kind": KINDS[one["kind"]],
                    "code": one["kind"],
                    "amount": f.exact(one["amount"], places, plus=True),
                    "exact": f.plain(one["amount"]),
                    "reason": CHANGES[one["reason"]],
                    "sources": len(one["rows"]),
                }
                for one in rows
            ],
            "total": f.exact(moved, places, plus=True),
            "checks": [{"ok": check["ok"], "text": proof.check_said(check["name"])} for check in answer.checks],
        },
        "exports": exports("restatements_file", month),
    }


def rows_address(month: str, account: str) -> str:
    return f"{reverse('restatement_rows')}?{urlencode({'month': month, 'account': account})}"


def restatements_table(ask: Ask, month: str, names: Names) -> tuple[list[Any], list[list[Any]]]:
    """The restatements of a month, exact, for a file."""
    rows = ask({"question": "restatements", "from": month, "to": month}).to_dicts()
    called = names([row["account_id"] for row in rows])
    heads = [_("Month"), _("Account"), _("Account id"), _("Kind"), _("Amount"), _("Reason"), _("Rows"), _("Closed by")]
    return heads, [
        [
            *(row["month"], called.get(row["account_id"], row["account_id"]), row["account_id"], KINDS[row["kind"]]),
            *(row["amount"], CHANGES[row["reason"]], " ".join(row["rows"]), row["closed_by"]),
        ]
        for row in rows
    ]


def _history(month: str) -> list[dict[str, str]]:
    """Who closed the month and opened it again, the newest first."""
    return [
        {
            "verb": VERBS[step.verb],
            "at": f.moment(timezone.localtime(step.at)),
            "by": step.actor,
            "reason": step.reason,
        }
        for step in selectors.close_steps(month)
    ]


def behind(opened: Seen, query: Mapping[str, str], names: Names) -> dict[str, Any]:
    """The proof of what moved of one account in a closed month: the lines, who did what since, and the rows."""
    month, account = month_of(query.get("month", ""), asking.today(opened)), query.get("account", "")
    answer = opened.ask({"question": "restatements", "from": month, "to": month})
    lines = [row for row in answer.to_dicts() if row["account_id"] == account]
    if not lines:
        raise not_shown("account", account)
    currency = answer.definition["settings"]["reporting_currency"]
    moved = sum((line["amount"] for line in lines), Decimal(0))
    (closed,) = opened.ask({"question": "closes", "from": month, "to": month}).to_dicts()
    rows = answer.rows_behind({"month": month, "account_id": account})
    places = f.places_of([line["amount"] for line in lines], currency)
    return {
        "title": _("%(month)s: what moved since it was closed") % {"month": f.period(month)},
        "where": names([account]).get(account, account),
        "kind": CHANGES[lines[0]["reason"]],
        "figure": f.money(moved, currency, plus=True),
        "exact": f.plain(moved),
        "rule": _("Now less then. Closed by %(name)s, %(at)s.")
        % {"name": closed["closed_by"], "at": f.moment(timezone.localtime(closed["closed_at"]))},
        "unit": f.symbol(currency).strip(),
        "lines": [
            {
                "code": line["kind"],
                "label": KINDS[line["kind"]],
                "amount": f.exact(line["amount"], places, plus=True),
                "exact": f.plain(line["amount"]),
            }
            for line in lines
        ],
        "steps": _steps(rows.to_pylist(), closed["closed_at"]),
        **proof.evidence(answer),
        **proof.sources(rows),
        "here": rows_address(month, account),
    }


def _steps(rows: Sequence[Row], since: datetime) -> list[dict[str, Any]]:
    """Who did what to the rows after the close, the newest first."""
    out = []
    for name, step in selectors.steps_since([(row["table"], row["row_id"]) for row in rows], since):
        kind = kind_of(name)
        version = step.version or step.former
        (told,) = said.told(kind, [step], ())
        href = said.address(kind, version) if name in KINDS_WITH_PAGES else ""
        out.append({**told, "table": TABLES[name], "name": said.name(kind, version, ()), "href": href})
    return out
