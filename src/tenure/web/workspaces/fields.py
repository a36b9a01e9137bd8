"""Custom fields: listed by kind of record, made, changed, removed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tenure.apps.workspaces.models import CustomField, FieldType
from tenure.apps.workspaces.services import custom
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.pages import page, requires
from tenure.web.records import words
from tenure.web.workspaces.forms import refused


class Change(forms.Form):
    """What may change of a field: everything but its kind, key and type."""

    label_en = forms.CharField(max_length=100, required=False)
    label_zh = forms.CharField(max_length=100, required=False)
    options = forms.CharField(max_length=25_000, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    required = forms.TypedChoiceField(required=False, coerce=bool, empty_value=False)
    personal = forms.TypedChoiceField(required=False, coerce=bool, empty_value=False)
    position = forms.IntegerField(required=False, min_value=0, max_value=10_000)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        said = {
            "kind": (_("Of what"), ""),
            "key": (_("Key"), _("By which programs and files name it: small letters, digits and _.")),
            "type": (_("What it holds"), ""),
            "label_en": (_("Called in English"), ""),
            "label_zh": (_("Called in Chinese"), ""),
            "options": (_("Choices"), _("One a line. Of money: its currency, such as CNY.")),
            "required": (_("New records need it"), ""),
            "personal": (_("Who sees it"), ""),
            "position": (_("Place"), _("Fields stand by this number, the smallest first.")),
        }
        for name, field in self.fields.items():
            field.label, field.help_text = said[name]
            field.widget.attrs["class"] = "input"
        chosen: Any = self.fields
        chosen["required"].choices = [("", _("No")), ("yes", _("Yes"))]
        chosen["personal"].choices = [("", _("Everybody")), ("yes", _("Who may read personal data"))]

    def clean_options(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["options"].splitlines() if line.strip()]


class New(Change):
    """A field that is not there yet."""

    kind = forms.ChoiceField()
    key = forms.CharField(max_length=40)
    type = forms.ChoiceField(choices=FieldType.choices)
    field_order = ("kind", "key", "type", "label_en", "label_zh", "options", "position", "required", "personal")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        kinds: Any = self.fields["kind"]
        kinds.choices = [(kind, named_.many) for kind, named_ in words.KINDS.items()]


@require_http_methods(["GET", "POST"])
@requires("define_fields")
def field_list(request: HttpRequest) -> HttpResponse:
    """Every custom field; POST makes one."""
    form = New(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = custom.define(by=request.user, **form.cleaned_data)
        except TenureError as problem:
            refused(form, problem)
        else:
            messages.success(request, _("The field %(name)s is there.") % {"name": custom.label(made)})
            return redirect("fields")
    rows = [_row(one) for kind in words.KINDS for one in custom.fields(kind)]
    status = 422 if form.is_bound else 200
    return page(request, "workspaces/fields.html", status=status, heading=_("Custom fields"), form=form, rows=rows)


@require_http_methods(["GET", "POST"])
@requires("define_fields")
def field(request: HttpRequest, number: int) -> HttpResponse:
    """One custom field; POST changes it."""
    found = custom.field(number)
    now = {name: getattr(found, name) for name in ("label_en", "label_zh", "position")}
    now |= {name: "yes" if getattr(found, name) else "" for name in ("required", "personal")}
    now["options"] = "\n".join(found.options)
    form = Change(request.POST if request.method == "POST" else None, initial=now)
    if form.is_valid():
        try:
            custom.change(found, by=request.user, **form.cleaned_data)
        except TenureError as problem:
            refused(form, problem)
        else:
            messages.success(request, _("Saved."))
            return redirect("fields")
    return page(
        request,
        "workspaces/field.html",
        status=422 if form.is_bound else 200,
        heading=custom.label(found),
        note=f"{words.KINDS[found.kind].many} · {found.key} · {found.get_type_display()}",
        form=form,
        number=number,
    )


@require_POST
@requires("define_fields")
def field_remove(request: HttpRequest, number: int) -> HttpResponse:
    """Ask and show a field no more."""
    found = custom.field(number)
    custom.remove(found, by=request.user)
    told = {"name": custom.label(found)}
    messages.success(request, _("The field %(name)s is removed; its values stay in the records.") % told)
    return redirect("fields")


def _row(found: CustomField) -> dict[str, Any]:
    return {
        "number": found.pk,
        "kind": words.KINDS[found.kind].many,
        "label": custom.label(found),
        "key": found.key,
        "type": found.get_type_display(),
        "options": f.listed(found.options) or f.NOTHING,
        "required": found.required,
        "personal": found.personal,
    }
