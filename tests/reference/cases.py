"""The worked examples of the public contract, in its own words. Where the files are missing, tests skip and say so."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from reference.rates import month_span
from reference.rows import Row

SHARED = Path(os.environ.get("TENURE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
EXAMPLES = SHARED / "cases" / "subscription_examples.json"

ANOMALIES = {"overlapping_versions": "overlap", "duplicate_row": "duplicate"}
"""Anomaly kinds of the examples that the contract calls otherwise."""

TABLES = {"subscriptions", "discounts", "contracts", "invoice_lines"}
NOT_SETTINGS = {"fx", "customer_map", "filter_plan", "source", "as_of"}


@dataclass
class Example:
    """One example under one set of settings: tables and settings as the product takes them, and what is expected."""

    name: str
    tables: dict[str, list[Row]]
    settings: dict[str, Any]
    window: dict[str, str] | None
    expect: dict[str, Any]
    as_of: str | None = None
    as_known_on: str | None = None
    where: dict[str, Any] = field(default_factory=dict)


def missing() -> str | None:
    """Why the examples cannot be run here."""
    return None if EXAMPLES.exists() else f"the worked examples are not here ({EXAMPLES.name}; set TENURE_SHARED)"


def rows(given: list[Row]) -> Iterator[Row]:
    """`copies: N` stands for N rows whose ids end in #1 .. #N; a customer is an account."""
    for as_written in given:
        row = {"account_id" if k == "customer_id" else k: v for k, v in as_written.items()}
        copies = row.pop("copies", None)
        if copies is None:
            yield row
            continue
        for n in range(1, copies + 1):
            yield {k: f"{v}#{n}" if k.endswith("_id") and v is not None else v for k, v in row.items()}


def rates(fx: dict[str, dict[str, str]]) -> list[Row]:
    return [
        {"day": month_span(month)[1].isoformat(), "currency": currency, "rate": rate}
        for month, by_currency in fx.items()
        for currency, rate in by_currency.items()
    ]


def example(case: dict[str, Any], name: str, changed: dict[str, Any], expect: dict[str, Any]) -> Example:
    given = {**case.get("settings", {}), **changed}
    tables = {table: list(rows(found)) for table, found in case["input"].items()}
    tables = {
        t: found for t, found in tables.items() if t in {"subscriptions", "discounts", "contracts", "invoice_lines"}
    }
    if given.get("fx"):
        tables["fx_rates"] = rates(given["fx"])
    if given.get("customer_map"):
        tables["accounts"] = [{"account_id": a, "merged_into": b} for a, b in given["customer_map"].items()]
    settings = {k: v for k, v in given.items() if k not in NOT_SETTINGS}
    if "source" in given:
        settings["revenue_source"] = given["source"]
    currencies = {r["currency"] for r in tables.get("contracts", []) if r.get("currency")}
    if len(currencies) == 1 and not given.get("fx"):
        settings.setdefault("reporting_currency", currencies.pop())
    where = {"plan": given["filter_plan"]} if given.get("filter_plan") else {}
    return Example(name, tables, settings, case.get("window"), expect, given.get("as_of"), where=where)


def examples() -> list[Example]:
    """Every example, each of its variants, and each day it is to be known on."""
    if missing():
        return []
    found = []
    for case in json.loads(EXAMPLES.read_text())["cases"]:
        expect = case["expect"]
        own = {k: v for k, v in expect.items() if k not in {"variants", "as_known_at"}}
        if own:
            found.append(example(case, case["id"], {}, own))
        for name, changed in case.get("variants", {}).items():
            found.append(example(case, f"{case['id']}/{name}", changed, expect["variants"][name]))
        for known, wanted in expect.get("as_known_at", {}).items():
            one = example(case, f"{case['id']}/known on {known}", {}, wanted)
            one.as_known_on = known
            found.append(one)
    return found


def near(found: Any, expected: Any, tolerance: str = "0.000001") -> bool:
    """Equal, with numbers within the tolerance; None only equals None."""
    if found is None or expected is None:
        return found is None and expected is None
    return abs(Decimal(str(found)) - Decimal(str(expected))) <= Decimal(tolerance)
