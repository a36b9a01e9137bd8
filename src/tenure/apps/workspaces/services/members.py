"""Members: who they are, what they may, the one-time links and passwords by which they sign in."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.core.validators import validate_email
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tenure.apps.workspaces import appearance
from tenure.apps.workspaces.models import ApiKey, Language, LinkPurpose, LoginLink, Member, Role, Scope
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError

LINK_MINUTES = 30
MINUTES = {LinkPurpose.ENTER: LINK_MINUTES, LinkPurpose.INVITE: 7 * 24 * 60, LinkPurpose.RESET: 24 * 60}
"""How long a link of each purpose is valid."""


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise TenureError(
            "member.bad_role",
            _("There is no role %(value)s.") % {"value": repr(role)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(Role.values)},
            field="role",
            value=role,
        )


def keep_to_owners(by: Actor) -> None:
    """An owner is made and changed by owners: whoever can reset an owner's password is one."""
    if isinstance(by, (Member, ApiKey)) and by.role != Role.OWNER:
        raise TenureError(
            "member.owners_only",
            _("Only an owner may make, change or reset an owner."),
            fix=_("Ask an owner to do it."),
        )


def create_member(
    email: str, display_name: str, role: str, *, by: Actor, language: str = "", password: str | None = None
) -> Member:
    """Let a person work in Tenure; without a password, they get in by links."""
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
    _check_role(role)
    if role == Role.OWNER:
        keep_to_owners(by)
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
        if password is not None:
            _check_password(password, member)
        member.set_password(password)
        member.save()
        write.audit("created", "member", email, after={"role": role, "name": member.display_name})
    return member


def make_login_link(email: str, *, by: Actor, purpose: str = LinkPurpose.ENTER, minutes: int | None = None) -> str:
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
        if member.role == Role.OWNER:
            keep_to_owners(by)
        token = secrets.token_urlsafe(32)
        expires = timezone.now() + timedelta(minutes=MINUTES[LinkPurpose(purpose)] if minutes is None else minutes)
        LoginLink.objects.create(member=member, digest=_digest(token), purpose=purpose, expires_at=expires)
        write.audit("made login link", "member", member.email, purpose=str(purpose))
    return token


def purpose_of(token: str) -> tuple[str, Member | None]:
    """What a link is for, and whom it lets in. One that is not valid is only found out when it is used."""
    link = LoginLink.objects.select_related("member").filter(digest=_digest(token)).first()
    if link is None or link.used_at is not None or link.expires_at <= timezone.now() or not link.member.is_active:
        return LinkPurpose.ENTER, None
    return link.purpose, link.member


def use_login_link(token: str, password: str | None = None) -> Member:
    """The member a link lets in; of several requests with one link, exactly one succeeds.

    A link that invites or resets sets the password as well: without one it is refused and stays valid.
    """
    now = timezone.now()
    link = LoginLink.objects.select_related("member").filter(digest=_digest(token), member__is_active=True).first()
    with writing(None if link is None else link.member) as write:
        # one statement on one row, so that of two requests the later one finds the link used
        unused = LoginLink.objects.filter(pk=None if link is None else link.pk, used_at=None, expires_at__gt=now)
        if link is None or not unused.update(used_at=now):
            raise TenureError(
                "login.link_refused",
                _("This link is not valid: it was used, has expired, or never existed."),
                fix=_("Make a new one with `tenure login-link ADDRESS`, or ask an administrator for one."),
            )
        if link.purpose != LinkPurpose.ENTER:
            _check_password(password or "", link.member)  # undoes the use where it refuses
        write.audit("used login link", "member", link.member.email, purpose=link.purpose)
        if link.purpose != LinkPurpose.ENTER:
            _put_password(link.member, password or "")
            write.audit("set password", "member", link.member.email)
    return link.member


def signed_in(member: Member) -> None:
    """Note that a member is in, past every step there was."""
    with writing(member) as write:
        write.audit("signed in", "member", member.email)


def set_password(member: Member, password: str, *, by: Actor) -> None:
    """Give a member another password: every other session of theirs ends, and no link made before opens any more."""
    _check_password(password, member)
    with writing(by) as write:
        _put_password(member, password)
        write.audit("set password", "member", member.email)


