"""The worked table of docs/metrics/funnels.md, walked."""

from __future__ import annotations

import json
from datetime import datetime

import numpy as np
import pytest

from tenure.core.metrics import funnel as figures
from tenure.core.sequences import funnel
from test_docs import ROOT, table

PAGE = ROOT / "docs" / "metrics" / "funnels.md"


def below(mark: str) -> list[dict]:
    """The table that stands under a mark of the page."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return table(iter(list(enumerate(lines))[lines.index(mark) + 1 :]))


def asked() -> dict:
    return json.loads(PAGE.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0])


def walked(**options) -> tuple[funnel.Events, funnel.Chains]:
    rows, steps = below("<!-- rows events -->"), [step["event"] for step in asked()["steps"]]
    accounts = sorted({row["account_id"] for row in rows})
    rows.sort(key=lambda row: (row["account_id"], row["ts"]))
    events = funnel.Events(
        np.searchsorted([row["account_id"] for row in rows], [*accounts, "~"]),
        np.array([int(datetime.fromisoformat(row["ts"]).timestamp()) * 1_000_000 for row in rows]),
        np.array([1 << steps.index(row["event"]) for row in rows], np.uint64),
    )
    of_page = funnel.Funnel(
        tuple(funnel.Step(k) for k in range(len(steps))), asked()["window_seconds"] * 1_000_000, **options
    )
    return events, funnel.walk(of_page, events)


def test_the_worked_table():
    events, chains = walked()
    waited = figures.waited(chains.event, events.at)
    bars = figures.bars(figures.reached(chains.event).tolist(), [False] * 3)
    shown = below("<!-- worked -->")
    assert len(shown) == len(bars)
    for row, bar, column in zip(shown, bars, waited.T, strict=True):
        found = (*bar, *figures.waits(column))
        assert [None if v is None else float(v) for v in found] == [
            None if v is None else pytest.approx(float(v)) for k, v in row.items() if k != "step"
        ]


def test_what_the_page_says_about_the_first_entry():
    assert walked()[1].depth.tolist() == [3, 3, 2, 1, 1]
    assert walked(reentry="first")[1].depth.tolist() == [3, 2, 2, 1, 1]
