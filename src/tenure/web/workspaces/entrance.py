"""The way in: password, one-time link, second factor, a forgotten password. Tries are counted by the library."""

from __future__ import annotations

from typing import Any

from allauth.account import views as account
from allauth.account.internal import flows
from allauth.account.models import Login
from allauth.core import ratelimit
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.mfa.webauthn import views as webauthn
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import LinkPurpose, Member
from tenure.apps.workspaces.services import members
from tenure.apps.workspaces.tasks import mail_link
from tenure.core.errors import TenureError
from tenure.web.pages import page, refusal
from tenure.web.workspaces import forms

WAYS = {
    "reauthenticate": gettext_lazy("Use the password"),
    "mfa_reauthenticate": gettext_lazy("Use a code"),
    "mfa_reauthenticate:webauthn": gettext_lazy("Use a passkey"),
}
"""Other ways to say who one is, by the library's names."""


class Framed:
    """A view of the library, shown in the product's frame; what was filled in wrongly comes back with status 422."""

    request: HttpRequest
    template_name: str
    heading: Any = ""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return {**super().get_context_data(**more), "heading": self.heading}  # type: ignore[misc]

    def render_to_response(self, context: dict[str, Any], **_more: Any) -> HttpResponse:
        status = 422 if self.request.method == "POST" else 200
        return page(self.request, self.template_name, status=status, **context)


class SignIn(Framed, account.LoginView):
    template_name = "workspaces/login.html"
    form_class = forms.SignIn
    heading = gettext_lazy("Sign in")

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**more),
            "by_password": settings.PASSWORD_LOGIN,
            "provider": settings.OIDC_NAME,
        }

    def post(self, request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
        if not settings.PASSWORD_LOGIN:
            return refusal(request, _no_passwords())
        return super().post(request, *arguments, **named)


def _no_passwords() -> TenureError:
    return TenureError(
        "login.no_passwords",
        _("Passwords are switched off here."),
        fix=_("Sign in another way, or ask an administrator for a one-time link."),
    )


class SecondFactor(Framed, mfa.AuthenticateView):
    template_name = "workspaces/second_factor.html"
    form_class = forms.SecondFactor
    heading = gettext_lazy("Second step")

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        keys = is_mfa_enabled(self.stage.login.user, [Authenticator.Type.WEBAUTHN])
        return {**super().get_context_data(**more), "passkeys": keys}


class Passkey(webauthn.LoginWebAuthnView):
    """Sign in by a passkey alone: who has one has both, the device and what unlocks it."""

    def form_invalid(self, form: Any) -> HttpResponse:
        return refusal(
            self.request,
            TenureError(
                "login.passkey_refused",
                _("This passkey does not open anything here."),
                fix=_("Sign in with your password, or ask an administrator for a link."),
            ),
        )


class _Again(Framed):
    """Ask once more who somebody is before they change how they sign in."""

    template_name = "workspaces/again.html"
    heading = gettext_lazy("Is it you?")

    def dispatch(self, request: HttpRequest, *arguments: Any, **named: Any) -> Any:
        if request.user.is_authenticated and not flows.reauthentication.get_reauthentication_flows(request.user):
            return HttpResponseRedirect(reverse("account"))
        return super().dispatch(request, *arguments, **named)  # type: ignore[misc]

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        context = super().get_context_data(**more)
        ways = context["reauthentication_alternatives"]
        return {**context, "ways": [{"url": way["url"], "label": WAYS[way["id"]]} for way in ways]}


class PasskeyAgain(_Again, webauthn.ReauthenticateWebAuthnView):
    template_name = "workspaces/passkey_again.html"


class PasswordAgain(_Again, account.ReauthenticateView):
    form_class = forms.Reauthenticate


class SecondFactorAgain(_Again, mfa.ReauthenticateView):
    form_class = forms.SecondFactorAgain


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button or a form and changes nothing, so that a program that previews links does not use them up."""
    purpose, member = members.purpose_of(token)
    if purpose == LinkPurpose.ENTER or member is None:
        if request.method != "POST":
            return page(request, "workspaces/sign_in.html", heading=_("Sign in"))
        return _enter(request, token, None)
    form = forms.NewPassword(request.POST if request.method == "POST" else None, member=member)
    if form.is_valid():
        return _enter(request, token, form.cleaned_data["password1"])
    heading = _("Welcome to Tenure") if purpose == LinkPurpose.INVITE else _("Choose a new password")
    status = 422 if form.is_bound else 200
    return page(request, "workspaces/new_password.html", heading=heading, form=form, who=member, status=status)


def _enter(request: HttpRequest, token: str, password: str | None) -> HttpResponse:
    try:
        member = members.use_login_link(token, password)
    except TenureError as problem:
        return refusal(request, problem)
    flows.login.record_authentication(request, member, method="link")
    return flows.login.perform_login(request, Login(user=member, redirect_url=reverse("home")))


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Mail a link to choose a new password; the answer is the same whether or not the address is a member's."""
    if not settings.PASSWORD_LOGIN:
        return refusal(request, _no_passwords())
    form = forms.Forgotten(request.POST if request.method == "POST" else None)
    sent = False
    if settings.MAIL and form.is_valid():
        email = form.cleaned_data["email"]
        if not ratelimit.consume(request, action="reset_password", key=email.lower()):
            return ratelimit.respond_429(request)
        member = selectors.active_member(email)
        if member is not None:
            send(request, member, LinkPurpose.RESET, by=member)
        sent = True
    status = 422 if form.is_bound and form.errors else 200
    return page(
        request,
        "workspaces/forgotten.html",
        status=status,
        heading=_("Forgotten password"),
        form=form,
        mail=settings.MAIL,
        sent=sent,
    )


def send(request: HttpRequest, member: Member, purpose: str, *, by: Member) -> None:
    """Have a link mailed in the background, so that the answer takes as long for strangers as for members."""
    address = request.build_absolute_uri(reverse("account_login"))
    mail_link.enqueue(member.pk, str(purpose), address, by.pk)
