"""Reads of this app: what accounts are called."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.apps.crm.models import AccountVersion


def names(account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> name, of those that are known and named."""
    known = AccountVersion.objects.live().filter(account_id__in=account_ids).exclude(name=None)
    return dict(known.values_list("account_id", "name"))
