"""Forms of signing in and of members. Hides how their fields get the look and words of the product."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as mfa
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import KEY_ROLES, Language, Member, Role, Scope
from tenure.core.errors import TenureError
from tenure.web import errors

PASSWORD_HINT = _("At least 10 characters, and none of the passwords that everybody uses. Four random words are good.")


def _shown(form: forms.BaseForm, **labels: Any) -> None:
    """Give fields the product's input and label; what a library says in a placeholder goes."""
    for name, field in form.fields.items():
        field.widget.attrs["class"] = "input"
        field.widget.attrs.pop("placeholder", None)
        field.label = labels.get(name, field.label)
    form.label_suffix = ""


def refused(form: forms.BaseForm, problem: TenureError) -> None:
    """Say in a form why it was not carried out: at the field it is about, else above all."""
    said = errors.translated(problem)
    field = problem.where.get("field")
    form.add_error(field if field in form.fields else None, " ".join((said.message, said.fix)))


class SignIn(account.LoginForm):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["login"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["password"].help_text = ""
        _shown(self, login=_("E-mail address"), password=_("Password"))


class Forgotten(forms.Form):
    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _shown(self, email=_("E-mail address"))


class NewPassword(forms.Form):
    """A new password, twice."""

    password1 = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))
    password2 = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}))

    def __init__(self, *arguments: Any, member: Member, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.member = member
        self.fields["password1"].help_text = PASSWORD_HINT
        _shown(self, password1=_("New password"), password2=_("New password again"))

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.member)
        return password

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        first, second = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first and second and first != second:
            self.add_error("password2", _("The two are not the same."))
        return cleaned


class ChangePassword(NewPassword):
    """The same, with the password so far where there is one."""

    old = forms.CharField(strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}))
    field_order = ("old", "password1", "password2")

    def __init__(self, *arguments: Any, member: Member, **named: Any) -> None:
        super().__init__(*arguments, member=member, **named)
        if member.has_usable_password():
            self.fields["old"].label = _("Password so far")
        else:
            del self.fields["old"]

    def clean_old(self) -> str:
        old: str = self.cleaned_data["old"]
        if not self.member.check_password(old):
            raise forms.ValidationError(_("The password is wrong."))
        return old


class Reauthenticate(account.ReauthenticateForm):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _shown(self, password=_("Password"))


class _Code:
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        form: Any = self
        form.fields["code"].widget = forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
        )
        _shown(form, code=_("Verification code"))


class SecondFactor(_Code, mfa.AuthenticateForm):
    pass


class SecondFactorAgain(_Code, mfa.ReauthenticateForm):
    pass


class ActivateCode(_Code, ActivateTOTPForm):
    pass


class NewPasskey(AddWebAuthnForm):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        named["initial"] = {"name": gettext("Passkey")}
        super().__init__(*arguments, **named)
        _shown(self, name=_("Name"))


class Invite(forms.Form):
    email = forms.EmailField(max_length=254)
    display_name = forms.CharField(max_length=200, required=False)
    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)
    language = forms.ChoiceField(choices=Language.choices)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["language"].initial = get_language()
        _shown(self, email=_("E-mail address"), display_name=_("Name"), role=_("Role"), language=_("Language"))


class ChooseRole(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _shown(self, role=_("Role"))


class TeamName(forms.Form):
    name = forms.CharField(max_length=100)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        _shown(self, name=_("Name of the team"))


class _WithTeam(forms.Form):
    """A form in which a team may be chosen."""

    team = forms.TypedChoiceField(required=False, empty_value=None)

    def __init__(self, *arguments: Any, none: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._teams = {str(team.pk): team for team in selectors.teams()}
        field: Any = self.fields["team"]
        field.choices = [("", none), *((number, team.name) for number, team in self._teams.items())]
        field.coerce = self._teams.get


SCOPES = {Scope.OWN: _("Their own"), Scope.TEAM: _("Those of the team"), Scope.ALL: _("All")}
"""Whose accounts a member sees, in words."""


class ChooseScope(_WithTeam):
    """Whose accounts a member sees."""

    scope = forms.ChoiceField(choices=list(SCOPES.items()))
    owns_as = forms.CharField(max_length=200, required=False)
    field_order = ("scope", "team", "owns_as")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, none=_("No team"), **named)
        _shown(self, scope=_("Sees the accounts"), team=_("Team"), owns_as=_("Named as owner in the accounts"))

    @classmethod
    def of(cls, member: Member) -> ChooseScope:
        """The form as a member is now."""
        return cls(initial={"scope": member.scope, "team": str(member.team_id or ""), "owns_as": member.owns_as})


class NewKey(_WithTeam):
    """A key for a program."""

    name = forms.CharField(max_length=200)
    role = forms.ChoiceField(choices=list(KEY_ROLES.items()), initial=Role.ANALYST)
    field_order = ("name", "role", "team")

    def __init__(self, *arguments: Any, by: Member, **named: Any) -> None:
        super().__init__(*arguments, none=_("All accounts"), **named)
        role: Any = self.fields["role"]
        role.choices = [(r, label) for r, label in KEY_ROLES.items() if r != Role.OWNER or by.role == Role.OWNER]
        _shown(self, name=_("For which program"), role=_("Role"), team=_("Sees the accounts of"))
