"""What the rules of every kind of record are made of: each refuses one field of a record's values, with what to write.

An empty value passes: what a record cannot do without is its table's to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.workspaces.services.values import refuse


def one_of(values: Mapping[str, Any], field: str, allowed: Sequence[str]) -> None:
    """Refuse a value that is none of those allowed."""
    value = values.get(field)
    if value is not None and value not in allowed:
        raise refuse(field, value, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(allowed)})


def currency(values: Mapping[str, Any]) -> None:
    """Refuse what is no code of a currency."""
    value = values.get("currency")
    if value is not None and not re.fullmatch("[A-Z]{3}", value):
        raise refuse("currency", value, _("Write a three-letter ISO 4217 code such as USD or CNY."))


def at_least(values: Mapping[str, Any], field: str, lowest: int) -> None:
    """Refuse a number below the lowest."""
    value = values.get(field)
    if value is not None and value < lowest:
        raise refuse(field, value, _("Write %(lowest)s or more.") % {"lowest": lowest})


def between(values: Mapping[str, Any], field: str, lowest: int, highest: int) -> None:
    """Refuse a number outside of a range, whose ends belong to it."""
    value = values.get(field)
    if value is not None and not lowest <= value <= highest:
        told = {"lowest": lowest, "highest": highest}
        raise refuse(field, value, _("Write a number from %(lowest)s to %(highest)s.") % told)


def ends_after(values: Mapping[str, Any], start: str = "start", end: str = "end") -> None:
    """Refuse an end that is not after its start."""
    first, last = values.get(start), values.get(end)
    if first is not None and last is not None and last <= first:
        raise refuse(
            end, last.isoformat(), _("Write a day after %(day)s: it is the first day without.") % {"day": first}
        )
