"""Mappings with a name: those of other programs' exports, and those a person has saved. Hides where saved ones lie.

Those of advertising platforms read reports by day, campaign and keyword, as their consoles export them.

Stripe's exports are those of its dashboard (Billing > Subscriptions or Invoices > Export, all columns): stamps in UTC,
amounts in units of the currency (12.50, not 1250), currency codes in lower case. Each column lists its heading in
today's export and in older ones.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tenure.apps.connectors.files.problems import ImportRefused

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")


@dataclass(frozen=True, slots=True)
class NamedMapping:
    """{column: its headings, best first} for one kind, with constants and the zone of stamps."""

    name: str
    kind: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    stamps: str | None = None
    tells: tuple[str, ...] = ()
    """headings that nobody else writes: one of them in a file tells whose export it is"""


BUILT_IN: dict[str, NamedMapping] = {
    m.name: m
    for m in (
        NamedMapping(
            "stripe-subscriptions",
            "subscriptions",
            {
                "subscription_id": ("id", "Subscription ID"),
                "account_id": ("Customer ID", "Customer"),
                "plan": ("Plan", "Plan ID", "Price ID"),
                "product": ("Product", "Product ID"),
                "quantity": ("Quantity",),
                "currency": ("Currency", "Plan Currency"),
                "amount": ("Amount", "Plan Amount"),
                "interval": ("Interval", "Plan Interval"),
                "interval_count": ("Interval Count", "Plan Interval Count"),
                "start": ("Start Date (UTC)", "Start (UTC)", "Created (UTC)"),
                "end": ("Ended At (UTC)",),
                "cancelled": ("Canceled At (UTC)",),
                "trial_end": ("Trial End (UTC)",),
            },
            constants={"source": "stripe"},
            stamps="UTC",
            tells=("Start Date (UTC)", "Start (UTC)", "Created (UTC)", "Canceled At (UTC)", "Ended At (UTC)"),
        ),
        NamedMapping(
            "stripe-invoices",
            "invoice_lines",
            {
                "line_id": ("id", "Invoice ID"),
                "invoice_id": ("Number", "Invoice Number"),
                "account_id": ("Customer", "Customer ID"),
                "subscription_id": ("Subscription", "Subscription ID"),
                "amount": ("Total", "Amount Due"),
                "tax": ("Tax",),
                "currency": ("Currency",),
                "period_start": (
                    "Minimum Line Item Period Start (UTC)",
                    "Period Start (UTC)",
                    "Date (UTC)",
                    "Created (UTC)",
                ),
                "period_end": ("Maximum Line Item Period End (UTC)", "Period End (UTC)"),
            },
            constants={"source": "stripe"},
            stamps="UTC",
            tells=("Minimum Line Item Period Start (UTC)", "Period Start (UTC)", "Date (UTC)", "Created (UTC)"),
        ),
        NamedMapping(
            "baidu-ads",
            "spend",
            {
                "day": ("日期", "时间"),
                "campaign": ("推广计划", "计划", "推广计划名称"),
                "keyword": ("关键词", "关键词名称"),
                "impressions": ("展现量", "展现", "展现次数"),
                "clicks": ("点击量", "点击", "点击次数"),
                "cost": ("消费", "消费(元)"),
            },
            constants={"channel": "baidu", "currency": "CNY", "source": "baidu"},
            tells=("展现量", "展现", "展现次数"),
        ),
        NamedMapping(
            "360-ads",
            "spend",
            {
                "day": ("日期",),
                "campaign": ("推广计划",),
                "keyword": ("关键词",),
                "impressions": ("展示次数",),
                "clicks": ("点击次数",),
                "cost": ("总费用", "消费(元)"),
            },
            constants={"channel": "360", "currency": "CNY", "source": "360"},
            tells=("总费用", "展示次数"),
        ),
        NamedMapping(
            "sogou-ads",
            "spend",
            {
                "day": ("日期",),
                "campaign": ("推广计划",),
                "keyword": ("关键词",),
                "impressions": ("展示数",),
                "clicks": ("点击数",),
                "cost": ("消耗",),
            },
            constants={"channel": "sogou", "currency": "CNY", "source": "sogou"},
            tells=("展示数", "消耗"),
        ),
        NamedMapping(
            "tencent-ads",
            "spend",
            {
                "day": ("日期", "时间"),
                "campaign": ("推广计划名称", "广告名称"),
                "impressions": ("曝光量", "曝光次数"),
                "clicks": ("点击量", "点击次数"),
                "cost": ("花费", "花费(元)"),
            },
            constants={"channel": "tencent", "currency": "CNY", "source": "tencent"},
            tells=("曝光量", "曝光次数"),
        ),
        NamedMapping(
            "google-ads",
            "spend",
            {
                "day": ("Day",),
                "campaign": ("Campaign",),
                "keyword": ("Search keyword", "Keyword"),
                "impressions": ("Impr.", "Impressions"),
                "clicks": ("Clicks",),
                "cost": ("Cost",),
                "currency": ("Currency code", "Currency"),
            },
            constants={"channel": "google", "source": "google"},
            tells=("Impr.", "Search keyword"),
        ),
        NamedMapping(
            "linkedin-ads",
            "spend",
            {
                "day": ("Start Date (in UTC)",),
                "campaign": ("Campaign Name",),
                "impressions": ("Impressions",),
                "clicks": ("Clicks",),
                "cost": ("Total Spent",),
                "currency": ("Currency",),
            },
            constants={"channel": "linkedin", "source": "linkedin"},
            tells=("Total Spent",),
        ),
    )
}
GENERIC = "generic"
"""The guess by headings, by name."""


def find(name: str, kind: str, folder: Path | None) -> NamedMapping | None:
    """The mapping of that name; None for the generic guess.

    Raises: ImportRefused if there is none, or if it is for another kind.
    """
    if name == GENERIC:
        return None
    found = BUILT_IN.get(name) or (_load(name, folder) if folder is not None and _NAME.fullmatch(name) else None)
    if found is None:
        raise ImportRefused("import.unknown_mapping", value=name, allowed=", ".join(names(folder)))
    if found.kind != kind:
        raise ImportRefused("import.mapping_kind", value=name, expected=found.kind, kind=kind)
    return found


def names(folder: Path | None) -> list[str]:
    """Every mapping that can be chosen."""
    saved = sorted(p.stem for p in folder.glob("*.json")) if folder is not None and folder.is_dir() else []
    return [GENERIC, *BUILT_IN, *saved]


def save(mapping: NamedMapping, folder: Path) -> Path:
    """Keep a mapping for the next file; a saved one of the same name is replaced at once, never half."""
    if not _NAME.fullmatch(mapping.name) or mapping.name == GENERIC or mapping.name in BUILT_IN:
        raise ImportRefused("import.bad_mapping_name", value=mapping.name)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mapping.name}.json"
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tmp", delete=False, encoding="utf-8") as stream:
        json.dump(asdict(mapping), stream, ensure_ascii=False, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    Path(stream.name).replace(path)
    return path


def _load(name: str, folder: Path) -> NamedMapping | None:
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        columns = {str(c): tuple(map(str, h)) for c, h in raw["columns"].items()}
        constants = {str(c): str(v) for c, v in raw.get("constants", {}).items()}
        return NamedMapping(name, str(raw["kind"]), columns, constants, raw.get("stamps"), tuple(raw.get("tells", ())))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ImportRefused("import.damaged", file=path.name, detail=str(error)) from error
