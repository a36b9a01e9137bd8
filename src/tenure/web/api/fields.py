"""Custom fields for programs: which there are, made, changed, removed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Router, Schema, Status

from tenure.apps.workspaces.models import CustomField
from tenure.apps.workspaces.services import custom
from tenure.web.api.caller import allowed
from tenure.web.records.kinds import KINDS, kind_of

router = Router(tags=["Custom fields"])


class FieldChange(Schema):
    """What is to change; what is not named stays. Kind, key and type never change."""

    label_en: str | None = None
    label_zh: str | None = None
    options: list[str] | None = Field(None, description="What can be chosen; of money its currency.")
    required: bool | None = None
    personal: bool | None = Field(None, description="Only for those who may read personal data.")
    position: int | None = Field(None, ge=0, le=10_000)


class NewField(Schema):
    """A field of a kind of record."""

    kind: str
    key: str
    type: str = "text"
    label_en: str = ""
    label_zh: str = ""
    options: list[str] = Field([], description="What can be chosen; of money its currency.")
    required: bool = False
    personal: bool = False
    position: int | None = Field(None, ge=0, le=10_000)


@router.get(
    "/fields",
    summary=_("The custom fields"),
    description=_("By kind of record, in their order. Their values are in records under `custom`."),
    response=dict,
    url_name="api_fields",
)
def field_list(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "ask")
    return {"fields": [_told(one) for kind in KINDS for one in custom.fields(kind)]}


@router.post(
    "/fields",
    summary=_("Make a custom field"),
    description=_("Types: text, number, money, date, boolean, choice, multi, member, url."),
    response={201: dict},
    url_name="api_fields",
)
def define(request: HttpRequest, body: NewField) -> Status[dict[str, Any]]:
    by = allowed(request, "define_fields")
    kind_of(body.kind)
    return Status(201, _told(custom.define(by=by, **body.dict())))


@router.patch(
    "/fields/{int:number}",
    summary=_("Change a custom field"),
    description=_("Its kind, key and type stay."),
    response=dict,
    url_name="api_field",
)
def change(request: HttpRequest, number: int, body: FieldChange) -> dict[str, Any]:
    by = allowed(request, "define_fields")
    return _told(custom.change(custom.field(number), by=by, **body.dict()))


@router.delete(
    "/fields/{int:number}",
    summary=_("Remove a custom field"),
    description=_("Its values stay in the records, under its key."),
    response=dict,
    url_name="api_field",
)
def remove(request: HttpRequest, number: int) -> dict[str, Any]:
    by = allowed(request, "define_fields")
    custom.remove(custom.field(number), by=by)
    return {"removed": number}


def _told(found: CustomField) -> dict[str, Any]:
    names = ("kind", "key", "type", "label_en", "label_zh", "options", "required", "personal", "position")
    return {"number": found.pk, **{name: getattr(found, name) for name in names}}
