"""Moments and local days of a time zone, for single values and whole columns. Hides offsets and daylight saving.

Moments are microseconds since 1970-01-01T00:00Z (int64), days count from 1970-01-01 (int32). The offsets of a zone are
found once per day that occurs, and to the second where they change; the computer's own zone is never asked.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from tenure.core.errors import SettingRefused

Integers = npt.NDArray[np.int64]

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()

EARLIEST = (date(1, 1, 4).toordinal() - _EPOCH_DAY) * DAY
LATEST = (date(9999, 12, 29).toordinal() - _EPOCH_DAY) * DAY
"""Moments between these have a local day in every zone; those beyond are moved to the nearer one."""


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone of an IANA name such as Asia/Shanghai."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise SettingRefused(
            "setting.unknown_timezone",
            f"There is no time zone {name!r}.",
            fix="Use an IANA name such as Asia/Shanghai, Europe/Berlin or UTC.",
            field="timezone",
            value=name,
        ) from error


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def moment(stamp: datetime, local: tzinfo) -> int:
    """Microseconds since the epoch; a stamp without offset is local, the earlier one where the clock is set back."""
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=local)
    return min(max((stamp - _EPOCH) // timedelta(microseconds=1), EARLIEST), LATEST)


def local_stamp(micros: int, local: tzinfo) -> datetime:
    """The local date and time of a moment."""
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(local)


def local_micros(moments: Integers, timezone_name: str) -> Integers:
    """What a local clock shows at each moment, as microseconds since a local 1970-01-01T00:00.

    Units:   moments from EARLIEST to LATEST.
    """
    if len(moments) == 0 or timezone_name == "UTC":
        return moments
    days, row = np.unique(moments // DAY, return_inverse=True)
    before, change, after = np.array([_offsets(timezone_name, int(day)) for day in days], np.int64).T
    return np.asarray(moments + np.where(moments < change[row], before[row], after[row]), np.int64)


def moments_of_local(shown: Integers, timezone_name: str) -> Integers:
    """The moment at which a local clock shows each value; the earlier one where it shows it twice."""
    shown = np.clip(shown, EARLIEST - DAY, LATEST + DAY)
    guess = shown - (local_micros(shown, timezone_name) - shown)
    # the offset before the moment decides where the clock is set back, and shifts hours that a clock skips forward
    before = guess - DAY
    early = shown - (local_micros(before, timezone_name) - before)
    fits = early + (local_micros(early, timezone_name) - early) == shown
    late = shown - (local_micros(guess, timezone_name) - guess)
    late_fits = late + (local_micros(late, timezone_name) - late) == shown
    return np.clip(np.where(fits, early, np.where(late_fits, late, early)), EARLIEST, LATEST)


@lru_cache(maxsize=100_000)
def _offsets(timezone_name: str, day: int) -> tuple[int, int, int]:
    """(offset at the beginning of a day counted in UTC, moment from which another is in force, that one)."""
    local = zone(timezone_name)

    def offset(second: int) -> int:
        shown = (_EPOCH + timedelta(seconds=second)).astimezone(local).utcoffset()
        return 0 if shown is None else shown // timedelta(microseconds=1)

    start, end = day * 86_400, (day + 1) * 86_400
    first, last = offset(start), offset(end)
    while first != last and end - start > 1:
        middle = (start + end) // 2
        start, end = (middle, end) if offset(middle) == first else (start, middle)
    return first, end * SECOND, last


def fixed(minutes: int) -> timezone:
    """The zone of an offset written in a stamp."""
    return timezone(timedelta(minutes=minutes))
