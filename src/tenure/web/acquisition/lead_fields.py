"""The forms of leads: rejecting and converting one, scores and hours, and the definition of a form for others."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tenure.apps.acquisition import selectors, working_days
from tenure.apps.acquisition.models import LeadForm
from tenure.apps.acquisition.services import lead_forms, working
from tenure.core import leads as scoring
from tenure.core.errors import TenureError
from tenure.web import errors
from tenure.web.acquisition import lead_words as words
from tenure.web.records.said import CURRENCIES
from tenure.web.records.words import LEAD_REASONS


class Fields(forms.Form):
    """A form with the look of the product, which says at which field it was refused."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.label_suffix = ""
        for field in self.fields.values():
            if not isinstance(field.widget, (forms.CheckboxInput, forms.CheckboxSelectMultiple)):
                field.widget.attrs.setdefault("class", "input")
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs.update({"class": "input input--text", "cols": "40"})

    def refuse(self, problem: TenureError) -> None:
        """Say why nothing was written, at the field it is about."""
        said = errors.translated(problem)
        field = problem.where.get("field")
        self.add_error(field if field in self.fields else None, " ".join(part for part in (said.message, said.fix)))


class Reject(Fields):
    reason = forms.ChoiceField(label=_("Why"), choices=[("", _("Choose a reason")), *LEAD_REASONS.items()])
    note = forms.CharField(label=_("In your words"), max_length=500, required=False)


class Note(Fields):
    kind = forms.ChoiceField(label=_("What the lead did"), choices=list(words.SIGNALS.items()))


class Convert(Fields):
    account_id = forms.ChoiceField(label=_("Account"), required=False)
    deal_name = forms.CharField(label=_("Name of the deal"), max_length=200, required=False)
    amount = forms.CharField(label=_("Amount without tax"), max_length=40, required=False)
    currency = forms.ChoiceField(label=_("Currency"), choices=[(one, one) for one in CURRENCIES], required=False)

    def __init__(self, *arguments: Any, matches: selectors.Matches, currency: str, **named: Any) -> None:
        super().__init__(*arguments, **named)
        field: Any = self.fields["account_id"]
        known = [(one.account_id, f"{one.name} ({words.MATCHED_BY[one.by]})") for one in matches.seen]
        field.choices = [*known, ("", _("A new account"))]
        if currency not in CURRENCIES:
            money: Any = self.fields["currency"]
            money.choices = [(currency, currency), *money.choices]
        self.fields["currency"].initial = currency
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"


class Policy(Fields):
    """Scores, lines, time to answer and working hours."""

    fit_line = forms.CharField(label=_("Fit from"), max_length=3)
    engagement_line = forms.CharField(label=_("Engagement from"), max_length=3)
    half_life_days = forms.CharField(label=_("Half-life of engagement, in days"), max_length=4)
    respond_minutes = forms.CharField(label=_("Answer within working minutes"), max_length=6)
    rules = forms.CharField(
        label=_("Rules of fit"),
        required=False,
        max_length=9_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One a line: what it is about (industry, employees, region or role): words = points."),
    )
    country = forms.ChoiceField(label=_("Public holidays of"), required=False)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        policy = selectors.lead_policy()
        initial = {name: getattr(policy, name) for name in ("fit_line", "engagement_line", "country")}
        initial |= {"half_life_days": policy.half_life_days, "respond_minutes": policy.respond_minutes}
        initial["rules"] = scoring.rules_text(selectors.fit_rules(policy))
        super().__init__(*arguments, initial=initial, **named)
        country: Any = self.fields["country"]
        country.choices = [("", _("None")), *((code, code) for code in working_days.countries())]
        for kind, label in words.SIGNALS.items():
            self._add(f"points_{kind}", label, policy.points.get(kind, 0), 3)
        for day, label in enumerate(words.WEEKDAYS):
            self._add(f"day_{day}", label, policy.week.get(str(day), ""), 100, required=False)

    def _add(self, name: str, label: Any, now: Any, most: int, *, required: bool = True) -> None:
        widget = forms.TextInput(attrs={"class": "input", "autocomplete": "off"})
        self.fields[name] = forms.CharField(label=label, initial=now, max_length=most, required=required, widget=widget)

    def some(self, prefix: str) -> list[Any]:
        """The fields whose names begin alike."""
        return [self[name] for name in self.fields if name.startswith(prefix)]

    @property
    def points(self) -> list[Any]:
        return self.some("points_")

    @property
    def week(self) -> list[Any]:
        return self.some("day_")

    def given(self) -> dict[str, Any]:
        """What was filled in, as the service takes it."""
        told = self.cleaned_data
        plain = {name: told[name] for name in Policy.base_fields}
        points = {kind: told[f"points_{kind}"] for kind in words.SIGNALS}
        return {**plain, "points": points, "week": {str(day): told[f"day_{day}"] for day in range(7)}}


