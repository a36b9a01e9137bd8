"""The worked examples of others and the worked tables of the documentation, straight through the kernels."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reference.behaviour_asked import EXAMPLES, ask, contract, examples, expected, found

KINDS = {"retention", "lifecycle", "stickiness", "paths"}
PAGES = Path(__file__).resolve().parents[3] / "docs" / "metrics"
NAMES = ["retention", "feature-retention", "lifecycle", "stickiness", "paths"]

Row = dict[str, Any]


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the worked examples are not here (set TENURE_SHARED)")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in examples(KINDS)])
def test_worked_example(case: Row) -> None:
    question, events = contract(case)
    rows = ask(question, events)
    for name, value in expected(case):
        assert found(question, rows, name, value) == (sorted(value) if name == "edges" else value), name


def cell(text: str) -> Any:
    text = text.strip()
    return json.loads(text) if text[:1] in {"[", "{"} or re.fullmatch(r"\d+(\.\d+)?", text) else text


def table(text: str) -> list[Row]:
    lines = [[cell(part) for part in line.strip("|").split("|")] for line in text.strip().splitlines()]
    return [dict(zip(lines[0], row, strict=True)) for row in lines[2:]]


def worked(page: str) -> list[tuple[Row, list[Row], list[Row]]]:
    """(question, events, answer shown) of each worked table of a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    marks = r"<!-- rows events -->|```json|<!-- worked -->"
    parts = re.findall(rf"({marks})\n(.*?)\n(?:\n|```|\Z)", text, re.DOTALL)
    out: list[tuple[Row, list[Row], list[Row]]] = []
    events: list[Row] = []
    question: Row = {}
    for mark, body in parts:
        if "rows" in mark:
            events = table(body)
        elif "json" in mark:
            question = json.loads(body)
        else:
            out.append((question, events, table(body)))
    return out


@pytest.mark.parametrize(
    ("question", "events", "shown"),
    [pytest.param(*parts, id=f"{page} {i}") for page in NAMES for i, parts in enumerate(worked(page))],
)
def test_worked_table(question: Row, events: list[Row], shown: list[Row]) -> None:
    rows = ask(question, events)
    rounded = [{name: near(row[name]) for name in shown[0]} for row in rows]
    assert sorted(rounded, key=json.dumps) == sorted(shown, key=json.dumps)


def near(value: Any) -> Any:
    """As a page shows it: six places, and no places where there are none."""
    if isinstance(value, list):
        return [near(one) for one in value]
    if isinstance(value, float):
        return int(value) if value.is_integer() else round(value, 6)
    return value


def test_every_page_has_a_worked_table() -> None:
    assert [len(worked(page)) for page in NAMES] == [2, 2, 1, 2, 1]
