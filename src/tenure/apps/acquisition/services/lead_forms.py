"""Lead forms: defined by those who run campaigns, sent by people outside, guarded against machines."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from tenure.apps.acquisition.models import LeadForm, Submission
from tenure.apps.acquisition.services import working
from tenure.apps.workspaces.services.values import plain_text, refuse
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError
from tenure.core.leads import SIGNALS

KIND = "lead_forms"
TEXTS: Mapping[str, int] = {
    **{"name": 100, "title": 200, "intro": 2_000, "channel": 200, "campaign": 200, "owner": 200},
    **{"consent": 5_000, "thanks": 2_000, "embedded_in": 1_000},
}
TRAP = "website"
"""A field that no person sees: who fills it in is a machine."""
SIGNED = "seen"
LEAST_SECONDS = 2
"""Nobody reads and fills in a form faster."""
LONGEST_OPEN = timedelta(days=1)
WINDOW = timedelta(hours=1)
MOST_IN_WINDOW = 10
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?")
_SALT = "tenure.lead_form"


def save(given: Mapping[str, Any], *, by: Actor, form: LeadForm | None = None) -> LeadForm:
    """Make a form, or change one; another consent text is another version of it.

    Raises: ValueRefused.
    """
    values: dict[str, Any] = {}
    for name, most in TEXTS.items():
        text = plain_text(name, given.get(name, "") or "")
        if len(text) > most:
            raise refuse(name, text[:80], _("Write at most %(most)s characters.") % {"most": most})
        values[name] = text
    for name in ("name", "title"):
        if not values[name]:
            raise refuse(name, "", _("Write a few words."))
    values["fields"], values["required"] = (
        [one for one in working.ASKED if one in given.get(name, ())] for name in ("fields", "required")
    )
    if not set(values["fields"]) & {"email", "phone", "wechat"}:
        raise refuse("fields", "", _("Ask for an address or a number: else nobody can answer."))
    values["required"] = [one for one in values["required"] if one in values["fields"]]
    values["signal"] = str(given.get("signal") or "form")
    if values["signal"] not in SIGNALS:
        raise refuse("signal", values["signal"], _("Use one of: %(allowed)s.") % {"allowed": ", ".join(SIGNALS)})
    values["is_open"] = bool(given.get("is_open", True))
    values["embedded_in"] = " ".join(values["embedded_in"].casefold().split())
    for origin in values["embedded_in"].split():
        if not _ORIGIN.fullmatch(origin):
            raise refuse("embedded_in", origin[:80], _("Write addresses such as https://www.example.com."))
    with writing(by) as write:
        others = LeadForm.objects.filter(name=values["name"])
        if (others if form is None else others.exclude(pk=form.pk)).exists():
            raise refuse("name", values["name"], _("Another form has this name."))
        if form is None:
            made = LeadForm.objects.create(token=secrets.token_urlsafe(12), made_at=write.now, **values)
            write.audit("added", KIND, made.name, after=values)
            return made
        changed = [name for name, value in values.items() if getattr(form, name) != value]
        before = {name: getattr(form, name) for name in changed}
        if "consent" in changed:
            form.consent_version += 1
        for name in changed:
            setattr(form, name, values[name])
        if changed:
            form.save(update_fields=[*changed, "consent_version"])
            write.audit("edited", KIND, form.name, before=before, after={name: values[name] for name in changed})
    return form


def seal(form: LeadForm) -> str:
    """What a page of a form carries, to prove when it was opened."""
    return signing.TimestampSigner(salt=_SALT).sign(form.token)


def submit(
    form: LeadForm,
    given: Mapping[str, Any],
    *,
    sender: str,
    origin: Mapping[str, str],
    least_seconds: float | None = None,
) -> working.Captured | None:
    """Take in what somebody sent: as a lead, or as nothing (None) if a machine filled in what nobody sees.

    Raises: TenureError form.too_fast, form.expired, form.too_often, form.no_consent; ValueRefused.
    """
    if str(given.get(TRAP) or "").strip():
        return None
    _check_seal(form, str(given.get(SIGNED) or ""), LEAST_SECONDS if least_seconds is None else least_seconds)
    values = {name: str(given.get(name) or "").strip() for name in form.fields}
    for name in form.required:
        if not values.get(name):
            raise refuse(name, "", _("Please fill this in."))
    if values.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", values["email"]):
        raise refuse("email", values["email"][:80], _("This is no e-mail address."))
    if values.get("employees") and not re.fullmatch(r"[0-9]{1,7}", values["employees"]):
        raise refuse("employees", values["employees"][:40], _("Write a whole number."))
    if not any(values.get(name) for name in ("email", "phone", "wechat")):
        first = next(name for name in form.fields if name in ("email", "phone", "wechat"))
        raise refuse(first, "", _("Please say how we can reach you."))
    if form.consent and not given.get("consent"):
        raise refuse("consent", "", _("Please agree, or we may not answer you."))
    actor = f"form {form.name}"
    with writing(actor) as write:
        _count(form, sender, write.now)
        agreed = {
            "text": form.consent,
            "version": form.consent_version,
            "at": write.now.isoformat(),
            "how": "form",
            "form": form.name,
        }
        came = {name: text[:300] for name, text in origin.items() if name in working.ORIGIN and text}
        known = {"channel": form.channel, "campaign": form.campaign, **came}
        return working.capture(
            {**values, **known},
            by=actor,
            signal=form.signal,
            consent=agreed if form.consent else None,
            owner=form.owner or None,
            told={**values, **known, "form": form.name},
        )


def _check_seal(form: LeadForm, seal: str, least_seconds: float) -> None:
    signer = signing.TimestampSigner(salt=_SALT)
    try:
        if signer.unsign(seal[:200], max_age=LONGEST_OPEN) != form.token:
            raise signing.BadSignature
    except signing.BadSignature as error:
        raise TenureError(
            "form.expired",
            _("This page was open for too long."),
            fix=_("What you wrote is still here: send it again."),
        ) from error
    try:
        if least_seconds:
            signer.unsign(seal, max_age=least_seconds)
    except signing.SignatureExpired:
        return
    if least_seconds:
        raise TenureError(
            "form.too_fast",
            _("That was too fast for a person."),
            fix=_("What you wrote is still here: send it again."),
        )


def _count(form: LeadForm, sender: str, now: Any) -> None:
    """Refuse an address that sent a form too often within the hour; what is older is forgotten."""
    hashed = hmac.new(settings.SECRET_KEY.encode(), sender.encode(), hashlib.sha256).hexdigest()
    Submission.objects.filter(at__lt=now - WINDOW).delete()
    if Submission.objects.filter(form=form, sender=hashed).count() >= MOST_IN_WINDOW:
        raise TenureError(
            "form.too_often",
            _("This was sent too often from where you are."),
            fix=_("Try again in an hour, or write to us."),
        )
    Submission.objects.create(form=form, sender=hashed, at=now)