def _check_password(password: str, member: Member) -> None:
    try:
        validate_password(password, member)
    except ValidationError as problem:
        raise TenureError(
            "member.weak_password",
            _("This password can be guessed: %(why)s") % {"why": " ".join(problem.messages)},
            fix=_("Choose a longer one, such as four words that do not belong together."),
            field="password",
        ) from problem


def _put_password(member: Member, password: str) -> None:
    member.set_password(password)
    member.save(update_fields=["password"])
    LoginLink.objects.filter(member=member, used_at=None).update(used_at=timezone.now())


def mail_link(member: Member, address: str, *, purpose: str, by: Actor) -> None:
    """Send a member a new link by e-mail, in the member's language; `address` ends where the token is put."""
    token = make_login_link(member.email, by=by, purpose=purpose)
    with translation.override(member.language or settings.LANGUAGE_CODE):
        if purpose == LinkPurpose.INVITE:
            subject = _("You are invited to Tenure")
            text = _(
                "Hello %(name)s,\n\n"
                "you are invited to work in Tenure. Open this address within 7 days and choose a password:\n\n"
                "%(address)s\n\n"
                "It works once."
            )
        else:
            subject = _("Choose a new password for Tenure")
            text = _(
                "Hello %(name)s,\n\n"
                "open this address within 24 hours and choose a new password:\n\n"
                "%(address)s\n\n"
                "It works once. If you did not ask for it, there is nothing to do: your password has not changed."
            )
        body = text % {"name": member.display_name, "address": f"{address}{token}/"}
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [member.email])


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


def set_appearance(member: Member, wanted: Mapping[str, str]) -> None:
    """Remember how a member likes the pages; what is not named stays."""
    for name, value in wanted.items():
        if value not in appearance.CHOICES.get(name, ()):
            raise TenureError(
                "member.bad_appearance",
                _("%(name)s cannot be %(value)s.") % {"name": name, "value": repr(value)},
                fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(appearance.CHOICES.get(name, ()))},
                field=name,
                value=value,
            )
    member.appearance = {**member.appearance, **wanted}
    member.save(update_fields=["appearance"])


def deactivate(member: Member, *, by: Actor) -> None:
    """Take a person's access away; what they did stays in the audit trail. The last active owner stays."""
    with writing(by) as write:
        _keep_an_owner(member, by)
        member.is_active = False
        member.save(update_fields=["is_active"])
        write.audit("deactivated", "member", member.email)


def activate(member: Member, *, by: Actor) -> None:
    """Give a person who was deactivated their access back."""
    with writing(by) as write:
        if member.role == Role.OWNER:
            keep_to_owners(by)
        member.is_active = True
        member.save(update_fields=["is_active"])
        write.audit("activated", "member", member.email)


def set_role(member: Member, role: str, *, by: Actor) -> None:
    """Let a member do what another role may. The last active owner stays one."""
    _check_role(role)
    with writing(by) as write:
        before = member.role
        if role == before:
            return
        if role == Role.OWNER:
            keep_to_owners(by)
        _keep_an_owner(member, by)
        member.role = role
        if role == Role.OWNER:
            member.scope = Scope.ALL
        member.save(update_fields=["role", "scope"])
        write.audit("changed role", "member", member.email, before={"role": before}, after={"role": role})


def drop_second_factor(member: Member, *, by: Actor) -> None:
    """Take the second factor of somebody away who lost it: the password alone lets them in until they set a new one."""
    with writing(by) as write:
        if member.role == Role.OWNER:
            keep_to_owners(by)
        Authenticator.objects.filter(user=member).delete()
        write.audit("dropped second factor", "member", member.email)


def note(member: Member, verb: str) -> None:
    """Write into the audit trail what members did to their own way of signing in."""
    with writing(member) as write:
        write.audit(verb, "member", member.email)


def _keep_an_owner(member: Member, by: Actor) -> None:
    if member.role != Role.OWNER:
        return
    keep_to_owners(by)
    if not Member.objects.filter(role=Role.OWNER, is_active=True).exclude(pk=member.pk).exists():
        raise TenureError(
            "member.last_owner",
            _("%(value)s is the last owner.") % {"value": member.display_name},
            fix=_("Make another member an owner first."),
            field="member",
            value=member.email,
        )
