"""What the audit trail says was done, and to what, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.workspaces.models import KEY_ROLES, Role, Scope
from tenure.web import formatting as f
from tenure.web.subscriptions.words import TABLES

VERBS: Mapping[str, Any] = {
    "added": gettext_lazy("Added"),
    "edited": gettext_lazy("Edited"),
    "ended": gettext_lazy("Ended"),
    "merged": gettext_lazy("Merged"),
    "undid merge": gettext_lazy("Took a merge back"),
    "told apart": gettext_lazy("Told apart"),
    "withdrew": gettext_lazy("Withdrew"),
    "restored": gettext_lazy("Restored"),
    "undid edit": gettext_lazy("Took an edit back"),
    "imported": gettext_lazy("Imported"),
    "undid import": gettext_lazy("Took an import back"),
    "cancelled import": gettext_lazy("Stopped an import"),
    "failed to import": gettext_lazy("Failed to import"),
    "defined": gettext_lazy("Defined"),
    "closed": gettext_lazy("Closed"),
    "reopened": gettext_lazy("Reopened"),
    "created": gettext_lazy("Made"),
    "renamed": gettext_lazy("Renamed"),
    "deleted": gettext_lazy("Deleted"),
    "revoked": gettext_lazy("Revoked"),
    "stopped": gettext_lazy("Stopped"),
    "started": gettext_lazy("Started"),
    "changed secret": gettext_lazy("Made another secret"),
    "changed role": gettext_lazy("Changed the role"),
    "changed scope": gettext_lazy("Changed what they see"),
    "activated": gettext_lazy("Gave access back"),
    "deactivated": gettext_lazy("Took access away"),
    "signed in": gettext_lazy("Signed in"),
    "made login link": gettext_lazy("Made a login link"),
    "used login link": gettext_lazy("Used a login link"),
    "set password": gettext_lazy("Set the password"),
    "set second factor": gettext_lazy("Set up the second step"),
    "dropped second factor": gettext_lazy("Switched the second step off"),
    "added passkey": gettext_lazy("Added a passkey"),
    "removed passkey": gettext_lazy("Removed a passkey"),
    "made recovery codes": gettext_lazy("Made new recovery codes"),
    "ended other sessions": gettext_lazy("Signed out everywhere else"),
    "exported": gettext_lazy("Exported"),
    "exported everything": gettext_lazy("Exported everything"),
    "backed up": gettext_lazy("Backed up"),
    "replayed": gettext_lazy("Wrote the lake again"),
    "collected": gettext_lazy("Collected"),
    "called": gettext_lazy("Telephoned"),
    "converted": gettext_lazy("Made an account"),
    "emptied": gettext_lazy("Emptied what had expired"),
    "signed": gettext_lazy("Signed what it is for"),
    "switched off": gettext_lazy("Switched off"),
    "opted out": gettext_lazy("Noted that the owner does not want it"),
    "began": gettext_lazy("Began"),
    "erased": gettext_lazy("Erased a person"),
}
"""Verb -> what it says by itself; a verb that is not here stays as it was written."""
KINDS: Mapping[str, Any] = {
    **TABLES,
    "contracts": gettext_lazy("Contract"),
    "member": gettext_lazy("Member"),
    "team": gettext_lazy("Team"),
    "api key": gettext_lazy("API key"),
    "custom field": gettext_lazy("Custom field"),
    "pipeline stage": gettext_lazy("Pipeline stage"),
    "webhook": gettext_lazy("Webhook"),
    "file": gettext_lazy("File"),
    "workspace": gettext_lazy("Workspace"),
    "lake": gettext_lazy("Lake"),
    "prospect": gettext_lazy("Prospect"),
    "profile": gettext_lazy("Ideal customer profile"),
    "call list": gettext_lazy("Telephone list"),
    "collector": gettext_lazy("Collector"),
    "collection": gettext_lazy("Collection"),
    "site": gettext_lazy("Site"),
}
"""Kind of record -> its name."""


NOTED: Mapping[str, Any] = {
    "name": gettext_lazy("Name"),
    "role": gettext_lazy("Role"),
    "scope": gettext_lazy("Scope"),
    "team": gettext_lazy("Team"),
    "owns_as": gettext_lazy("Named as owner in the accounts"),
    "purpose": gettext_lazy("Purpose"),
    "file": gettext_lazy("File"),
    "path": gettext_lazy("Address"),
    "created": gettext_lazy("New"),
    "changed": gettext_lazy("Changed"),
    "unchanged": gettext_lazy("Unchanged"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "kept": gettext_lazy("Kept"),
}
"""What an entry notes -> its name; columns of records keep the name of their table."""
MEANT: Mapping[str, Mapping[str, Any]] = {
    "role": KEY_ROLES,
    "scope": dict(Scope.choices),
    "purpose": {
        "enter": gettext_lazy("to sign in once"),
        "invite": gettext_lazy("to choose a first password"),
        "reset": gettext_lazy("to choose another password"),
    },
}


def noted(values: Mapping[str, Any]) -> str:
    """Values by name, in one line."""
    return " · ".join(f"{NOTED.get(name, name)}: {_meant(name, value)}" for name, value in values.items())


def _meant(name: str, value: Any) -> str:
    if value is None or value == "":
        return f.NOTHING
    return str(MEANT.get(name, {}).get(str(value), value))


def said(verb: str, detail: Mapping[str, Any]) -> str:
    """One entry about a member as a sentence."""
    if verb == "changed role":
        places = {place: detail[place] for place in ("before", "after")}
        roles = {place: value["role"] if isinstance(value, Mapping) else value for place, value in places.items()}
        return _("Changed the role from %(before)s to %(after)s") % {p: Role(role).label for p, role in roles.items()}
    return str(VERBS.get(verb, verb))
