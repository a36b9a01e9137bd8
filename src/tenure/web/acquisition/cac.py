"""CAC and payback: what a customer costs by channel and composite, with the yardsticks beside it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.warehouse.answer import Answer
from tenure.warehouse.questions.cac import ALL
from tenure.web import formatting as f
from tenure.web.acquisition.words import ACQUIRED, FIELDS, named, notes
from tenure.web.behaviour.address import Word
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table
from tenure.web.meter import meter

YARDSTICK = Decimal(3)
WORDS = (
    Word("by", gettext_lazy("A row is"), usual="channel", options=FIELDS),
    Word(
        "maturity", gettext_lazy("Leads are old enough after days"), "whole",
        hint=gettext_lazy("Empty: when four of five wins have come."),
    ),
)  # fmt: skip
TILES: tuple[tuple[str, Any, Any], ...] = (
    ("composite_cac", gettext_lazy("Composite CAC"), gettext_lazy("all money / customers expected of all leads")),
    ("blended_cac", gettext_lazy("Blended CAC"), gettext_lazy("all money / new customers")),
    ("paid_cac", gettext_lazy("Paid CAC"), gettext_lazy("media / customers of paid channels")),
    ("agent_cac", gettext_lazy("CAC of agents"), gettext_lazy("with their commission")),
)
_COLUMNS: Mapping[str, Any] = {
    "spend": gettext_lazy("Spend"),
    "sales_cost": gettext_lazy("Sales cost"),
    "leads": gettext_lazy("Leads"),
    "matured_leads": gettext_lazy("Matured leads"),
    "rate": gettext_lazy("Become customers"),
    "expected_customers": gettext_lazy("Customers expected"),
    "cost_per_lead": gettext_lazy("Cost of a lead"),
    "campaign_cac": gettext_lazy("CAC"),
    "blended_cac": gettext_lazy("Cost of a win"),
    "asp": gettext_lazy("First year of a win"),
    "payback_months": gettext_lazy("Payback, months"),
    "ltv": gettext_lazy("LTV"),
    "ltv_to_cac": gettext_lazy("LTV : CAC"),
}


def question(given: Given) -> dict[str, Any]:
    """The question of the page."""
    asked: dict[str, Any] = {"question": "cac", "by": given["by"], **given.days}
    maturity = given.whole("maturity", 1, 3_650)
    return asked | ({"maturity_days": maturity} if maturity is not None else {})


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The tiles of everything together, and the slices."""
    *rows, whole = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    widest = max((row["campaign_cac"] or Decimal(0) for row in rows), default=Decimal(0))
    days = next((note["count"] for note in answer.notes if note["code"] == "maturity_days"), 0)
    return {
        "title": _title(whole, currency),
        "unit": f.symbol(currency).strip(),
        "field": FIELDS[given["by"]],
        "matured": _("Leads are old enough after %(days)s days.") % {"days": f.exact(days)},
        "tiles": [
            {
                "label": label,
                "value": f.NOTHING if whole[name] is None else f.money(whole[name], currency),
                "exact": f.plain(whole[name]),
                "note": note,
            }
            for name, label, note in TILES
        ]
        + [
            {
                "label": _("Payback"),
                "value": f.NOTHING
                if whole["payback_months"] is None
                else _("%(months)s months") % {"months": f.exact(whole["payback_months"], 1)},
                "exact": f.plain(whole["payback_months"]),
                "note": _("of the composite CAC"),
            },
            {
                "label": _("LTV : CAC"),
                "value": f.exact(whole["ltv_to_cac"], 1),
                "exact": f.plain(whole["ltv_to_cac"]),
                "note": _("3 is a yardstick, no verdict"),
            },
        ],
        "rows": [_row(given, row, widest) for row in rows],
        "whole": _row(given, whole, widest) if rows else None,
        "notes": notes(answer.notes),
    }


def _title(whole: Row, currency: str) -> str:
    if whole["composite_cac"] is None:
        return _("No customer is expected of the leads of this time yet")
    return _("A customer costs %(cost)s, and has paid it back after %(months)s months") % {
        "cost": f.money(whole["composite_cac"], currency),
        "months": f.exact(whole["payback_months"], 1),
    }


def _row(given: Given, row: Row, widest: Decimal) -> dict[str, Any]:
    low, high = (None if row[f"rate_{end}"] is None else Decimal(str(row[f"rate_{end}"])) for end in ("low", "high"))
    ratio, cost = row["ltv_to_cac"], row["campaign_cac"]
    is_all = row["slice"] == ALL

    def door(of: str) -> str:
        return given.people({"slice": row["slice"], "of": of}, ACQUIRED)

    return {
        "name": _("Together") if is_all else named(row["slice"]),
        "spend": f.exact(row["spend"]),
        "cost_href": door("cost") if row["spend"] or row["sales_cost"] else "",
        "sales": f.exact(row["sales_cost"]),
        "leads": f.exact(row["leads"]),
        "leads_href": door("leads") if row["leads"] else "",
        "matured": f.exact(row["matured_leads"]),
        "rate": f.percent(row["rate"]),
        "range": "" if low is None else f"{f.percent(low, 0)} – {f.percent(high, 0)}",
        "young": row["young"],
        "expected": f.exact(row["expected_customers"], 1),
        "cpl": f.exact(row["cost_per_lead"]),
        "cac": f.exact(row["composite_cac"] if is_all else cost),
        "bar": meter(cost, cost, widest) if cost is not None and not is_all else None,
        "asp": f.exact(row["asp"]),
        "payback": f.exact(row["payback_months"], 1),
        "ltv": f.exact(row["ltv"]),
        "ratio": f.exact(ratio, 1),
        "shape": "" if ratio is None else "badge badge--better" if ratio >= YARDSTICK else "badge badge--worse",
    }


def table(given: Given, answer: Answer) -> Table:
    """Every slice, exact."""
    heads = [FIELDS[given["by"]], *_COLUMNS.values()]
    return heads, [[row["slice"], *(row[name] for name in _COLUMNS)] for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What a figure is called."""
    name = str(cell.get("slice", ""))
    of = _("Cost") if cell.get("of") == "cost" else _("Leads")
    return f"{_('Together') if name == ALL else named(name)} · {of}"


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The composite CAC."""
    whole = answer.to_dicts()[-1]
    currency = answer.definition["settings"]["reporting_currency"]
    cost, months = whole["composite_cac"], whole["payback_months"]
    return {
        "value": f.NOTHING if cost is None else f.money(cost, currency),
        "exact": f.plain(cost),
        "note": _("composite CAC; paid back after %(months)s months") % {"months": f.exact(months, 1)},
        "values": [],
        "running": False,
    }


SHEET = Sheet(
    name="cac",
    path="acquire/cac/",
    heading=gettext_lazy("CAC and payback"),
    places=(),
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"maturity_days": "maturity"},
    grains=("month", "quarter", "year"),
    grain="month",
    counts_units=False,
    folder="acquisition",
    reads=("leads", "spend"),
    empty="acquisition/empty.html",
    narrows=False,
)
