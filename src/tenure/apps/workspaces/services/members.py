"""Members and the one-time links by which they sign in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import Language, LoginLink, Member, Role
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError

LINK_MINUTES = 30


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_member(email: str, display_name: str, role: str, *, by: Actor, language: str = "") -> Member:
    """Let a person work in Tenure."""
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError as error:
        raise TenureError(
            "member.bad_email",
            _("%(value)s is not an e-mail address.") % {"value": repr(email)},
            fix=_("Write it as name@example.com."),
            field="email",
            value=email,
        ) from error
    if role not in Role.values:
        raise TenureError(
            "member.bad_role",
            _("There is no role %(value)s.") % {"value": repr(role)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(Role.values)},
            field="role",
            value=role,
        )
    if language and language not in Language.values:
        raise TenureError(
            "member.bad_language",
            _("There is no language %(value)s.") % {"value": repr(language)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(Language.values)},
            field="language",
            value=language,
        )
    with writing(by) as write:
        if Member.objects.filter(email__iexact=email).exists():
            raise TenureError(
                "member.exists",
                _("There is already a member with the address %(value)s.") % {"value": email},
                fix=_("Make a login link for that member, or use another address."),
                field="email",
                value=email,
            )
        member = Member(email=email, display_name=display_name.strip() or email, role=role, language=language)
        member.set_unusable_password()
        member.save()
        write.audit("created", "member", email, role=role)
    return member


def make_login_link(email: str, *, by: Actor, minutes: int = LINK_MINUTES) -> str:
    """The token of a new one-time link for an active member: shown once, kept as a hash."""
    with writing(by) as write:
        member = Member.objects.filter(email__iexact=email.strip(), is_active=True).first()
        if member is None:
            raise TenureError(
                "member.unknown",
                _("There is no active member with the address %(value)s.") % {"value": repr(email)},
                fix=_("Check the address, or make the first member with `tenure create-owner`."),
                field="email",
                value=email,
            )
        token = secrets.token_urlsafe(32)
        expires = timezone.now() + timedelta(minutes=minutes)
        LoginLink.objects.create(member=member, digest=_digest(token), expires_at=expires)
        write.audit("made login link", "member", member.email)
    return token


def use_login_link(token: str) -> Member:
    """The member a link signs in; of several requests with one link, exactly one succeeds."""
    now = timezone.now()
    link = LoginLink.objects.select_related("member").filter(digest=_digest(token), member__is_active=True).first()
    # one statement on one row, so that of two requests the later one finds the link used
    unused = LoginLink.objects.filter(pk=None if link is None else link.pk, used_at=None, expires_at__gt=now)
    if link is None or not unused.update(used_at=now):
        raise TenureError(
            "login.link_refused",
            _("This link is not valid: it was used, has expired, or never existed."),
            fix=_("Make a new one with `tenure login-link ADDRESS`, or ask an administrator for one."),
        )
    member = link.member
    with writing(None) as write:
        member.last_login = now
        member.save(update_fields=["last_login"])
        write.audit("signed in", "member", member.email)
    return member


def set_language(member: Member, language: str) -> None:
    """Remember the language a member reads."""
    if language not in Language.values:
        raise TenureError(
            "member.bad_language",
            _("There is no language %(value)s.") % {"value": repr(language)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(Language.values)},
            field="language",
            value=language,
        )
    member.language = language
    member.save(update_fields=["language"])


def deactivate(member: Member, *, by: Actor) -> None:
    """Take a person's access away; what they did stays in the audit trail. The last active owner stays."""
    with writing(by) as write:
        owners = Member.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=member.pk)
        if member.role == Role.OWNER and not owners.exists():
            raise TenureError(
                "member.last_owner",
                _("%(value)s is the last owner.") % {"value": member.display_name},
                fix=_("Make another member an owner first."),
                field="member",
                value=member.email,
            )
        member.is_active = False
        member.save(update_fields=["is_active"])
        write.audit("deactivated", "member", member.email)
