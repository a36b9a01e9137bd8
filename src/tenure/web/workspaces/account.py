"""My account: password, second factor, recovery codes, and where I am signed in."""

from __future__ import annotations

import re
from typing import Any

from allauth.account.internal import flows
from allauth.core import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions.internal.flows.sessions import end_other_sessions
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services import members
from tenure.web.formatting import moment
from tenure.web.pages import page, requires
from tenure.web.workspaces import forms
from tenure.web.workspaces.entrance import Framed

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("MicroMessenger", "WeChat"), ("Firefox", "Firefox"),
             ("Chrome", "Chrome"), ("Safari", "Safari"), ("curl", "curl"))  # fmt: skip
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone|iPad", "iOS"), ("Mac OS X", "macOS"),
            ("Linux", "Linux"))  # fmt: skip


@require_GET
@requires("own_account")
def my_account(request: HttpRequest) -> HttpResponse:
    member = request.user
    factors = list(Authenticator.objects.filter(user_id=member.pk).order_by("created_at"))
    kinds = {factor.type for factor in factors}
    sessions = sorted(UserSession.objects.purge_and_list(member), key=lambda session: session.created_at, reverse=True)
    return page(
        request,
        "workspaces/account.html",
        heading=_("My account"),
        who=member,
        has_password=member.has_usable_password(),
        second_factor=Authenticator.Type.TOTP in kinds,
        recovery_codes=Authenticator.Type.RECOVERY_CODES in kinds,
        passkeys=[
            {
                "id": factor.pk,
                "name": str(factor.wrap().name),
                "since": moment(factor.created_at),
                "used": moment(factor.last_used_at) if factor.last_used_at else "–",
            }
            for factor in factors
            if factor.type == Authenticator.Type.WEBAUTHN
        ],
        sessions=[
            {
                "device": device(session.user_agent),
                "place": session.ip,
                "since": moment(session.created_at),
                "here": session.is_current(),
            }
            for session in sessions
        ],
        keeper=may(member, "manage_members"),
    )


def device(user_agent: str) -> str:
    """Browser and system of a session, as its browser names itself."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if re.search(mark, user_agent)), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown device")


@sensitive_post_parameters("old", "password1", "password2")
@require_http_methods(["GET", "POST"])
@requires("own_account")
def change_password(request: HttpRequest) -> HttpResponse:
    if not ratelimit.consume(request, action="change_password", user=request.user):
        return ratelimit.respond_429(request)
    form = forms.ChangePassword(request.POST if request.method == "POST" else None, member=request.user)
    if form.is_valid():
        members.set_password(request.user, form.cleaned_data["password1"], by=request.user)
        flows.password_change.finalize_password_change(request, request.user)
        return HttpResponseRedirect(reverse("account"))
    status = 422 if form.is_bound else 200
    return page(request, "workspaces/password.html", heading=_("Password"), form=form, status=status)


@require_POST
@requires("own_account")
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out everywhere else."""
    end_other_sessions(request, request.user)
    members.note(request.user, "ended other sessions")
    return HttpResponseRedirect(reverse("account"))


class _Noted(Framed):
    """A change of how somebody signs in: it leaves an entry in the audit trail."""

    verb: str

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]  # of the library's view beside it
        members.note(self.request.user, self.verb)
        return response


class ActivateSecondFactor(_Noted, totp.ActivateTOTPView):
    verb = "set second factor"
    template_name = "workspaces/totp.html"
    form_class = forms.ActivateCode
    heading = gettext_lazy("Set up a second step")


class DropSecondFactor(_Noted, totp.DeactivateTOTPView):
    verb = "dropped second factor"
    template_name = "workspaces/totp_off.html"
    heading = gettext_lazy("Switch the second step off")


class AddPasskey(_Noted, webauthn.AddWebAuthnView):
    verb = "added passkey"
    template_name = "workspaces/passkey.html"
    form_class = forms.NewPasskey
    heading = gettext_lazy("Add a passkey")


class RemovePasskey(_Noted, webauthn.RemoveWebAuthnView):
    verb = "removed passkey"
    template_name = "workspaces/passkey_off.html"
    heading = gettext_lazy("Remove a passkey")

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return {**super().get_context_data(**more), "object": self.object.wrap().name}


class RecoveryCodes(Framed, codes.ViewRecoveryCodesView):
    template_name = "workspaces/recovery_codes.html"
    heading = gettext_lazy("Recovery codes")


class NewRecoveryCodes(_Noted, codes.GenerateRecoveryCodesView):
    verb = "made recovery codes"
    template_name = "workspaces/recovery_codes_new.html"
    heading = gettext_lazy("New recovery codes")


activate_second_factor = requires("own_account")(ActivateSecondFactor.as_view())
drop_second_factor = requires("own_account")(DropSecondFactor.as_view())
add_passkey = requires("own_account")(AddPasskey.as_view())
remove_passkey = requires("own_account")(RemovePasskey.as_view())
recovery_codes = requires("own_account")(RecoveryCodes.as_view())
new_recovery_codes = requires("own_account")(NewRecoveryCodes.as_view())
