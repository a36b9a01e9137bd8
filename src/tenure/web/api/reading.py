"""What there is to ask and to import: the questions with their fields, the tables with their columns."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router

from tenure.warehouse import questions, schema
from tenure.warehouse.questions.base import json_name
from tenure.warehouse.slices import OPS, allowed_fields
from tenure.web import asking
from tenure.web.api.caller import allowed

router = Router(tags=["Reference"])


@router.get(
    "/questions",
    summary=_("What can be asked"),
    description=_("Every question with its fields, their allowed values and the columns of its answer."),
    url_name="questions",
)
def asked(request: HttpRequest) -> dict[str, Any]:
    caller = allowed(request, "ask")
    return {
        "questions": [_question(family) for _name, family in sorted(questions.FAMILIES.items())],
        "fields_of_by_and_where": allowed_fields(),
        "operators_of_where": list(OPS),
        "definitions": sorted(asking.workspace(caller).definitions()),
    }


@router.get(
    "/tables",
    summary=_("The tables of the lake"),
    description=_("Every table with its key and the columns a file may give."),
    url_name="tables",
)
def tables(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "ask")
    return {
        "tables": [
            {
                "name": table.name,
                "doc": table.doc,
                "key": list(table.key),
                "required": list(table.required),
                "columns": [
                    {"name": column.name, "kind": column.kind, "doc": column.doc, "default": column.default}
                    for column in table.inputs
                ],
            }
            for table in schema.TABLES.values()
        ]
    }


def _question(family: type[questions.Question]) -> dict[str, Any]:
    return {
        "question": family.name,
        "doc": family.doc,
        "fields": [
            {
                "name": json_name(field.name),
                "kind": field.metadata["kind"],
                "doc": field.metadata["doc"],
                "required": field.default is MISSING,
                "allowed": list(field.metadata["allowed"]),
            }
            for field in fields(family)
        ],
        "columns": dict(family.columns),
    }
