"""The two slices that moved each figure of the cockpit most, with what each gave to its change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from tenure.core.metrics import drivers
from tenure.web import formatting as f
from tenure.web.stretch import Stretch
from tenure.web.subscriptions import proof, slices
from tenure.web.subscriptions.board import Ask
from tenure.web.subscriptions.figures import Row, net_new
from tenure.web.subscriptions.words import SLICES

FIELDS = ("plan", "product", "region", "tier")
OF_ACCOUNTS = ("region", "tier")
"""Fields of which an account has one value: only these split what is counted by account."""
OF_CONTRACTS = ("plan", "tier")
"""Fields by which the renewal rate is split; one question has both, because every contract is read for it."""
SHOWN = 2
Key = tuple[str, str]
"""A field and its value."""


@dataclass(frozen=True, slots=True)
class Driver:
    """One line under a tile: what moved the figure, by how much, and the page of that slice."""

    label: str
    text: str
    exact: str
    href: str


def _by(ask: Ask, asked: Mapping[str, str], field: str) -> dict[str, Row]:
    return {row[field]: row for row in ask({"question": "movements", **asked, "by": [field]}).to_dicts()}


def _amounts(rows: Mapping[str, Row], of: Callable[[Row], Any]) -> dict[str, Decimal]:
    return {value: Decimal(of(row)) for value, row in rows.items()}


def _kept(row: Row) -> Decimal:
    """What the customers of the opening pay less or more at the close, with what they moved between slices."""
    return sum((row[kind] for kind in ("expansion", "contraction", "churn", "entering", "leaving")), Decimal(0))


def _lost(row: Row) -> Decimal:
    return Decimal(row["contraction"] + row["churn"])


def found(
    ask: Ask, now: Row, before: Row, asked_now: Mapping[str, str], asked_before: Mapping[str, str]
) -> dict[str, dict[Key, Decimal]]:
    """Metric -> what each slice gave to its change from one period to another.

    `now` and `before` are the rows of the whole, `asked_*` the fields of the questions about the two periods.
    """
    out: dict[str, dict[Key, Decimal]] = {}

    def add(metric: str, field: str, moved: Mapping[str, Decimal] | None) -> None:
        for value, amount in (moved or {}).items():
            out.setdefault(metric, {})[field, value] = amount

    for field in FIELDS:
        a, b = _by(ask, asked_now, field), _by(ask, asked_before, field)
        if len({*a, *b}) < 2:
            continue  # a field with one value explains nothing
        add("mrr", field, drivers.of_sum(_amounts(a, lambda r: r["close"]), _amounts(b, lambda r: r["close"])))
        add("net_new_mrr", field, drivers.of_sum(_amounts(a, net_new), _amounts(b, net_new)))
        add("nrr", field, drivers.of_share(_amounts(a, _kept), now["open"], _amounts(b, _kept), before["open"]))
        if field not in OF_ACCOUNTS:
            continue
        add("grr", field, drivers.of_share(_amounts(a, _lost), now["open"], _amounts(b, _lost), before["open"]))
        churned = [_amounts(rows, lambda r: r["customers_churned"]) for rows in (a, b)]
        bases = [Decimal(row["customers_open"]) for row in (now, before)]
        add("customer_churn_rate", field, drivers.of_share(churned[0], bases[0], churned[1], bases[1]))
    return out


def listed(
    ask: Ask, stretch: Stretch, now: Row, before: Row, asked: tuple[Mapping[str, str], Mapping[str, str]], currency: str
) -> dict[str, list[Driver]]:
    """Metric -> its two lines."""
    lines = {
        metric: [_driver(stretch, metric, key, amount, currency) for key, amount in drivers.largest(moved, SHOWN)]
        for metric, moved in found(ask, now, before, *asked).items()
    }
    lines["ltv_trailing6"] = _lifetime(stretch, now, before, currency)
    return lines


def _driver(stretch: Stretch, metric: str, key: Key, amount: Decimal, currency: str) -> Driver:
    field, value = key
    pairs = [*stretch.pairs, ("f", slices.filter_of(field, value)), ("by", field)]
    money = metric in ("mrr", "net_new_mrr")
    said = _("%(field)s: not given") if value == proof.NOT_GIVEN else _("%(field)s: %(value)s")
    return Driver(
        said % {"field": SLICES[field], "value": value},
        str(f.short(amount, plus=True)) if money else points(amount),
        f.money(amount, currency, plus=True) if money else f.exact(amount * 100, 6, plus=True),
        f"{reverse('movements')}?{urlencode(pairs)}",
    )


def of_renewals(
    stretch: Stretch, now: Sequence[Row], before: Sequence[Row], fields: Sequence[str] = OF_CONTRACTS
) -> list[Driver]:
    """The two slices that moved the renewal rate most, from the rows of two periods by `fields`."""
    moved: dict[Key, Decimal] = {}
    for field in fields:
        parts, wholes = zip(*(_decided(rows, field) for rows in (now, before)), strict=True)
        if len({*parts[0], *parts[1]}) < 2:
            continue
        split = drivers.of_share(parts[0], wholes[0], parts[1], wholes[1])
        moved |= {(field, value): amount for value, amount in (split or {}).items()}
    return [_driver(stretch, "renewal_rate", key, amount, "") for key, amount in drivers.largest(moved, SHOWN)]


def _decided(rows: Sequence[Row], field: str) -> tuple[dict[str, Decimal], Decimal]:
    """The contracts renewed, by a field, and all that are decided."""
    parts: dict[str, Decimal] = {}
    for row in rows:
        if row["expiring"]:
            parts[row[field]] = parts.get(row[field], Decimal(0)) + row["renewed"]
    return parts, Decimal(sum(row["expiring"] - row["pending"] for row in rows))


def points(share: Decimal) -> str:
    return _("%(points)s points") % {"points": f.exact(share * 100, 2, plus=True)}


def _lifetime(stretch: Stretch, now: Row, before: Row, currency: str) -> list[Driver]:
    """The lifetime value is ARPA times a lifetime: what each of the two gave to its change."""
    ends, starts = _factors(now), _factors(before)
    if ends is None or starts is None:
        return []
    split = drivers.of_product(ends, starts)
    names = (_("ARPA"), _("Months until it leaves"))
    lines = zip(names, split, strict=True)
    page = f"{reverse('metrics')}?{stretch.query()}"
    return [
        Driver(name, str(f.short(amount, plus=True)), f.money(amount, currency, plus=True), page)
        for name, amount in sorted(lines, key=lambda line: -abs(line[1]))
    ]


def _factors(row: Row) -> tuple[Decimal, Decimal] | None:
    """ARPA and the months a customer stays; None where there is no lifetime value."""
    arpa, ltv = row["arpa"], row["ltv_trailing6"]
    return (arpa, ltv / arpa) if arpa and ltv is not None else None
