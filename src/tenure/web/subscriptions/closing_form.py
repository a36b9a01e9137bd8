"""The forms by which a person closes a month and opens it again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

MOST_TEXT = 1000


class _Why(forms.Form):
    """One field that says why."""

    note = forms.CharField(max_length=MOST_TEXT, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        self.fields["note"].widget.attrs["class"] = "input input--text"


class Close(_Why):
    """The note with which a month is closed; it may stay empty."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["note"].required = False
        self.fields["note"].label = _("Note")
        self.fields["note"].help_text = _("What should be known about it, such as what it was checked against.")


class Reopen(_Why):
    """The reason for which a closed month is opened again."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["note"].label = _("Reason")
        self.fields["note"].help_text = _("It stays beside the month, with your name.")
