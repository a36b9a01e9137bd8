"""Metric definitions: the settings that change numbers, as named and versioned values. Hides their validation.

A definition is data, never a code path somewhere else: a question is asked under one, and its answer names it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from tenure.core.errors import SettingRefused
from tenure.core.periods import Calendar

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CHOICES: dict[str, tuple[str, ...]] = {
    "week_start": WEEKDAYS,
    "discount_policy": ("active", "forever", "none"),
    "churn_recognition": ("service_end", "cancel_request"),
    "pause_policy": ("zero", "keep"),
    "revenue_source": ("subscriptions", "invoices"),
}
DAYS = ("reactivation_window_days", "grace_gap_days", "renewal_grace_days")
FLAGS = ("net_churn_includes_reactivation", "churn_base_includes_new")


@dataclass(frozen=True, slots=True)
class Definition:
    """How figures are made. docs/reference/definitions.md describes every field."""

    name: str = "tenure"
    version: int = 1
    reporting_currency: str = "USD"
    timezone: str = "UTC"
    week_start: str = "monday"
    fiscal_year_start: int = 1
    discount_policy: str = "active"
    churn_recognition: str = "service_end"
    pause_policy: str = "zero"
    reactivation_window_days: int | None = None
    grace_gap_days: int | None = None
    renewal_grace_days: int = 30
    revenue_source: str = "subscriptions"
    gross_margin: Decimal | None = None
    net_churn_includes_reactivation: bool = False
    churn_base_includes_new: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as JSON values (Decimal as text)."""
        values = {k: v for k, v in asdict(self).items() if k not in ("name", "version")}
        values["gross_margin"] = None if self.gross_margin is None else str(self.gross_margin)
        return values

    @property
    def fingerprint(self) -> str:
        """Equal for definitions that give equal numbers, whatever they are called."""
        return hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def first_weekday(self) -> int:
        """0 is Monday."""
        return WEEKDAYS.index(self.week_start)

    @property
    def calendar(self) -> Calendar:
        """Where its weeks and years begin."""
        return Calendar(self.first_weekday, self.fiscal_year_start)

    def with_settings(
        self, settings: Mapping[str, Any], *, name: str | None = None, version: int | None = None
    ) -> Definition:
        """This definition with some settings replaced.

        Raises: SettingRefused for an unknown setting or value; it names the allowed ones.
        """
        allowed = {f.name for f in fields(self)} - {"name", "version"}
        clean = {key: _checked(key, value, allowed) for key, value in settings.items()}
        return replace(
            self,
            **clean,
            name=self.name if name is None else name,
            version=self.version if version is None else version,
        )


def _checked(key: str, value: Any, allowed: set[str]) -> Any:
    if key not in allowed:
        raise SettingRefused(
            "setting.unknown",
            f"There is no setting {key!r}.",
            fix=f"Use one of: {', '.join(sorted(allowed))}.",
            field=key,
            allowed=sorted(allowed),
        )
    if key in CHOICES:
        if value not in CHOICES[key]:
            raise _refused(key, value, list(CHOICES[key]))
        return value
    if key in DAYS:
        if value is None:
            return 30 if key == "renewal_grace_days" else None
        try:
            days = int(value)
        except (TypeError, ValueError):
            raise _refused(key, value, ["a whole number of days"]) from None
        if isinstance(value, bool) or str(days) != str(value).strip() or not 0 <= days <= 36_600:
            raise _refused(key, value, ["a whole number of days from 0 to 36600"])
        return days
    if key == "fiscal_year_start":
        if isinstance(value, bool) or str(value).strip() not in {str(month) for month in range(1, 13)}:
            raise _refused(key, value, ["the number of a month, from 1 to 12"])
        return int(value)
    if key in FLAGS:
        if not isinstance(value, bool):
            raise _refused(key, value, [True, False])
        return value
    if key == "gross_margin":
        return _margin(value)
    if key == "timezone":
        try:
            ZoneInfo(str(value))
        except (KeyError, ValueError, OSError):
            raise _refused(key, value, ["an IANA name such as Asia/Shanghai"]) from None
        return str(value)
    text = str(value).strip().upper()
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise _refused(key, value, ["an ISO 4217 code such as CNY"])
    return text


def _margin(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        margin = Decimal(str(value))
    except InvalidOperation:
        margin = Decimal("NaN")
    if not margin.is_finite() or not 0 <= margin <= 1:
        raise _refused("gross_margin", value, ["a share from 0 to 1, such as 0.8"])
    return margin


def _refused(key: str, value: Any, allowed: list[Any]) -> SettingRefused:
    return SettingRefused(
        "setting.bad_value",
        f"The setting {key} cannot be {value!r}.",
        fix=f"Use {' or '.join(str(a) for a in allowed)}.",
        field=key,
        value=value if isinstance(value, (str, int, bool)) else str(value),
        allowed=allowed,
    )


PRESETS: dict[str, Definition] = {
    "tenure": Definition(),
    "chartmogul-like": Definition(name="chartmogul-like", net_churn_includes_reactivation=True),
    "stripe-like": Definition(
        name="stripe-like",
        discount_policy="forever",
        churn_recognition="cancel_request",
        churn_base_includes_new=True,
    ),
}
"""Three starting points; a workspace's own time zone, currency and margin are laid over each."""

OF_THE_HOUSE = (
    "reporting_currency",
    "timezone",
    "week_start",
    "fiscal_year_start",
    "gross_margin",
    "revenue_source",
)
"""Settings that belong to the organisation, not to a school of metrics: presets take them from the workspace."""
