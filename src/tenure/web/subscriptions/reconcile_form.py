"""The form that takes another system's totals: a pasted text or a file, what they are of, by which definition."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.totals import Totals, read_totals
from tenure.web.subscriptions.reconcile import FIGURES

MOST_TEXT = 2_000_000
BAD_SHOWN = 50


class Given(forms.Form):
    """Totals to compare; after `is_valid`, `totals` has what was read."""

    text = forms.CharField(
        required=False,
        max_length=MOST_TEXT,
        strip=False,
        label=_("Paste the totals"),
        help_text=_("One line per month, or per account and month; or months side by side. Headings may be left out."),
    )
    file = forms.FileField(required=False, label=_("Or choose a file"), help_text=_("CSV or Excel."))
    compare = forms.ChoiceField(choices=[*FIGURES.items()], label=_("They are totals of"))
    definition = forms.ChoiceField(required=False, label=_("Our figure is counted by"))
    leave_out = forms.BooleanField(required=False, label=_("Leave out the lines that cannot be read"))

    def __init__(self, *arguments: Any, definitions: list[tuple[str, str]], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        self.totals = Totals()
        self.fields["definition"].choices = definitions  # type: ignore[attr-defined]
        example = "2026-09\t48,310.00\n2026-10\t49,875.50"
        self.fields["text"].widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "placeholder": example})
        self.fields["file"].widget.attrs["accept"] = ".csv,.tsv,.txt,.xlsx"
        for name, field in self.fields.items():
            if name != "leave_out":
                field.widget.attrs["class"] = "input"
        self.fields["text"].widget.attrs["class"] = "input input--text input--rows"

    @property
    def bad(self) -> list[dict[str, Any]]:
        """The lines that could not be read, as a template prints them."""
        return [{"number": one.number, "text": one.text, "why": one.why} for one in self.totals.bad[:BAD_SHOWN]]

    @property
    def more_bad(self) -> int:
        return max(len(self.totals.bad) - BAD_SHOWN, 0)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        file, text = given.get("file"), given.get("text", "")
        if file is None and not text.strip():
            raise forms.ValidationError(gettext("Paste the totals, or choose a file with them."))
        try:
            self.totals = read_totals(text) if file is None else read_totals(file.file, file.name)
        except ImportRefused as problem:
            raise forms.ValidationError(" ".join(problem.localised())) from None
        if not self.totals.lines:
            raise forms.ValidationError(gettext("No line could be read: each needs a month and an amount."))
        if self.totals.bad and not given.get("leave_out"):
            raise forms.ValidationError(
                gettext("Some lines could not be read. Correct them, or tick that they are left out.")
            )
        return given
