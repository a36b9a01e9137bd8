"""What the sign-in library asks this product: its words, who may register (nobody), and what is noted."""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tenure.apps.workspaces.models import Member
from tenure.apps.workspaces.services import members

log = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The address or the password is wrong."),
        "incorrect_password": _("The password is wrong."),
        "too_many_login_attempts": _("Too many tries went wrong. Wait five minutes, or ask for a link."),
        "rate_limited": _("Too many tries went wrong. Wait five minutes, or ask for a link."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody registers: members are invited."""
        return False

    def add_message(self, *arguments: Any, **named: Any) -> None:
        """The pages say themselves what happened."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mail is this product's own."""

    def set_password(self, user: Member, password: str) -> None:
        members.set_password(user, password, by=user)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        log.warning("A sign-in failed, from %s.", self.get_client_ip(request))

    def respond_user_inactive(self, request: HttpRequest, user: Member) -> HttpResponse:
        return HttpResponseRedirect(reverse("account_login"))

    def post_login(self, request: HttpRequest, user: Member, **more: Any) -> HttpResponse:
        members.signed_in(user)
        return super().post_login(request, user, **more)


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code is not right. Codes change every 30 seconds: take the newest one."),
    }
