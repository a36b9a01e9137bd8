"""The proof of one figure as four links: the figure, its accounts, one account's movements, its source rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pyarrow.compute as pc
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.core.errors import QuestionRefused
from tenure.core.periods import CIVIL, GRAINS, Calendar, next_first_day
from tenure.warehouse.answer import Answer
from tenure.web import definition
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.choices import not_shown, one_of, refused
from tenure.web.export import exports
from tenure.web.subscriptions.definition_words import SETTINGS
from tenure.web.subscriptions.figures import net_new
from tenure.web.subscriptions.words import (
    COMMITTED,
    EXPIRING,
    GAINS,
    KINDS,
    LIFETIME,
    LOSSES,
    METHODS,
    REASONS,
    RENEWALS,
    SLICES,
    STATES,
    STATES_SAID,
    TABLES,
    WHY,
)

ACCOUNTS_SHOWN = 100
SOURCE_ROWS_SHOWN = 100
SUMMANDS_SHOWN = 8
NOT_GIVEN = "(none)"
"""How an answer names the slice of rows without a value."""
NET = (*GAINS, *LOSSES)
Names = Callable[[list[str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """Which figure is proven: a kind of movement (or a state) in a period, or in the first `days` days of it."""

    grain: str
    period: str
    kind: str
    days: int | None
    account: str
    calendar: Calendar = CIVIL
    kept: tuple[tuple[str, str], ...] = ()
    """what else the address says: the slice its page is narrowed to"""
    piece: tuple[str, str] | None = None
    """field and value of the slice of the page's figures that this one is of"""

    @property
    def first(self) -> date:
        return self.calendar.first(self.period)

    @property
    def stretch(self) -> dict[str, str]:
        """The fields of a question about this period."""
        if self.days is None:
            return self.calendar.asked(self.period, self.period, self.grain)
        stop = min(self.first + timedelta(days=self.days), next_first_day(self.first, self.grain))
        return {"from": self.first.isoformat(), "to": stop.isoformat(), "grain": self.grain}

    @property
    def question(self) -> dict[str, Any]:
        """The question whose answer holds the figure."""
        return {"question": "movements", **self.stretch, "by": [] if self.piece is None else [self.piece[0]]}

    @property
    def cell(self) -> dict[str, str]:
        own = {"period": self.period} if self.kind == "net" else {"period": self.period, "kind": self.kind}
        return own if self.piece is None else {**own, self.piece[0]: self.piece[1]}

    def row(self, answer: Answer) -> Mapping[str, Any]:
        """The row of the answer that holds the figure.

        Raises: QuestionRefused if there is no such slice in the period.
        """
        for row in answer.to_dicts():
            if self.piece is None or row[self.piece[0]] == self.piece[1]:
                return row
        raise refused("slice", "~".join(self.piece or ()), [f"{self.piece[0]}~…" if self.piece else "…"])

    def address(self, route: str = "movement_rows", **more: str) -> str:
        return f"{reverse(route)}?{self.query(**more)}"

    def query(self, **more: str) -> str:
        own = {"grain": self.grain, "period": self.period, "kind": self.kind}
        if self.days is not None:
            own["days"] = str(self.days)
        if self.piece is not None:
            own["slice"] = "~".join(self.piece)
        return urlencode([*{**own, **more}.items(), *self.kept])

    def of(self, row: Mapping[str, Any]) -> Decimal:
        return net_new(row) if self.kind == "net" else row[self.kind]


def figure(query: Mapping[str, str], calendar: Calendar) -> Figure:
    """The figure an address names.

    Raises: QuestionRefused if it names none.
    """
    grain, period, kind = query.get("grain", "month"), query.get("period", ""), query.get("kind", "")
    if grain not in GRAINS:
        raise refused("grain", grain, list(GRAINS))
    if kind not in KINDS:
        raise refused("kind", kind, list(KINDS))
    try:
        name = calendar.name(calendar.first(period), grain)
        calendar.after(name, grain)
    except (ValueError, OverflowError):
        raise refused("period", period, ["2026-10", "2026-Q4", "2026"]) from None
    days = query.get("days", "")
    if days and not (days.isascii() and days.isdigit() and 1 <= int(days) <= 366):
        raise refused("days", days, ["1 … 366"])
    field, _tilde, value = query.get("slice", "").partition("~")
    if field and field not in SLICES:
        raise refused("slice", field, [f"{name}~…" for name in SLICES])
    piece = (field, value) if field else None
    return Figure(
        grain, name, kind, int(days) if days else None, query.get("account", ""), calendar, kept_of(query), piece
    )


