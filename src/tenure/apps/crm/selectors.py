"""Reads of this app: what accounts are called, and who looks after them."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.apps.crm.models import AccountVersion


def names(account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> name, of those that are known and named."""
    known = AccountVersion.objects.live().filter(account_id__in=account_ids).exclude(name=None)
    return dict(known.values_list("account_id", "name"))


def owners(account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> who looks after it, of those that have an owner."""
    known = AccountVersion.objects.live().filter(account_id__in=account_ids).exclude(owner=None)
    return dict(known.values_list("account_id", "owner"))
