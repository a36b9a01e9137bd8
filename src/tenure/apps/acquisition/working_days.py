"""Which days a country's public calendar gives off, and which are worked instead. Hides the library that knows."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

Days = frozenset[date]


def countries() -> tuple[str, ...]:
    """The codes of the countries whose holidays are known."""
    return tuple(sorted(code for code in holidays.list_supported_countries() if len(code) == 2))


@lru_cache(maxsize=32)
def public(country: str, year: int) -> tuple[Days, Days]:
    """The days off and the made-up working days of the years around one; nothing where no country is named."""
    if not country:
        return frozenset(), frozenset()
    known = holidays.country_holidays(country, years=range(year - 1, year + 3))
    worked = frozenset(getattr(known, "weekend_workdays", ()))
    return frozenset(known) - worked, worked
