"""Asleep and to be renewed: accounts by what they did of late and by whether a contract of theirs is to be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.warehouse.answer import Answer
from tenure.warehouse.questions.lifecycle_contracts import CONTRACTS, STATES
from tenure.web import formatting as f
from tenure.web.behaviour import lifecycle, said
from tenure.web.behaviour.address import Word
from tenure.web.behaviour.lifecycle import PLACES
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table

WORDS = (
    Word("silent", gettext_lazy("Asleep after so many silent periods"), "whole", "2"),
    Word("due", gettext_lazy("To be decided within so many days"), "whole", "60"),
)
NAMES: Mapping[str, Any] = {
    **lifecycle.STATES,
    "asleep": lifecycle.ASLEEP,
    "never": gettext_lazy("Never active"),
}
CONTRACT_NAMES: Mapping[str, Any] = {
    "due": gettext_lazy("Contract to be decided"),
    "running": gettext_lazy("Contract runs on"),
    "none": gettext_lazy("No contract"),
}
URGENT = ("dormant", "asleep", "never")
"""States of those who do nothing."""


def question(given: Given) -> dict[str, Any]:
    """The question of the page of sleepers: as of today, or of the end of the range that the address names."""
    (match,) = given.events("m")
    asked: dict[str, Any] = {"question": "lifecycle_contracts", "period": given.stretch.grain}
    asked |= {"match": match.matcher} if match.matcher != {"event": None} else {}
    asked |= {"asleep_from": given.whole("silent", 1, 1_000), "due_days": given.whole("due", 1, 3_660)}
    after = given.stretch.days[1] + timedelta(days=1)
    named = any(name == "to" for name, _value in given.said) and after < given.stretch.today
    return asked | ({"now": after.isoformat()} if named else {})


def whose(given: Given) -> tuple[str, dict[str, Any]]:
    """Behind every cell are accounts."""
    return "account", {}


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The two states as a table of doors."""
    rows = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    by_cell = {(row["state"], row["contract"]): row for row in rows}
    return {
        "title": _title(given, by_cell["asleep", "due"], currency),
        "summary": _("By what they did in: %(period)s")
        % {"period": f.period(rows[0]["interval"], given.stretch.grain)},
        "heads": [CONTRACT_NAMES[contract] for contract in CONTRACTS],
        "rows": [
            {
                "name": NAMES[state],
                "cells": [
                    {
                        **_cell(given, [by_cell[state, contract]], {"state": state, "contract": contract}, currency),
                        "is_urgent": contract == "due" and state in URGENT and by_cell[state, contract]["accounts"] > 0,
                    }
                    for contract in CONTRACTS
                ],
                "whole": _cell(given, [by_cell[state, c] for c in CONTRACTS], {"state": state}, currency),
            }
            for state in STATES
        ],
        "foot": [
            _cell(given, [by_cell[state, contract] for state in STATES], {"contract": contract}, currency)
            for contract in CONTRACTS
        ],
        "whole": _cell(given, rows, {}, currency),
        "notes": said.notes(answer.notes),
    }


def _title(given: Given, row: Row, currency: str) -> str:
    if not row["accounts"]:
        return _("No account that sleeps has a contract to be decided within %(days)s days") % {"days": given["due"]}
    return _("%(accounts)s asleep with a contract to be decided within %(days)s days: %(mrr)s a month") % {
        "accounts": said.units("account", row["accounts"]),
        "days": given["due"],
        "mrr": f.money(Decimal(row["mrr"]), currency),
    }


def _cell(given: Given, rows: Sequence[Row], cell: Mapping[str, str], currency: str) -> dict[str, str]:
    count, mrr = sum(row["accounts"] for row in rows), sum((Decimal(row["mrr"]) for row in rows), Decimal(0))
    return {
        "count": f.exact(count),
        "mrr": str(f.short(mrr, currency=currency)),
        "exact": f.money(mrr, currency),
        "href": given.people(cell) if count and cell else "",
    }


def table(given: Given, answer: Answer) -> Table:
    """Every cell, exact."""
    heads = [_("State"), _("Contract"), _("Accounts"), _("MRR")]
    return heads, [
        [NAMES[row["state"]], CONTRACT_NAMES[row["contract"]], row["accounts"], row["mrr"]] for row in answer.to_dicts()
    ]


def behind(given: Given, cell: Row) -> str:
    """What a cell is called."""
    names = (NAMES.get(str(cell.get("state", ""))), CONTRACT_NAMES.get(str(cell.get("contract", ""))))
    return f.listed(str(name) for name in names if name)


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """How many sleep and must decide."""
    row = next(row for row in answer.to_dicts() if (row["state"], row["contract"]) == ("asleep", "due"))
    currency = answer.definition["settings"]["reporting_currency"]
    return {
        "value": f.exact(row["accounts"]),
        "exact": str(row["accounts"]),
        "note": _("asleep and to be decided, %(mrr)s a month")
        % {"mrr": str(f.short(Decimal(row["mrr"]), currency=currency))},
        "values": [],
        "running": False,
    }


SHEET = Sheet(
    name="sleepers",
    path="activate/sleepers/",
    heading=gettext_lazy("Asleep and due"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"match": "m", "asleep_from": "silent", "due_days": "due"},
    counts_units=False,
    whose=whose,
)
