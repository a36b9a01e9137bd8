"""What accounts are called, and who looks after them."""

from __future__ import annotations

from tenure.apps.crm import selectors


def account_names(account_ids: list[str]) -> dict[str, str]:
    """Account id -> name, for those that have one."""
    return selectors.names([account for account in dict.fromkeys(account_ids) if account])


def account_owners(account_ids: list[str]) -> dict[str, str]:
    """Account id -> its owner, for those that have one."""
    return selectors.owners([account for account in dict.fromkeys(account_ids) if account])