class OwnDay(Fields):
    day = forms.CharField(label=_("Which day"), max_length=10, widget=forms.DateInput(attrs={"type": "date"}))
    kind = forms.ChoiceField(label=_("What it is"), choices=[("off", _("Day off")), ("worked", _("Working day"))])
    name = forms.CharField(label=_("Why"), max_length=100, required=False)


class Definition(Fields):
    """A form that people outside fill in."""

    name = forms.CharField(label=_("Name, for you"), max_length=100)
    title = forms.CharField(label=_("Title of the form"), max_length=200)
    intro = forms.CharField(
        label=_("What stands above the fields"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    fields_ = forms.MultipleChoiceField(
        label=_("Asks for"), choices=list(words.ASKED.items()), widget=forms.CheckboxSelectMultiple
    )
    required = forms.MultipleChoiceField(
        label=_("Must be filled in"),
        choices=list(words.ASKED.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    consent = forms.CharField(
        label=_("What people agree to"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept with every lead, with its version. Empty: nobody is asked."),
    )
    thanks = forms.CharField(label=_("Said afterwards"), required=False, widget=forms.Textarea(attrs={"rows": 3}))
    channel = forms.CharField(label=_("Channel"), max_length=200, required=False)
    campaign = forms.CharField(label=_("Campaign"), max_length=200, required=False)
    owner = forms.CharField(
        label=_("Worked on by"),
        max_length=200,
        required=False,
        help_text=_("The member or agent who gets its leads, as the accounts name them."),
    )
    signal = forms.ChoiceField(label=_("Counts as"), choices=list(words.SIGNALS.items()))
    embedded_in = forms.CharField(
        label=_("Sites that may show it"),
        max_length=1_000,
        required=False,
        help_text=_("Their addresses without a path, with spaces between them."),
    )
    is_open = forms.BooleanField(label=_("It takes answers"), required=False, initial=True)

    def __init__(self, *arguments: Any, form: LeadForm | None = None, **named: Any) -> None:
        start: dict[str, Any] = {"fields_": ["company_name", "person_name", "title", "email"], "required": ["email"]}
        if form is not None:
            start = {name: getattr(form, name) for name in (*lead_forms.TEXTS, "required", "signal", "is_open")}
            start["fields_"] = form.fields
        super().__init__(*arguments, initial=start, **named)
        self.fields["fields_"].error_messages["required"] = _("Choose at least one field.")

    def given(self) -> dict[str, Any]:
        """What was filled in, as the service takes it."""
        return {**self.cleaned_data, "fields": self.cleaned_data["fields_"]}


class Asked(Fields):
    """The fields of a form, as people outside see them; the services check what is sent."""

    def __init__(self, form: LeadForm, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name in form.fields:
            self.fields[name] = _asked(name, is_required=name in form.required)
        if form.consent:
            self.fields["consent"] = forms.BooleanField(label=form.consent, required=False)

    @property
    def questions(self) -> list[Any]:
        return [self[name] for name in self.fields if name in working.ASKED]


_TYPES = {"email": "email", "phone": "tel"}
_FILLED_BY = {
    **{"company_name": "organization", "person_name": "name", "title": "organization-title", "email": "email"},
    "phone": "tel",
}


def _asked(name: str, *, is_required: bool) -> forms.Field:
    attrs = {"class": "input", "autocomplete": _FILLED_BY.get(name, "off"), "maxlength": working.LONG}
    if is_required:
        attrs["required"] = True
    if name == "message":
        attrs |= {"maxlength": working.LONGEST["message"], "rows": 4, "class": "input input--text"}
        return forms.CharField(label=words.ASKED[name], required=False, widget=forms.Textarea(attrs=attrs))
    attrs["type"] = _TYPES.get(name, "text")
    if name == "employees":
        attrs["inputmode"] = "numeric"
    return forms.CharField(label=words.ASKED[name], required=False, widget=forms.TextInput(attrs=attrs))
