"""The forms of a webhook, and what its choices are called."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.connectors.models import WebhookEndpoint
from tenure.apps.connectors.webhooks.endpoints import VERBS
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import Member
from tenure.web.records import words
from tenure.web.records.kinds import KINDS
from tenure.web.subscriptions.words import TABLES

SAID: dict[str, Any] = {
    "added": gettext_lazy("Added"),
    "edited": gettext_lazy("Changed"),
    "ended": gettext_lazy("Ended"),
    "merged": gettext_lazy("Merged"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "restored": gettext_lazy("Withdrawal taken back"),
    "reverted": gettext_lazy("Change taken back"),
    "imported": gettext_lazy("Imported"),
    "import_undone": gettext_lazy("Import taken back"),
    "erased": gettext_lazy("Personal data erased"),
}
"""Verb of an event -> what it says."""


def kinds() -> dict[str, str]:
    """The kinds of records that can be heard of, in words."""
    return {kind: str(words.KINDS[kind].many if kind in words.KINDS else TABLES.get(kind, kind)) for kind in KINDS}


class Hook(forms.Form):
    """What a webhook is and hears."""

    url = forms.CharField(max_length=2_000, widget=forms.URLInput(attrs={"placeholder": "https://"}))
    note = forms.CharField(max_length=200, required=False)
    kinds = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    verbs = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    leaves_out = forms.ChoiceField(required=False)

    def __init__(self, *arguments: Any, by: Member, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        labels = {
            "url": (_("Address"), _("Where changes are sent to. It answers with a status from 200 to 299.")),
            "note": (_("What it is for"), ""),
            "kinds": (_("Records"), _("Without a choice: all.")),
            "verbs": (_("What was done"), _("Without a choice: anything.")),
            "leaves_out": (
                _("Leave out the changes of"),
                _("A program that also writes into Tenure need not hear of its own changes."),
            ),
        }
        for name, (label, hint) in labels.items():
            self.fields[name].label, self.fields[name].help_text = label, hint
            if name not in ("kinds", "verbs"):
                self.fields[name].widget.attrs["class"] = "input"
        chosen: Any = self.fields
        known = set(self.initial.get("kinds", ()))
        chosen["kinds"].choices = list({**kinds(), **{kind: kind for kind in known - set(KINDS)}}.items())
        chosen["verbs"].choices = [(verb, SAID[verb]) for verb in VERBS]
        keys = [(f"key:{key.prefix}", str(key)) for key in selectors.api_keys().filter(revoked_at=None)]
        writers = {"": _("Nobody"), f"member:{by.pk}": _("Me"), **dict(keys)}
        now = self.initial.get("leaves_out", "")
        chosen["leaves_out"].choices = list({**writers, **({} if now in writers else {now: now})}.items())

    @classmethod
    def of(cls, endpoint: WebhookEndpoint, data: Any, *, by: Member) -> Hook:
        """The form as a webhook is now."""
        names = ("url", "note", "kinds", "verbs", "leaves_out")
        return cls(data, by=by, initial={name: getattr(endpoint, name) for name in names})
