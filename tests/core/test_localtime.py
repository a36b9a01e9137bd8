"""Local days of moments: whole columns agree with the standard library on every moment, daylight saving included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core import localtime
from tenure.core.errors import SettingRefused

ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Shanghai",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
]
FIRST, LAST = datetime(1900, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - hypothesis asks for plain ones
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(stamp: datetime) -> int:
    return (stamp - EPOCH) // timedelta(microseconds=1)


@settings(deadline=None)  # the first call compiles or loads
@given(st.sampled_from(ZONES), st.lists(st.datetimes(FIRST, LAST), min_size=1, max_size=5))
def test_what_a_local_clock_shows(zone: str, stamps: list[datetime]) -> None:
    moments = np.array([micros(stamp.replace(tzinfo=UTC)) for stamp in stamps])
    shown = [stamp.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC) for stamp in stamps]
    assert localtime.local_micros(moments, zone).tolist() == [micros(stamp) for stamp in shown]


@settings(deadline=None)  # the first call compiles or loads
@given(st.sampled_from(ZONES), st.lists(st.datetimes(FIRST, LAST), min_size=1, max_size=5))
def test_the_moment_of_a_local_clock(zone: str, stamps: list[datetime]) -> None:
    shown = np.array([micros(stamp.replace(tzinfo=UTC)) for stamp in stamps])
    expected = [localtime.moment(stamp, ZoneInfo(zone)) for stamp in stamps]
    assert localtime.moments_of_local(shown, zone).tolist() == expected


@pytest.mark.parametrize(
    ("stamp", "zone", "shown"),
    [
        pytest.param(
            "2024-04-01T03:59:59Z", "America/New_York", "2024-03-31T23:59:59", id="summer time, last second of March"
        ),
        pytest.param(
            "2024-02-01T04:59:59Z", "America/New_York", "2024-01-31T23:59:59", id="winter time, last second of January"
        ),
        pytest.param(
            "2024-03-10T06:59:59Z", "America/New_York", "2024-03-10T01:59:59", id="the second before the clock jumps"
        ),
        pytest.param("2024-03-10T07:00:00Z", "America/New_York", "2024-03-10T03:00:00", id="and the second of it"),
        pytest.param("2024-12-31T16:00:00Z", "Asia/Shanghai", "2025-01-01T00:00:00", id="new year in China"),
    ],
)
def test_days_turn_at_the_local_midnight(stamp: str, zone: str, shown: str) -> None:
    moment = micros(datetime.fromisoformat(stamp))
    expected = datetime.fromisoformat(shown)
    assert localtime.local_stamp(moment, localtime.zone(zone)).replace(tzinfo=None) == expected
    assert localtime.local_micros(np.array([moment]), zone).tolist() == [micros(expected.replace(tzinfo=UTC))]


@pytest.mark.parametrize("zone", ZONES)
def test_the_first_and_the_last_days(zone: str) -> None:
    edges = np.array([localtime.EARLIEST, localtime.LATEST])
    shown = localtime.local_micros(edges, zone)
    for moment, local in zip(edges.tolist(), shown.tolist(), strict=True):
        assert localtime.local_stamp(moment, localtime.zone(zone)).replace(tzinfo=UTC) == EPOCH + timedelta(
            microseconds=local
        )
    beyond = np.array([micros(datetime.min.replace(tzinfo=UTC)), micros(datetime.max.replace(tzinfo=UTC))])
    assert localtime.moments_of_local(beyond, zone).tolist() == edges.tolist()
    for stamp, edge in zip((datetime.min, datetime.max), edges.tolist(), strict=True):  # noqa: DTZ901 - plain on purpose
        assert localtime.moment(stamp, localtime.zone(zone)) == edge


@pytest.mark.parametrize("name", ["Nowhere/City", "", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(SettingRefused, match="IANA"):
        localtime.zone(name)
