"""The worked examples of others, straight through the kernels: what an engine would ask is asked of plain events."""

from __future__ import annotations

from typing import Any

import pytest

from reference.behaviour_asked import EXAMPLES, ask, contract, examples, expected, found

KINDS = {"retention", "lifecycle", "stickiness", "paths"}


@pytest.mark.skipif(not EXAMPLES.exists(), reason="the worked examples are not here (set TENURE_SHARED)")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in examples(KINDS)])
def test_worked_example(case: dict[str, Any]) -> None:
    question, events = contract(case)
    rows = ask(question, events)
    for name, value in expected(case):
        assert found(question, rows, name, value) == (sorted(value) if name == "edges" else value), name
