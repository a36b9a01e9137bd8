"""Asking questions, and asking for the rows behind a cell."""

from __future__ import annotations

import json
import tempfile
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq
from django.http import FileResponse, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from ninja import Router

from tenure.warehouse.answer import Answer, edge
from tenure.warehouse.questions.base import no_cell
from tenure.web import asking
from tenure.web.api.caller import allowed
from tenure.web.api.requests import json_object, object_in, object_of

router = Router(tags=["Questions"])
MOST_ROWS = 50_000
"""An answer in JSON has no more rows; all of them are in its file."""

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
_WAITS: dict[str, Any] = {
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
_FILE = {
    "responses": {
        **_WAITS["responses"],
        200: {
            "description": "The file.",
            "content": {"application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}}},
        },
    }
}
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
        "The body is the question's JSON; the answer carries its rows, definition, lake versions, checks and SQL. Of "
        "more than 50,000 rows it has the first; `count` says how many there are, and `file` is where to get all. "
        "While a cluster computes it the status is 202, with how many tasks are done: ask the same again after "
        "Retry-After seconds."
    ),
    openapi_extra={**_ASK, **_WAITS},
    url_name="ask",
)
def ask(request: HttpRequest) -> dict[str, Any]:
    question = json_object(request)
    answer = asking.workspace(allowed(request, "ask")).ask(question)
    return {**answer.to_json(MOST_ROWS), "count": answer.table.num_rows, "file": _file(question)}


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
    description=_(
        "The source rows behind one cell of an answer, named by the answer's own columns. Of more than 50,000 rows it "
        "has the first; `count` says how many there are, and `file` is where to get all."
    ),
    openapi_extra={**_ROWS, **_WAITS},
    url_name="rows_behind",
)
def rows_behind(request: HttpRequest) -> dict[str, Any]:
    caller = allowed(request, "ask")
    body = json_object(request)
    question, cell = object_in(body, "question"), object_in(body, "cell")
    answer = asking.workspace(caller).ask(question)
    rows = _behind(answer, cell)
    return {
        "question": dict(answer.question),
        "cell": cell,
        "versions": dict(answer.versions),
        "count": rows.num_rows,
        "columns": [{"name": field.name, "type": str(field.type)} for field in rows.schema],
        "rows": [{name: edge(value) for name, value in row.items()} for row in rows.slice(0, MOST_ROWS).to_pylist()],
        "file": _file(question, cell),
    }


@router.get(
    "/answer.parquet",
    summary=_("An answer as a file"),
    description=_(
        "All rows of an answer, or with `cell` all rows behind that cell, as Parquet: exact, however many. Question "
        "and cell are JSON; the answers above name the address of theirs as `file`."
    ),
    openapi_extra=_FILE,
    url_name="answer_file",
)
def answer_file(request: HttpRequest, question: str, cell: str | None = None) -> FileResponse:
    caller = allowed(request, "ask")
    answer = asking.workspace(caller).ask(object_of(question, "question"))
    table = answer.table if cell is None else _behind(answer, object_of(cell, "cell"))
    about = {"question": dict(answer.question), "versions": dict(answer.versions)} | ({"cell": cell} if cell else {})
    place = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
    pq.write_table(table.replace_schema_metadata({"tenure": json.dumps(about, default=str)}), place)
    place.seek(0)
    response = FileResponse(place, as_attachment=True, filename=f"{answer.question['question']}.parquet")
    response["Content-Type"] = "application/vnd.apache.parquet"
    response["Cache-Control"] = "private, no-store"
    return response


def _behind(answer: Answer, cell: dict[str, Any]) -> pa.Table:
    if any(isinstance(value, (list, dict)) for value in cell.values()):
        raise no_cell(answer.question["question"], cell, "Write each value as text or a number.")
    return answer.rows_behind(cell)


def _file(question: dict[str, Any], cell: dict[str, Any] | None = None) -> str:
    said = {"question": question} | ({} if cell is None else {"cell": cell})
    asked = {name: json.dumps(value, separators=(",", ":")) for name, value in said.items()}
    return f"{reverse('api:answer_file')}?{urlencode(asked)}"