def kept_of(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The words of an address that say what its figures are of: the definition, and the slice they are narrowed to."""
    narrowed = query.getlist("f") if isinstance(query, QueryDict) else []
    return (*definition.kept(query), *(("f", text) for text in narrowed))


def chain(opened: Seen, query: Mapping[str, str], names: Names) -> dict[str, Any]:
    """The four links as values a template only has to print.

    Raises: QuestionRefused for a figure that there is not, or an account that the reader does not see.
    """
    proven = figure(query, opened.definition().calendar)
    answer = opened.ask(proven.question)
    row = proven.row(answer)
    currency = answer.definition["settings"]["reporting_currency"]
    total = proven.of(row)
    accounts, count = _accounts(opened, proven)
    listed = any(a["account_id"] == proven.account for a in accounts)
    if proven.account and not listed and not opened.has_account(proven.account):
        raise not_shown("account", proven.account)
    chosen = proven.account or (accounts[0]["account_id"] if accounts else "")
    called = names([*(a["account_id"] for a in accounts), chosen])
    places = f.places_of([proven.of(a) for a in accounts], currency)
    unit = f.symbol(currency).strip()
    return {
        "title": _("%(kind)s: where it comes from") % {"kind": KINDS[proven.kind]},
        "where": _where(proven),
        "kind": KINDS[proven.kind],
        "figure": f.money(total, currency, plus=proven.kind not in ("open", "close")),
        "exact": f.plain(total),
        "formula": _formula(proven, accounts, count, total, places),
        "rule": _rule(proven.kind),
        **evidence(answer),
        "unit": unit,
        "accounts": [
            {
                "name": called.get(a["account_id"], a["account_id"]),
                "href": proven.address(account=a["account_id"]),
                "amount": f.exact(proven.of(a), places, plus=proven.kind not in ("open", "close")),
                "exact": f.plain(proven.of(a)),
                "chosen": a["account_id"] == chosen,
            }
            for a in accounts
        ],
        "accounts_title": ngettext("%(count)s account", "%(count)s accounts", count) % {"count": f.exact(count)},
        "accounts_total": _("together %(amount)s") % {"amount": f.money(total, currency)},
        "accounts_more": more(count - len(accounts)),
        "account": called.get(chosen, chosen),
        **_one_account(opened, proven, chosen),
        "exports": exports("movement_rows_file", query=proven.query()),
        "here": proven.address(**({"account": proven.account} if proven.account else {})),
    }


def table(opened: Seen, query: Mapping[str, str]) -> tuple[list[str], list[list[Any]]]:
    """Every source row behind a figure, for a file."""
    proven = figure(query, opened.definition().calendar)
    rows = opened.ask(proven.question).rows_behind(proven.cell)
    return rows.column_names, [[_cell(value) for value in row.values()] for row in rows.to_pylist()]


def _cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value
    return "" if value is None else value.isoformat() if hasattr(value, "isoformat") else value


def _accounts(opened: Seen, proven: Figure) -> tuple[list[dict[str, Any]], int]:
    """The accounts the figure is made of, the largest first, and how many there are in all."""
    question = proven.question
    found = opened.ask({**question, "by": [*question["by"], "account_id"]}).table
    if proven.piece is not None:
        found = found.filter(pc.equal(found[proven.piece[0]], proven.piece[1]))
    columns = NET if proven.kind == "net" else (proven.kind,)
    moved = pc.not_equal(found[columns[0]], 0)
    for name in columns[1:]:
        moved = pc.or_(moved, pc.not_equal(found[name], 0))
    found = found.filter(moved)
    if proven.kind != "net":
        order = pc.sort_indices(pc.abs(found[proven.kind]), sort_keys=[("", "descending")])
        return found.take(order.slice(0, ACCOUNTS_SHOWN)).to_pylist(), found.num_rows
    rows = sorted(found.to_pylist(), key=lambda row: -abs(net_new(row)))
    return rows[:ACCOUNTS_SHOWN], len(rows)


def _one_account(opened: Seen, proven: Figure, account: str) -> dict[str, Any]:
    """The movements of one account in the period, and the source rows behind its part of the figure."""
    if not account:
        return {"moves": [], "sources": [], "moves_title": "", "sources_title": "", "sources_more": ""}
    only = {"where": {"account_id": account}}
    asked = {**proven.question, **only}
    stretch = {key: value for key, value in proven.stretch.items() if key != "grain"}
    moves = opened.ask({"question": "ledger", **stretch, **only}).to_dicts()
    places = f.places_of([move["amount"] for move in moves])
    behind = opened.ask(asked).rows_behind(proven.cell)
    counted = {"count": f.exact(len(moves))}
    return {
        "moves_title": ngettext("%(count)s movement of this account", "%(count)s movements of this account", len(moves))
        % counted,
        "moves": [
            {
                "date": move["date"].isoformat(),
                "kind": move["kind"],
                "label": KINDS[move["kind"]],
                "reason": REASONS.get(move["reason"], move["reason"]),
                "amount": f.exact(move["amount"], places, plus=True),
                "exact": f.plain(move["amount"]),
            }
            for move in moves
        ],
        **sources(behind),
    }


def contracts(opened: Seen, query: Mapping[str, str]) -> dict[str, Any]:
    """The proof of a figure of the renewals: how it is counted, and the contracts it counts."""
    grain, period, kind = query.get("grain", "month"), query.get("period", ""), query.get("kind", "")
    named = {**EXPIRING, **RENEWALS}
    if kind not in named:
        raise refused("kind", kind, list(named))
    named_by = {"grain": grain, "period": period, "kind": "net", "slice": query.get("slice", "")}
    asked = replace(figure(named_by, opened.definition().calendar), kept=kept_of(query))
    answer = opened.ask({**asked.question, "question": "renewals"})
    value = asked.row(answer)[kind]
    return {
        "title": _("%(kind)s: where it comes from") % {"kind": named[kind]},
        "where": _where(asked),
        "kind": named[kind],
        "figure": f.exact(value) if isinstance(value, int) else f.percent(value),
        "exact": f.plain(value),
        "rule": _("A contract belongs to the period of its last day of service; a successor in time renews it."),
        **evidence(answer),
        **sources(answer.rows_behind({**asked.cell, "kind": kind})),
        "here": asked.address("renewal_rows", kind=kind),
    }


def contract(opened: Seen, query: Mapping[str, str], names: Names) -> dict[str, Any]:
    """The proof of one contract that is due: what it is worth, its state, its rows and its successors'.

    Raises: QuestionRefused if there is no such contract.
    """
    wanted, account = query.get("contract", ""), query.get("account", "")
    every = {"from": "1900-01-01", "to": "9998-01-01", "where": {"account_id": account}}
    answer = opened.ask({"question": "contracts_due", **every})
    row = next((row for row in answer.to_dicts() if row["contract_id"] == wanted), None)
    if row is None:
        raise QuestionRefused(
            "page.no_contract",
            f"There is no contract {wanted!r} of account {account!r}.",
            fix="Open the contract from the list of renewals.",
            field="contract",
            value=wanted,
        )
    currency = answer.definition["settings"]["reporting_currency"]
    address = {"account": row["account_id"], "contract": wanted}
    return {
        "title": wanted,
        "where": names([row["account_id"]]).get(row["account_id"], row["account_id"]),
        "kind": STATES[row["state"]],
        "figure": f.money(row["mrr"], currency),
        "exact": f.plain(row["mrr"]),
        "rule": _("MRR on the last day of service, %(last)s. Notice is in time until %(notice)s.")
        % {"last": f.day(row["last_day"]), "notice": f.day(row["notice_by"])},
        "meaning": STATES_SAID[row["state"]],
        **evidence(answer),
        **sources(answer.rows_behind({"contract_id": wanted})),
        "here": f"{reverse('contract_rows')}?{urlencode([*address.items(), *kept_of(query)])}",
    }


def committed(opened: Seen, query: Mapping[str, str]) -> dict[str, Any]:
    """The proof of a figure of committed MRR as of today: its formula, and the lines it adds up."""
    kind = query.get("kind", "")
    if kind not in COMMITTED:
        raise refused("kind", kind, list(COMMITTED))
    answer = opened.ask({"question": "committed_mrr"})
    (row,) = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    rules = {
        "cmrr": _("MRR, and what is signed but has not started, less what is known to end."),
        "mrr": _("MRR at the close of the day."),
        "signed_not_started": _("MRR of lines signed by now that start later."),
        "known_ends": _("MRR of lines in force whose end is known and that nothing continues."),
    }
    return {
        "title": _("%(kind)s: where it comes from") % {"kind": COMMITTED[kind]},
        "where": f.period(row["month"]),
        "kind": COMMITTED[kind],
        "figure": f.money(row[kind], currency),
        "exact": f.plain(row[kind]),
        "rule": rules[kind],
        **evidence(answer),
        **sources(answer.rows_behind({"kind": kind})),
        "here": f"{reverse('committed_rows')}?{urlencode([('kind', kind), *kept_of(query)])}",
    }


def lifetime(opened: Seen, query: Mapping[str, str]) -> dict[str, Any]:
    """The proof of a lifetime value: its method, and the lines of whom its churn was measured on."""
    method = one_of(query, "method", ("auto", *METHODS), "auto")
    field, _tilde, value = query.get("slice", "").partition("~")
    if field and field not in SLICES:
        raise refused("slice", field, [f"{name}~…" for name in SLICES])
    answer = opened.ask({"question": "ltv", "method": method, "by": [field] if field else []})
    row = next((row for row in answer.to_dicts() if row["slice"] == (value if field else "all")), None)
    if row is None:
        raise refused("slice", f"{field}~{value}", [f"{field}~…"])
    currency = answer.definition["settings"]["reporting_currency"]
    address = {"method": method, **({"slice": f"{field}~{value}"} if field else {})}
    places = {"field": SLICES[field], "value": _("Not given") if value == NOT_GIVEN else value} if field else {}
    return {
        "title": _("%(kind)s: where it comes from") % {"kind": LIFETIME},
        "where": _("%(field)s: %(value)s") % places if field else _("The last whole month"),
        "kind": METHODS[row["method"]],
        "figure": f.money(row["ltv"], currency),
        "exact": f.plain(row["ltv"]),
        "rule": _("Churn was measured on %(count)s customers. Below are the lines of those who left or paid otherwise.")
        % {"count": f.exact(row["n"])}
        if row["method"] != "arpa"
        else _("Nobody has left yet: it is MRR per customer. Below are the lines in force."),
        "meaning": WHY.get(row["why"], row["why"]),
        **evidence(answer),
        **sources(answer.rows_behind({"slice": row["slice"]})),
        "here": f"{reverse('ltv_rows')}?{urlencode([*address.items(), *kept_of(query)])}",
    }


def sources(behind: Any) -> dict[str, Any]:
    """The source rows of a proof, cut to what one reads."""
    shown = behind.slice(0, SOURCE_ROWS_SHOWN).to_pylist()
    counted = {"count": f.exact(behind.num_rows)}
    return {
        "sources_title": ngettext("%(count)s source row", "%(count)s source rows", behind.num_rows) % counted,
        "sources_more": more(behind.num_rows - len(shown)),
        "sources": [_source(row) for row in shown],
    }


def evidence(answer: Answer) -> dict[str, Any]:
    """What an answer says of itself: checks, rows read, definition, versions, SQL."""
    return {
        "checks": [{"ok": check["ok"], "text": check_said(check["name"])} for check in answer.checks],
        "reading": _reading(answer),
        "definition": _definition(answer),
        "versions": ", ".join(f"{TABLES.get(name, name)} {at}" for name, at in sorted(answer.versions.items())),
        "as_of": f.moment(timezone.localtime(answer.computed_at)),
        "sql": answer.sql,
    }


def _source(row: Mapping[str, Any]) -> dict[str, str]:
    amount, quantity = row["amount"], row["quantity"]
    price = f.exact(amount, f.places_of([amount], row["currency"] or "USD"))
    if row["table"] == "discounts" and row["item"] == "percent":
        price = f"{f.plain(amount)}%"
    if quantity is not None and quantity != 1:
        price = f"{price} × {f.plain(quantity)}"
    recorded = row["recorded_at"]
    return {
        "line": " · ".join(str(part) for part in (row["line"], row["plan"]) if part),
        "since": _cell(row["start"]),
        "until": _cell(row["end"]),
        "price": f"{price} {row['currency'] or ''}".strip(),
        "recorded": timezone.localtime(recorded).date().isoformat() if recorded is not None else f.NOTHING,
        "source": " · ".join(
            str(part) for part in (TABLES.get(row["table"], row["table"]), row["source"], row["row_id"]) if part
        ),
    }


def _formula(proven: Figure, accounts: list[dict[str, Any]], count: int, total: Decimal, places: int) -> str:
    """The sum written out, while it can be read at a glance."""
    if not accounts or count > SUMMANDS_SHOWN:
        return ""
    first, *others = [f.exact(proven.of(a), places, plus=True) for a in accounts]
    written = first.removeprefix("+") + "".join(f" {text[0]} {text[1:]}" for text in others)
    return f"{written} = {f.exact(total, places)}"


def _where(proven: Figure) -> str:
    period = f.period(proven.period, proven.grain)
    if proven.piece is not None:
        value = _("Not given") if proven.piece[1] == NOT_GIVEN else proven.piece[1]
        places = {"period": period, "field": SLICES[proven.piece[0]], "value": value}
        period = _("%(period)s, %(field)s %(value)s") % places
    if proven.days is None:
        return period
    said = ngettext("%(period)s, first %(days)s day", "%(period)s, first %(days)s days", proven.days)
    return said % {"period": period, "days": proven.days}


def _rule(kind: str) -> str:
    rules = {
        "open": _("MRR of every account at the close before the period."),
        "new": _("MRR at the close of accounts that never paid before."),
        "expansion": _("What customers of the opening pay more at the close."),
        "reactivation": _("MRR at the close of former customers that came back."),
        "contraction": _("What customers of the opening pay less at the close, without those that left."),
        "churn": _("MRR at the opening of customers that have none at the close."),
        "entering": _("MRR in this slice of customers that had it only in others."),
        "leaving": _("MRR that customers no longer have in this slice but have in others."),
        "fx": _("What exchange rates did to MRR. It is never a movement."),
        "net": _("New, expansion and reactivation less contraction and churn."),
        "close": _("MRR of every account at the close of the period."),
    }
    return rules[kind]


def check_said(name: str) -> str:
    """What an identity of an answer says, in words."""
    said = {
        "open + movements + fx = close": _("Opening, movements and exchange rates add up to the close"),
        "customers roll forward": _("Customers come and gone add up"),
        "open = close of the period before": _("The opening is the close of the period before"),
        "last close = sum of spans in force": _("The close equals the lines in force, added up another way"),
        "rows read = rows used, worth nothing or set aside": _("Every row read is used, worth nothing or set aside"),
        "known ends are part of MRR": _("What is known to end is part of MRR"),
        "sizes add up to the accounts that first paid": _("The cohorts add up to the accounts that first paid"),
        "MRR of all accounts = sum of spans in force": _("MRR of all accounts equals the lines in force"),
        "restatements = close now - close then": _("The restatements add up to the difference"),
        "causes + remainder = difference": _("Causes and remainder add up to the difference"),
        "renewed + pending + lost = expiring": _("Renewed, pending and lost add up to the expiring"),
    }
    return said.get(name, name)


def _reading(answer: Answer) -> str:
    if not answer.rows_read:
        return ""
    read = sum(answer.rows_read.values())
    return ngettext("%(count)s row read", "%(count)s rows read", read) % {"count": f.exact(read)}


def _definition(answer: Answer) -> dict[str, Any]:
    settings = answer.definition["settings"]
    places = {"name": answer.definition["name"], "version": answer.definition["version"]}
    return {
        "name": _("Definition %(name)s, version %(version)s") % places,
        "settings": [{"name": one.label, "value": one.said(settings[one.name])} for one in SETTINGS],
    }


def more(count: int) -> str:
    return ngettext("and %(count)s more", "and %(count)s more", count) % {"count": f.exact(count)} if count > 0 else ""
