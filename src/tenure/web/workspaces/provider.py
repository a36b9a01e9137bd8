"""Signing in with an OpenID Connect provider: it says whose address somebody has, and only invited members get in.

Nothing is kept of what the provider says: a member is found by the verified e-mail address, each time anew. The ID
token counts only with a signature of the provider's keys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import jwtkit
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView, OAuth2View
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from requests import RequestException

from tenure.apps.workspaces import selectors
from tenure.core.errors import TenureError
from tenure.web.pages import refusal

PROVIDER = "oidc"


class ProviderAdapter(DefaultSocialAccountAdapter):
    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in the member with the verified address, and nobody else."""
        verified = [address.email for address in sociallogin.email_addresses if address.verified]
        member = next((found for email in verified if (found := selectors.active_member(email))), None)
        if member is None:
            raise ImmediateHttpResponse(_refused(request, verified))
        sociallogin.user = member

    def on_authentication_error(self, request: HttpRequest, *_about: Any, **_more: Any) -> None:
        raise ImmediateHttpResponse(refusal(request, _failed()))


class _Signed(OpenIDConnectOAuth2Adapter):
    """The exchange with the provider, in which only signed claims count."""

    def complete_login(self, request: HttpRequest, app: SocialApp, token: Any, **more: Any) -> SocialLogin:
        claims = self._decode_id_token(app, more["response"].get("id_token") or "")
        if "email" not in claims:
            told = self._fetch_user_info(token.token)
            if told.get("sub") != claims["sub"]:
                raise OAuth2Error("The provider speaks of two people.")
            claims = {**told, **claims}
        return self.get_provider().sociallogin_from_response(request, {"id_token": claims})

    def _decode_id_token(self, app: SocialApp, id_token: str) -> dict[str, Any]:
        issuer = self.openid_config["issuer"]
        if issuer.rstrip("/") != app.settings["server_url"].rstrip("/"):
            raise OAuth2Error("The provider is not the one that is set.")
        claims: dict[str, Any] = jwtkit.verify_and_decode(
            credential=id_token,
            keys_url=self.openid_config["jwks_uri"],
            issuer=issuer,
            audience=app.client_id,
            lookup_kid=jwtkit.lookup_kid_jwk,
        )
        return claims


@require_GET
def enter(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the provider."""
    return _stepped(request, provider_id, OAuth2LoginView)


@require_GET
def back(request: HttpRequest, provider_id: str) -> HttpResponse:
    """The browser comes back from the provider."""
    return _stepped(request, provider_id, OAuth2CallbackView)


def _stepped(request: HttpRequest, provider_id: str, step: type[OAuth2View]) -> HttpResponse:
    view: Callable[[HttpRequest], HttpResponse] = step.adapter_view(_Signed(request, provider_id))
    try:
        return view(request)
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    except (RequestException, KeyError, TypeError, ValueError):
        return refusal(request, _failed())


def _failed() -> TenureError:
    return TenureError(
        "login.provider_failed",
        _("Signing in with the provider did not work."),
        fix=_("Try again. If it stays so, tell whoever runs this: the log says what the provider answered."),
    )


def _refused(request: HttpRequest, verified: list[str]) -> HttpResponse:
    if not verified:
        problem = TenureError(
            "login.address_not_verified",
            _("The provider does not vouch for your e-mail address."),
            fix=_("Confirm the address with the provider, or sign in another way."),
        )
    else:
        problem = TenureError(
            "login.not_invited",
            _("Nobody with the address %(value)s was invited.") % {"value": verified[0]},
            fix=_("Ask an administrator to invite this address."),
            value=verified[0],
        )
    return refusal(request, problem)
