"""What erasing a person does to leads: whose they are, and that nothing of a person stays in them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.acquisition.models import LeadVersion
from tenure.core.errors import TenureError

PERSONAL = LeadVersion.PERSONAL
TABLE = LeadVersion.KIND
STORE_TABLE = LeadVersion._meta.db_table
_TELLING = ("person_name", "email", "phone", "wechat")


@dataclass(frozen=True, slots=True)
class Leads:
    """The leads of a person: their ids and keys, and the words by which the person can be found in other places."""

    lead_ids: tuple[str, ...]
    keys: frozenset[str]
    words: frozenset[str]
    whole: frozenset[str]


def leads_of(told: Collection[str], contact_ids: Collection[str]) -> Leads:
    """The leads that became one of the contacts, or that have one of the addresses or numbers in any version.

    Raises: TenureError contact.telling_id if a lead's own id tells who the person is.
    """
    wanted = {_same(word) for word in told} - {""}
    ids: set[str] = set(LeadVersion.objects.filter(contact_id__in=contact_ids).values_list("lead_id", flat=True))
    rows = list(LeadVersion.objects.values_list("lead_id", "email", "phone", "wechat").distinct())
    before = -1
    while before != len(ids):
        before = len(ids)
        for lead_id, *named in rows:
            theirs = {_same(word) for word in named if word} - {""}
            if lead_id in ids or theirs & wanted or _same(lead_id) in wanted:
                ids.add(lead_id)
                wanted |= theirs
    versions: list[Any] = list(LeadVersion.objects.filter(lead_id__in=ids))
    words = {v.strip() for one in versions for f in _TELLING if (v := getattr(one, f)) and v.strip()}
    words = {word for word in words if len(word) >= (2 if not word.isascii() else 5)} - ids
    for identity in {i for one in versions for i in (one.lead_id, one.given_id) if i}:
        if any(word.casefold() in identity.casefold() for word in words):
            raise TenureError(
                "contact.telling_id",
                _("The contact's own id tells who the person is: this release cannot replace an id."),
                fix=_("Nothing was erased. Start a workspace from files in which the contact has another id."),
            )
    whole = {v.strip() for one in versions for f in PERSONAL if (v := getattr(one, f)) and v.strip()} - ids
    keys = frozenset(one.version_key for one in versions)
    return Leads(tuple(sorted(ids)), keys, frozenset(words), frozenset(whole))


def forget(lead_ids: Collection[str]) -> int:
    """Take the personal columns out of every version of the leads; how many versions there are."""
    return int(LeadVersion.objects.filter(lead_id__in=lead_ids).update(**dict.fromkeys(PERSONAL)))


def _same(word: str) -> str:
    """What two writings of an address or a number have in common."""
    word = word.strip().casefold()
    digits = re.sub(r"[\s()+-]", "", word)
    return digits.removeprefix("86") if digits.isdigit() and len(digits) >= 7 else word
