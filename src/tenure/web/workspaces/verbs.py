"""What the audit trail says was done to a member, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tenure.apps.workspaces.models import Role

VERBS: Mapping[str, str] = {
    "created": gettext_noop("Made the member"),
    "made login link": gettext_noop("Made a login link"),
    "used login link": gettext_noop("Used a login link"),
    "signed in": gettext_noop("Signed in"),
    "set password": gettext_noop("Set the password"),
    "activated": gettext_noop("Gave access back"),
    "deactivated": gettext_noop("Took access away"),
    "set second factor": gettext_noop("Set up the second step"),
    "dropped second factor": gettext_noop("Switched the second step off"),
    "added passkey": gettext_noop("Added a passkey"),
    "removed passkey": gettext_noop("Removed a passkey"),
    "made recovery codes": gettext_noop("Made new recovery codes"),
    "ended other sessions": gettext_noop("Signed out everywhere else"),
}


def said(verb: str, detail: Mapping[str, Any]) -> str:
    """One entry as a sentence; a verb without one stays as it was written."""
    if verb == "changed role":
        former, now = detail["before"], detail["after"]
        names = {
            place: Role(value["role"] if isinstance(value, Mapping) else value).label
            for place, value in (("before", former), ("after", now))
        }
        return _("Changed the role from %(before)s to %(after)s") % names
    return _(VERBS[verb]) if verb in VERBS else verb
