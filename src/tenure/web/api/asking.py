"""Asking questions, and asking for the rows behind a cell."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router

from tenure.warehouse.answer import edge
from tenure.warehouse.questions.base import no_cell
from tenure.web import asking
from tenure.web.api.caller import allowed
from tenure.web.api.requests import json_object, object_in

router = Router(tags=["Questions"])
MOST_ROWS = 50_000

_ASK = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["question"],
                    "properties": {"question": {"type": "string"}},
                    "additionalProperties": True,
                    "example": {"question": "movements", "from": "2026-01", "to": "2026-12"},
                }
            }
        },
    }
}
_WAITS = {
    "parameters": [
        {
            "in": "query",
            "name": "answer",
            "required": False,
            "schema": {"type": "string", "enum": [asking.LAST, asking.AGAIN]},
            "description": "Where the cluster failed: its last answer, however old, or that it tries again.",
        }
    ],
    "responses": {
        202: {
            "description": "The cluster computes it: ask the same again after Retry-After seconds.",
            "headers": {"Retry-After": {"schema": {"type": "integer"}}},
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["computing"],
                        "properties": {
                            "computing": {
                                "type": "object",
                                "required": ["done", "known", "last"],
                                "properties": {
                                    "done": {"type": "integer", "description": "tasks that are done"},
                                    "known": {"type": "integer", "description": "tasks known of so far"},
                                    "last": {
                                        "type": "string", "nullable": True, "format": "date-time",
                                        "description": "when the last answer was computed",
                                    },
                                },
                            }
                        },
                    }
                }
            },
        }
    },
}  # fmt: skip
"""What a question that a cluster may compute has beside the others."""
_ROWS = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["question", "cell"],
                    "properties": {"question": {"type": "object"}, "cell": {"type": "object"}},
                    "example": {
                        "question": {"question": "movements", "from": "2026-01", "to": "2026-12"},
                        "cell": {"period": "2026-03", "kind": "churn"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/ask",
    summary=_("Ask a question"),
    description=_(
        "The body is the question's JSON; the answer carries its rows, definition, lake versions, checks and SQL. "
        "While a cluster computes it the status is 202, with how many tasks are done: ask the same again after "
        "Retry-After seconds."
    ),
    openapi_extra={**_ASK, **_WAITS},
    url_name="ask",
)
def ask(request: HttpRequest) -> dict[str, Any]:
    return asking.workspace(allowed(request, "ask")).ask(json_object(request)).to_json()


@router.post(
    "/ask/stop",
    summary=_("Stop a question"),
    description=_("The body is that of a question which the cluster computes; it ends where it is."),
    openapi_extra=_ASK,
    url_name="stop_asking",
)
def stop(request: HttpRequest) -> dict[str, Any]:
    return {"stopping": asking.workspace(allowed(request, "ask")).stop(json_object(request))}


@router.post(
    "/rows-behind",
    summary=_("The rows behind a cell"),
    description=_("The source rows behind one cell of an answer, named by the answer's own columns."),
    openapi_extra={**_ROWS, **_WAITS},
    url_name="rows_behind",
)
def rows_behind(request: HttpRequest) -> dict[str, Any]:
    caller = allowed(request, "ask")
    body = json_object(request)
    question, cell = object_in(body, "question"), object_in(body, "cell")
    answer = asking.workspace(caller).ask(question)
    if any(isinstance(value, (list, dict)) for value in cell.values()):
        raise no_cell(answer.question["question"], cell, "Write each value as text or a number.")
    rows = answer.rows_behind(cell)
    return {
        "question": dict(answer.question),
        "cell": cell,
        "versions": dict(answer.versions),
        "count": rows.num_rows,
        "columns": [{"name": field.name, "type": str(field.type)} for field in rows.schema],
        "rows": [{name: edge(value) for name, value in row.items()} for row in rows.slice(0, MOST_ROWS).to_pylist()],
    }
