"""Small workspaces for cases worked by hand: rows of which a test gives only what it is about, and short questions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import tenure
from reference.asked import cells

MONTH = {"account_id": "a", "subscription_id": "s", "amount": "100", "start": "2024-01-01"}


def sub(**fields: Any) -> dict[str, Any]:
    return {**MONTH, **fields}


def contract(name: str, start: str, end: str, total: str = "12000", **fields: Any) -> dict[str, Any]:
    return {"contract_id": name, "account_id": name[0], "start": start, "end": end, "total": total, **fields}


def opened(settings: dict[str, Any] | None = None, **tables: list[dict[str, Any]]) -> Any:
    workspace = tenure.open(settings=settings)
    for name, rows in tables.items():
        workspace.load(name, rows)
    return workspace


def asked(workspace: Any, question: str, *keys: str, **fields: Any) -> dict[Any, dict[str, Any]]:
    fields = {name.rstrip("_"): value for name, value in fields.items()}
    answer = workspace.ask({"question": question, **fields})
    assert all(check["ok"] for check in answer.checks)
    return cells(answer, *keys)


def moved(row: dict[str, Any]) -> dict[str, Any]:
    """What is not zero."""
    return {name: value for name, value in row.items() if value}


def months(workspace: Any, first: str, last: str, **fields: Any) -> dict[str, dict[str, Any]]:
    found = asked(workspace, "movements", "period", from_=first, to=last, **fields)
    return {period: moved(row) for (period,), row in found.items()}


def closes(workspace: Any, first: str, last: str, **fields: Any) -> list[Decimal]:
    found = asked(workspace, "movements", "period", from_=first, to=last, **fields)
    return [round(row["close"], 6) for row in found.values()]
