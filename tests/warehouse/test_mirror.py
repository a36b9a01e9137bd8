"""Changes reach the lake once, whatever is repeated or breaks off, and readers see all of a flush or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenure.warehouse import mirror, schema
from tenure.warehouse.lake import Lake
from tenure.warehouse.mirror import SUPERSEDE, Change

NOW = datetime(2024, 5, 1, tzinfo=UTC)
WHERE = {"timezone": "UTC", "reporting_currency": "USD"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def insert(position: int, *numbers: int, **columns: Any) -> Change:
    rows = {
        "account_id": pa.array([f"a{n}" for n in numbers]),
        "subscription_id": pa.array([f"s{n}" for n in numbers]),
        "amount": pa.array([Decimal(n) for n in numbers], schema.MONEY),
        "start": pa.array([date(2024, 1, 1)] * len(numbers)),
        "row_id": pa.array([f"r{n}" for n in numbers]),
        "source": pa.array([None] * len(numbers), pa.string()),
        "recorded_at": pa.array([NOW] * len(numbers), schema.STAMP),
        **columns,
    }
    return Change(position, "subscriptions", "insert", pa.table(rows))


def supersede(position: int, *numbers: int, table: str = "subscriptions") -> Change:
    rows = [{"source": None, "row_id": f"r{n}", "superseded_at": NOW} for n in numbers]
    return Change(position, table, "supersede", pa.Table.from_pylist(rows, SUPERSEDE))


def live(lake: Lake, versions: dict[str, int] | None = None) -> list[str]:
    """Ids of the rows that are not superseded, at the versions a reader is given."""
    versions = mirror.snapshot(lake) if versions is None else versions
    if "subscriptions" not in versions:
        return []
    gone: set[int] = set()
    if "supersessions" in versions:
        gone = set(lake.read("supersessions", ["row_key"], versions["supersessions"])["row_key"].to_pylist())
    rows = lake.read("subscriptions", ["row_id", "row_key"], versions["subscriptions"]).to_pylist()
    return sorted(r["row_id"] for r in rows if r["row_key"] not in gone)


def test_changes_are_written_in_order_and_the_last_position_returned(lake: Lake) -> None:
    assert mirror.apply(lake, [], **WHERE) == 0
    assert mirror.apply(lake, [insert(3, 1, 2), supersede(4, 1), insert(5, 3)], **WHERE) == 5
    assert live(lake) == ["r2", "r3"]
    assert mirror.applied(lake) == 5


@pytest.mark.parametrize("again", [[insert(1, 1), supersede(2, 1)], [insert(1, 1), supersede(2, 1), insert(3, 2)]])
def test_what_the_lake_has_is_not_written_again(lake: Lake, again: list[Change]) -> None:
    mirror.apply(lake, [insert(1, 1), supersede(2, 1)], **WHERE)
    mirror.apply(lake, again, **WHERE)
    assert lake.read("subscriptions").num_rows == len(again) - 1
    assert lake.read("supersessions").num_rows == 1


def test_rows_of_the_mirror_are_the_rows_a_load_would_make(lake: Lake) -> None:
    mirror.apply(lake, [insert(1, 1)], **WHERE)
    (row,) = lake.read("subscriptions").to_pylist()
    assert (row["origin"], row["item"], row["currency"], row["quantity"], row["mrr"]) == (
        "store",
        "main",
        "USD",
        Decimal(1),
        Decimal(1),
    )
    assert (row["recorded_at"], row["flaws"]) == (NOW, [])


def test_the_moment_of_a_day_is_kept(lake: Lake) -> None:
    moment = datetime(2024, 3, 31, 20, tzinfo=UTC)
    days = {
        "cancelled": pa.array([date(2024, 4, 1), date(2024, 4, 2)]),
        "cancelled_at": pa.array([moment, None], schema.STAMP),
    }
    mirror.apply(lake, [insert(1, 1, 2, **days)], **WHERE)
    rows = lake.read("subscriptions").sort_by("row_id").to_pylist()
    assert [(r["cancelled"], r["cancelled_at"]) for r in rows] == [(date(2024, 4, 1), moment), (date(2024, 4, 2), None)]


def test_a_large_flush_goes_in_parts_and_is_seen_at_once(lake: Lake, monkeypatch: Any) -> None:
    monkeypatch.setattr(mirror, "ROWS_AT_ONCE", 2)
    seen = []

    def changes() -> Any:
        for position in range(1, 8):
            seen.append(live(lake))
            yield insert(position, position)

    mirror.apply(lake, changes(), **WHERE)
    assert seen == [[]] * 7
    assert len(live(lake)) == 7


class Stop(Exception):
    pass


@pytest.mark.parametrize("commits", range(4))
def test_a_flush_that_breaks_off_is_not_seen_and_is_finished_by_the_next(
    lake: Lake, monkeypatch: Any, commits: int
) -> None:
    mirror.apply(lake, [insert(1, 1, 2)], **WHERE)
    append, left = Lake.append, [commits]

    def failing(self: Lake, *arguments: Any, **options: Any) -> int:
        if not left[0]:
            raise Stop
        left[0] -= 1
        return append(self, *arguments, **options)

    changes = [insert(2, 3), supersede(3, 1), insert(4, 4), supersede(5, 2)]
    monkeypatch.setattr(mirror, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(Lake, "append", failing)
    with pytest.raises(Stop):
        mirror.apply(lake, changes, **WHERE)
    assert live(lake) == ["r1", "r2"]
    monkeypatch.undo()
    assert live(Lake(lake.path)) == ["r1", "r2"]
    mirror.apply(lake, [*changes, insert(6, 5)], **WHERE)
    assert live(lake) == ["r3", "r4", "r5"]
    assert lake.read("subscriptions").num_rows == 5


def test_other_tables_are_read_at_their_latest_version_during_a_flush(lake: Lake) -> None:
    mirror.apply(lake, [insert(1, 1)], **WHERE)
    before = mirror.snapshot(lake)

    def changes() -> Any:
        yield insert(2, 2)
        assert mirror.snapshot(lake) == before

    mirror.apply(lake, changes(), **WHERE)
    assert mirror.snapshot(lake)["subscriptions"] > before["subscriptions"]


def test_a_replay_puts_the_stores_rows_in_the_place_of_all_mirrored_ones(lake: Lake) -> None:
    mirror.apply(lake, [insert(1, 1, 2), supersede(2, 1)], **WHERE)
    written = mirror.replay(
        lake,
        {"subscriptions": [insert(0, 2).rows, insert(0, 3).rows]},
        [("subscriptions", supersede(0, 3).rows)],
        9,
        **WHERE,
    )
    assert written == {"subscriptions": 2, "supersessions": 1}
    assert live(lake) == ["r2"]
    assert mirror.applied(lake) == 9
    mirror.apply(lake, [insert(9, 8), insert(10, 9)], **WHERE)
    assert live(lake) == ["r2", "r9"]
