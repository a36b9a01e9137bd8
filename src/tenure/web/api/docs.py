"""The schema of the API as a page to read, made here: no script and no address of anybody else."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tenure.web.api import api
from tenure.web.pages import page


@require_GET
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation with its body and an example."""
    found = api.get_openapi_schema()
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "summary": _(operation["summary"]),
            "description": _(said) if (said := operation.get("description")) else "",
            "parameters": operation.get("parameters", []),
            "example": _example(operation),
        }
        for path, methods in found["paths"].items()
        for method, operation in methods.items()
    ]
    address = reverse("api:openapi-json")
    return page(request, "api/docs.html", heading=_("HTTP API"), operations=operations, schema=address)


def _example(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    example = content.get("application/json", {}).get("schema", {}).get("example")
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
