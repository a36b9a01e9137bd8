"""The anomalies of the data: how many of each kind, what was done, who looks after the account, what mends it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.apps.workspaces.permissions import may
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.choices import not_shown, refused
from tenure.web.export import exports
from tenure.web.records.kinds import kind_of, token, visible
from tenure.web.records.words import KINDS as KINDS_WITH_PAGES
from tenure.web.subscriptions import proof
from tenure.web.subscriptions.board import Ask
from tenure.web.subscriptions.figures import Row
from tenure.web.subscriptions.words import TABLES

SHOWN = 200
KINDS: Mapping[str, Any] = {
    "duplicate": gettext_lazy("The same row twice"),
    "overlap": gettext_lazy("Versions of one line overlap"),
    "end_before_start": gettext_lazy("Ends before it starts"),
    "unknown_interval": gettext_lazy("Unknown billing interval"),
    "missing_rate": gettext_lazy("No exchange rate"),
    "negative_account": gettext_lazy("MRR of an account below zero"),
    "missing_amount": gettext_lazy("No amount"),
    "missing_end": gettext_lazy("A contract without an end"),
    "negative_quantity": gettext_lazy("Negative quantity"),
    "too_large": gettext_lazy("An amount beyond all bounds"),
    "bad_date": gettext_lazy("A date that is none"),
    "bad_number": gettext_lazy("A number that is none"),
    "bad_text": gettext_lazy("Text with broken characters"),
    "bad_boolean": gettext_lazy("Neither yes nor no"),
    "bad_json": gettext_lazy("JSON that cannot be read"),
    "bad_list": gettext_lazy("A list that cannot be read"),
    "bad_pause": gettext_lazy("Pauses that cannot be read"),
    "bad_schedule": gettext_lazy("Price stages that cannot be read"),
    "bad_currency": gettext_lazy("No currency code"),
}
DONE: Mapping[str, Any] = {
    "counted_once": gettext_lazy("Counted once"),
    "later_start_counts": gettext_lazy("The later start counts"),
    "counted_0": gettext_lazy("Counted as zero"),
    "left_out": gettext_lazy("Left out"),
    "rate_carried": gettext_lazy("The last known rate is carried on"),
    "read_as_empty": gettext_lazy("The cell was read as empty"),
}
_CORRECT = gettext_lazy("Correct the row at its source and import it again, or edit the record.")
MENDS: Mapping[str, Any] = {
    "duplicate": gettext_lazy("Nothing is counted twice. Withdraw one of the two all the same."),
    "overlap": gettext_lazy("End the earlier version on the day the later one begins."),
    "end_before_start": gettext_lazy("Correct start or end of the row."),
    "missing_rate": gettext_lazy("Import or add the exchange rate of that month."),
    "negative_account": gettext_lazy("Look for a credit that is larger than what the account pays."),
    "missing_end": gettext_lazy("Write the last day of the contract, or make it a month-to-month one."),
}
"""What mends a kind; for the others, `_CORRECT`."""
Names = Callable[[list[str]], dict[str, str]]


def found(ask: Ask) -> list[Row]:
    """Every anomaly, as the question lists them."""
    return ask({"question": "anomalies"}).to_dicts()


def touching(ask: Ask, month: str) -> list[Row]:
    """The anomalies that may touch a month: its missing rates, and those whose account moved or paid in it.

    A row that counts nothing belongs to no month any more, so each of these is listed for every month.
    """
    stretch = {"from": month, "to": month}
    rows = ask({"question": "anomalies", **stretch}).to_dicts()
    moved = ask({"question": "movements", **stretch, "by": ["account_id"]}).to_dicts()
    paying = {row["account_id"] for row in moved if any(row[kind] for kind in ("open", *proof.NET, "close"))}
    return [
        row
        for row in rows
        if row["kind"] == "missing_rate"
        or row["done"] in ("counted_0", "left_out", "read_as_empty")
        or row["account_id"] is None
        or row["account_id"] in paying
    ]


def mends(kind: str) -> Any:
    return MENDS.get(kind, _CORRECT)


def section(rows: Sequence[Row], kind: str, names: Names, owners: Names) -> dict[str, Any]:
    """The section of the page: how many of each kind, and those of the chosen one."""
    counted = Counter(row["kind"] for row in rows)
    if kind and kind not in counted and kind not in KINDS:
        raise refused("kind", kind, [*KINDS])
    chosen = [row for row in rows if kind in ("", row["kind"])]
    shown, rest = chosen[:SHOWN], len(chosen) - SHOWN
    accounts = [row["account_id"] for row in shown if row["account_id"]]
    called, kept = names(accounts), owners(accounts)
    places = [(code, KINDS.get(code, code), count) for code, count in counted.most_common()]
    return {
        "title": ngettext("%(count)s anomaly in the data", "%(count)s anomalies in the data", len(rows))
        % {"count": f.exact(len(rows))},
        "mends": mends(kind) if kind else "",
        "kinds": [
            {"label": said, "count": f.exact(count), "href": address(code), "current": code == kind}
            for code, said, count in [("", _("All"), len(rows)), *places]
        ]
        if rows
        else [],
        "rows": [
            {
                "kind": KINDS.get(row["kind"], row["kind"]),
                "done": DONE.get(row["done"], row["done"]),
                "account": called.get(row["account_id"], row["account_id"]) or f.NOTHING,
                "account_href": reverse("account_record", args=[row["account_id"]])
                if row["account_id"] in called
                else "",
                "owner": kept.get(row["account_id"], f.NOTHING),
                "table": TABLES.get(row["table"], row["table"]),
                "row": row["row"],
                "href": row_address(row),
            }
            for row in shown
        ],
        "more": _("and %(count)s more in the export") % {"count": f.exact(rest)} if rest > 0 else "",
        "clear": address(""),
        "exports": exports("anomalies_file", query=urlencode({"kind": kind} if kind else {})),
    }


def _account(row: Row) -> str:
    return reverse("account_record", args=[row["account_id"]])


def address(kind: str) -> str:
    """The list of one kind; of all if it is empty."""
    return f"{reverse('health')}{'?' + urlencode({'kind': kind}) if kind else ''}#anomalies-title"


def row_address(row: Row) -> str:
    """The row behind an anomaly, where it has one: a missing rate has none."""
    if row["kind"] == "missing_rate" or row["row"] is None:
        return ""
    return f"{reverse('anomaly_rows')}?{urlencode({'kind': row['kind'], 'row': row['row']})}"


def table(rows: Sequence[Row], kind: str, names: Names, owners: Names) -> tuple[list[Any], list[list[Any]]]:
    """The anomalies of a kind, all of them, for a file."""
    chosen = [row for row in rows if kind in ("", row["kind"])]
    accounts = [row["account_id"] for row in chosen if row["account_id"]]
    called, kept = names(accounts), owners(accounts)
    heads = [
        *(_("Anomaly"), _("What was done"), _("Account"), _("Account id"), _("Looked after by"), _("Table"), _("Row")),
        _("What mends it"),
    ]
    return heads, [
        [
            *(KINDS.get(row["kind"], row["kind"]), DONE.get(row["done"], row["done"])),
            *(called.get(row["account_id"], ""), row["account_id"] or "", kept.get(row["account_id"], "")),
            *(TABLES.get(row["table"], row["table"]), row["row"] or "", mends(row["kind"])),
        ]
        for row in chosen
    ]


def behind(opened: Seen, query: Mapping[str, str]) -> dict[str, Any]:
    """The proof of an anomaly: what is wrong, what was done, the row as it was given."""
    wanted = (query.get("kind", ""), query.get("row", ""))
    answer = opened.ask({"question": "anomalies"})
    row = next((row for row in answer.to_dicts() if (row["kind"], row["row"]) == wanted), None)
    if row is None:
        raise not_shown("row", wanted[1])
    return {
        "title": KINDS.get(row["kind"], row["kind"]),
        "where": TABLES.get(row["table"], row["table"]),
        "kind": DONE.get(row["done"], row["done"]),
        "figure": row["row"],
        "exact": row["row"],
        "rule": mends(row["kind"]),
        **proof.evidence(answer),
        **proof.sources(answer.rows_behind({"row": row["row"]})),
        "here": row_address(row),
        "repair": _repair(opened, row),
    }


def _repair(opened: Seen, row: Row) -> str:
    """The form of the record behind a row; nothing for a row that is no record people edit, or a reader who may not."""
    if row["table"] not in KINDS_WITH_PAGES or not may(opened.caller, "edit_records"):
        return ""
    version = visible(kind_of(row["table"]), opened.caller).filter(row_id=row["row"]).first()
    return reverse("record_edit", args=[row["table"], token(version.version_key)]) if version is not None else ""
