"""Erasing a person: the question, asked with what is lost; what must be typed; and the proof of what was replaced."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tenure.apps.connectors import erasure
from tenure.apps.crm.services import PERSONAL
from tenure.core.errors import TenureError
from tenure.web import errors
from tenure.web import formatting as f
from tenure.web.pages import page, requires
from tenure.web.records import said, words
from tenure.web.records.kinds import KINDS, key_of, record_for


class Confirmation(forms.Form):
    """The contact's id, typed by hand."""

    confirm = forms.CharField(
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off", "autofocus": True})
    )

    def __init__(self, contact_id: str, data: Any = None) -> None:
        super().__init__(data)
        self.contact_id = contact_id
        self.label_suffix = ""
        self.fields["confirm"].label = _("Type the contact's id to confirm: %(id)s") % {"id": contact_id}

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.contact_id:
            raise forms.ValidationError(_("That is not the id. Nothing was erased."))
        return typed


@require_http_methods(["GET", "POST"])
@requires("erase")
def person_erase(request: HttpRequest, key: str) -> HttpResponse:
    """Ask, then erase; the proof is on the page that follows, and in it none of what was erased."""
    kind = KINDS["contacts"]
    contact = record_for(kind, key_of(key), request.user)
    form = Confirmation(contact.contact_id, request.POST if request.method == "POST" else None)
    problem = None
    if form.is_valid():
        try:
            proof = erasure.erase_person(contact.contact_id, by=request.user)
        except TenureError as refused:
            problem = errors.translated(refused)
            form.add_error(None, f"{problem.message} {problem.fix}")
        else:
            return page(request, "records/erased.html", heading=_("Erased"), **_proven(proof))
    lost = [words.label("contacts", name) for name in PERSONAL]
    return page(
        request,
        "records/erase.html",
        status=422 if form.is_bound else 200,
        crumbs=said.crumbs(kind, contact, request.user, itself=True),
        heading=_("Erase this person"),
        form=form,
        lost=f.listed(lost),
        back=said.address(kind, contact),
    )


def _proven(proof: dict[str, Any]) -> dict[str, Any]:
    replaced = proof["replaced"]
    return {
        "facts": [
            {"label": _("Contact id"), "text": f.listed(proof["contact_ids"])},
            {"label": _("Erased at"), "text": proof["erased_at"]},
            {"label": _("By"), "text": proof["by"]},
            {"label": _("Versions in the store"), "text": f.exact(replaced["store_versions"])},
            {"label": _("Rows in the lake"), "text": f.exact(replaced["lake_rows"])},
            {"label": _("Entries of the audit trail"), "text": f.exact(replaced["audit_entries"])},
            {"label": _("Imports and jobs"), "text": f.exact(replaced["imports_and_jobs"])},
            {"label": _("Cells of import reports"), "text": f.exact(replaced["report_cells"])},
        ],
        "still": f.listed(proof["still_found"]),
        "proof": json.dumps(proof, indent=1, ensure_ascii=False),
    }
