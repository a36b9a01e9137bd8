"""What accounts are called, and who looks after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tenure.apps.crm import selectors
from tenure.apps.workspaces.permissions import Caller

Names = Callable[[list[str]], dict[str, str]]
"""Account id -> what is said of it, for those of which it is known."""


def names_for(caller: Caller) -> Names:
    """What accounts are called, of those that the caller sees."""
    return partial(_of, selectors.names, caller)


def owners_for(caller: Caller) -> Names:
    """Account id -> its owner, of those that the caller sees."""
    return partial(_of, selectors.owners, caller)


def _of(
    read: Callable[[Caller, Sequence[str]], dict[str, str]], caller: Caller, account_ids: list[str]
) -> dict[str, str]:
    return read(caller, [account for account in dict.fromkeys(account_ids) if account])
