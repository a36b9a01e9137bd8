"""Metric definitions: those in force with their settings, every version people wrote, and the next one."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Router, Schema, Status

from tenure.apps.subscriptions import selectors, services
from tenure.apps.subscriptions.models import MetricDefinition
from tenure.web import asking
from tenure.web.api.caller import allowed

router = Router(tags=["Metric definitions"])


class Definition(Schema):
    """A definition to write: its name, and the settings that differ from the workspace's own."""

    name: str = Field(description="A new name, or that of a definition people wrote: then its next version is written.")
    settings: dict[str, Any] = Field(default={}, description="Setting -> value, as /api/definitions lists them.")


@router.get(
    "/definitions",
    summary=_("The metric definitions"),
    description=_("Those in force, with every setting, and every version that people wrote. `default` is your own."),
    url_name="definitions",
)
def listed(request: HttpRequest) -> dict[str, Any]:
    known = asking.workspace(allowed(request, "ask")).definitions()
    return {
        "definitions": [
            {"name": name, "version": definition.version, "settings": definition.settings}
            for name, definition in known.items()
        ],
        "versions": [_version(row) for row in selectors.definitions()],
    }


@router.post(
    "/definitions",
    summary=_("Write a metric definition"),
    description=_("Writes the next version of a definition; the former stays known. Equal settings change nothing."),
    response={201: dict},
    url_name="define",
)
def define(request: HttpRequest, body: Definition) -> Status[dict[str, Any]]:
    by = allowed(request, "definitions")
    return Status(201, _version(services.define(body.name, body.settings, by=by)))


def _version(row: MetricDefinition) -> dict[str, Any]:
    return {
        "name": row.name,
        "version": row.version,
        "settings": json.loads(row.settings),
        "author": row.author,
        "recorded_at": row.recorded_at,
    }
