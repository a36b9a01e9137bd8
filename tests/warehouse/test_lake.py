"""The lake: what was appended is there once, whole, in the version that says so, whoever else writes or is killed."""

import json
import multiprocessing
import os
import random
import signal
import threading
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from tenure.core.errors import LoadRefused, TenureError
from tenure.warehouse import lake as module
from tenure.warehouse.lake import Lake

RATES = module.TABLES["fx_rates"]


def rates(*values: int, currency: str = "EUR") -> pa.Table:
    """Rows of a small table, one per value."""
    rows = [
        {"day": date(2024, 1, 1), "currency": currency, "rate": Decimal(v), "row_id": str(v), "row_key": v, "flaws": []}
        for v in values
    ]
    return pa.Table.from_pylist(rows, schema=RATES)


def lines(*keys: int) -> pa.Table:
    """Subscription rows of which only the keys matter."""
    rows = [{"account_id": f"a{key}", "account_key": key, "currency": "USD"} for key in keys]
    return pa.Table.from_pylist(rows, schema=module.TABLES["subscriptions"])


def keys(lake: Lake, version: int | None = None) -> list[int]:
    return sorted(lake.read("fx_rates", ["row_key"], version).column(0).to_pylist())


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_an_empty_lake_has_nothing(lake: Lake) -> None:
    assert lake.versions() == {}
    assert lake.version("fx_rates") is None
    assert lake.files("fx_rates") == []
    assert lake.count("fx_rates") == 0
    assert lake.transaction("fx_rates", "outbox") is None
    assert lake.read("fx_rates").equals(RATES.empty_table())
    assert lake.read("fx_rates", ["rate", "day"]).column_names == ["rate", "day"]
    assert not lake.path.exists()


def test_rows_come_back_as_they_went_in(lake: Lake) -> None:
    version = lake.append("fx_rates", rates(1, 2))
    assert lake.versions() == {"fx_rates": version}
    assert lake.read("fx_rates").equals(rates(1, 2))
    assert lake.count("fx_rates") == 2


def test_a_version_keeps_its_rows(lake: Lake) -> None:
    first = lake.append("fx_rates", rates(1))
    second = lake.append("fx_rates", rates(2))
    assert (keys(lake, first), keys(lake, second), keys(lake)) == ([1], [1, 2], [1, 2])
    assert (lake.count("fx_rates", first), lake.count("fx_rates")) == (1, 2)


def test_no_rows_make_no_version(lake: Lake) -> None:
    version = lake.append("fx_rates", rates(1))
    assert lake.append("fx_rates", rates()) == version


@pytest.mark.parametrize("name", ["nothing", "", "../fx_rates", "subscription"])
def test_an_unknown_table_is_refused_with_the_known_ones(lake: Lake, name: str) -> None:
    for ask in (lake.version, lake.files, lake.read, lambda name: lake.append(name, rates(1))):
        with pytest.raises(LoadRefused, match="fx_rates") as caught:
            ask(name)
        assert caught.value.where["allowed"] == list(module.TABLES)


def test_rows_without_a_column_are_refused(lake: Lake) -> None:
    with pytest.raises(KeyError, match="rate"):
        lake.append("fx_rates", rates(1).drop_columns(["rate"]))
    assert lake.version("fx_rates") is None


def test_text_may_be_read_coded(lake: Lake) -> None:
    lake.append("fx_rates", rates(1, 2))
    lake.append("fx_rates", rates(3, currency="CNY"))
    coded = lake.read("fx_rates", ["currency", "rate"], coded=["currency"])
    assert pa.types.is_dictionary(coded.schema.field("currency").type)
    assert sorted(coded.column("currency").to_pylist()) == ["CNY", "EUR", "EUR"]


def test_rows_may_be_filtered_while_reading(lake: Lake) -> None:
    lake.append("fx_rates", rates(1, 2, 3))
    assert lake.read("fx_rates", ["rate"], where=pc.field("row_key") == 2).column(0).to_pylist() == [Decimal(2)]


def test_files_are_sorted_by_account(lake: Lake) -> None:
    lake.append("subscriptions", lines(3, -1, 2, 3, 1))
    assert lake.read("subscriptions").column("account_id").to_pylist() == ["a-1", "a1", "a2", "a3", "a3"]


def test_another_process_sees_each_version(lake: Lake) -> None:
    other = Lake(lake.path)
    assert other.version("fx_rates") is None
    for n in range(3):
        version = lake.append("fx_rates", rates(n))
        assert other.version("fx_rates") == version
        assert keys(other) == list(range(n + 1))


# ---------------------------------------------------------------------- exactly once


def test_a_transaction_is_taken_in_once(lake: Lake) -> None:
    version = lake.append("fx_rates", rates(1), transaction=("outbox", 7))
    assert lake.transaction("fx_rates", "outbox") == 7
    assert lake.append("fx_rates", rates(1), transaction=("outbox", 7)) == version
    assert lake.append("fx_rates", rates(0), transaction=("outbox", 3)) == version
    assert Lake(lake.path).append("fx_rates", rates(1), transaction=("outbox", 7)) == version
    lake.append("fx_rates", rates(2), transaction=("outbox", 8))
    lake.append("fx_rates", rates(3), transaction=("another", 1))
    assert keys(lake) == [1, 2, 3]


def test_a_transaction_without_rows_is_remembered(lake: Lake) -> None:
    lake.append("fx_rates", rates(), transaction=("outbox", 4))
    assert lake.transaction("fx_rates", "outbox") == 4
    assert lake.read("fx_rates").num_rows == 0


def test_a_transaction_that_delta_sees_twice_is_refused(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a writer that holds no lock and looked before the other committed."""
    lake.append("fx_rates", rates(0))
    other = Lake(lake.path)
    assert other.version("fx_rates") == lake.version("fx_rates")
    lake.append("fx_rates", rates(1), transaction=("outbox", 1))
    stale = other._handles["fx_rates"][0]
    monkeypatch.setattr(other, "_handle", lambda name: stale)
    with pytest.raises(Exception, match="Concurrent transaction"):
        other.append("fx_rates", rates(1), transaction=("outbox", 1))
    assert keys(lake) == [0, 1]


# ---------------------------------------------------------------------- many at once


def test_threads_append_and_read_together(lake: Lake) -> None:
    wrong: list[Any] = []

    def write(start: int) -> None:
        for n in range(start, start + 5):
            lake.append("fx_rates", rates(n))

    def read() -> None:
        for _ in range(10):
            version = lake.version("fx_rates")
            if version is not None and len(keys(lake, version)) != lake.count("fx_rates", version):
                wrong.append(version)

    threads = [threading.Thread(target=write, args=(10 * i,)) for i in range(3)] + [threading.Thread(target=read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert keys(lake) == sorted(10 * i + n for i in range(3) for n in range(5))
    assert not wrong


def test_a_lock_may_be_nested_and_keeps_other_threads_out(lake: Lake) -> None:
    order: list[str] = []

    def other() -> None:
        with lake.lock("fx_rates"):
            order.append("other")

    with lake.lock("fx_rates"), lake.lock("fx_rates"):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.05)
        lake.append("fx_rates", rates(1))
        order.append("mine")
    thread.join()
    assert order == ["mine", "other"]


def test_readers_do_not_wait_for_a_writer(lake: Lake) -> None:
    lake.append("fx_rates", rates(1))
    with lake.lock("fx_rates"):
        found: list[list[int]] = []
        thread = threading.Thread(target=lambda: found.append(keys(Lake(lake.path))))
        thread.start()
        thread.join(timeout=10)
        assert found == [[1]]


CONTEXT = multiprocessing.get_context("spawn")


def _writer(path: Path, start: int, ready: Any) -> None:
    """Append for ever, each transaction two rows; tidy up now and then."""
    lake = Lake(path)
    ready.set()
    n = start
    while True:
        lake.append("fx_rates", rates(2 * n, 2 * n + 1), transaction=("writer", n))
        if n % 3 == 0:
            lake.compact("fx_rates")
        if n % 5 == 0:
            lake.clean("fx_rates", keep_hours=0)
        n += 1


def test_a_killed_writer_leaves_nothing_half_and_nothing_doubled(lake: Lake) -> None:
    chance = random.Random(20240301)
    for _ in range(6):
        start = (lake.transaction("fx_rates", "writer") or 0) + 1
        ready = CONTEXT.Event()
        process = CONTEXT.Process(target=_writer, args=(lake.path, max(start - 2, 1), ready))
        process.start()
        assert ready.wait(60)
        time.sleep(chance.uniform(0.02, 0.4))
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        done = lake.transaction("fx_rates", "writer") or 0
        assert keys(lake) == [n for t in range(1, done + 1) for n in (2 * t, 2 * t + 1)]
    assert done > 6
    with Lake(lake.path).lock("fx_rates"):  # the dead hold no lock
        pass


def _crowd(path: Path, start: int) -> None:
    lake = Lake(path)
    for n in range(start, start + 20):
        lake.append("fx_rates", rates(n))
        if n % 7 == 0:
            lake.compact("fx_rates")


def test_processes_append_and_compact_together(lake: Lake) -> None:
    processes = [CONTEXT.Process(target=_crowd, args=(lake.path, 100 * i)) for i in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert keys(lake) == sorted(100 * i + n for i in range(3) for n in range(20))


# ---------------------------------------------------------------------- tidy


def test_compaction_keeps_the_rows(lake: Lake) -> None:
    for n in range(5):
        before = lake.append("fx_rates", rates(n, n + 100))
    expected = keys(lake)
    assert lake.compact("fx_rates", at_least=6) == 0
    assert lake.compact("fx_rates") == 5
    assert (len(lake.files("fx_rates")), keys(lake), keys(lake, before)) == (1, expected, expected)
    assert lake.compact("fx_rates") == 0
    assert DeltaTable(str(lake.path / "fx_rates")).to_pyarrow_table().num_rows == 10


def test_compaction_merges_up_to_a_size_and_sorts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_PER_FILE", 8)
    for n in range(4):
        lake.append("subscriptions", lines(n, 20 - n, 5))
    lake.append("subscriptions", lines(*range(100, 109)))
    lake.compact("subscriptions")
    sizes = sorted(pq.read_metadata(file).num_rows for file in lake.files("subscriptions"))
    assert sizes == [6, 7, 8]
    assert sum(sizes) == lake.count("subscriptions") == 21
    for file in lake.files("subscriptions"):
        found = pq.read_table(file, columns=["account_key"]).column(0).to_pylist()
        assert found == sorted(found)


def test_compaction_refuses_to_lose_rows(lake: Lake) -> None:
    lake.append("fx_rates", rates(1, 2))
    lake.append("fx_rates", rates(3))
    broken = lake.files("fx_rates")[0]
    pq.write_table(pq.read_table(broken).slice(0, 0), broken)
    version = lake.version("fx_rates")
    with pytest.raises(TenureError, match="where the log says 3"):
        lake.compact("fx_rates")
    assert lake.version("fx_rates") == version


def test_cleaning_keeps_what_a_reader_may_hold(lake: Lake) -> None:
    for n in range(3):
        before = lake.append("fx_rates", rates(n))
    orphan = lake.path / "fx_rates" / "part-left-by-a-killed-writer.parquet"
    pq.write_table(rates(9), orphan)
    old = lake.files("fx_rates")
    for file in old:  # written long ago, but out of the table only since now
        os.utime(file, (time.time() - 900_000, time.time() - 900_000))
    lake.compact("fx_rates")
    assert lake.clean("fx_rates", keep_hours=24) == 0
    assert keys(lake, before) == [0, 1, 2]
    os.utime(orphan, (time.time() - 100_000, time.time() - 100_000))
    assert lake.clean("fx_rates", keep_hours=24) == 1
    assert not orphan.exists()
    assert lake.clean("fx_rates", keep_hours=0) == 3
    assert keys(lake) == [0, 1, 2]
    with pytest.raises(TenureError, match=f"Version {before} of fx_rates cannot be read"):
        lake.read("fx_rates", version=before)


def test_cleaning_an_absent_table_does_nothing(lake: Lake) -> None:
    assert lake.clean("fx_rates") == 0
    assert lake.compact("fx_rates") == 0


@pytest.mark.parametrize("version", [99, 1])
def test_a_version_that_never_was_is_refused(lake: Lake, version: int) -> None:
    lake.append("fx_rates", rates())
    lake.append("fx_rates", rates(), transaction=("outbox", 0))
    with pytest.raises(TenureError, match="cannot be read"):
        lake.read("fx_rates", version=version + 1)


# ---------------------------------------------------------------------- growing


def test_a_younger_column_is_added_and_reads_as_null_in_older_files(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    young = RATES
    monkeypatch.setitem(module.TABLES, "fx_rates", young.remove(young.get_field_index("flaws")))
    lake.append("fx_rates", rates(1).drop_columns(["flaws"]))
    lake.append("fx_rates", rates(2).drop_columns(["flaws"]))
    monkeypatch.setitem(module.TABLES, "fx_rates", young)
    assert lake.read("fx_rates").column("flaws").to_pylist() == [None, None]
    later = Lake(lake.path)
    later.compact("fx_rates")
    later.append("fx_rates", rates(3))
    found = later.read("fx_rates", ["row_key", "flaws"]).sort_by("row_key")
    assert found.column("flaws").to_pylist() == [None, None, []]
    assert "flaws" in [one.name for one in DeltaTable(str(lake.path / "fx_rates")).schema().fields]


def test_a_long_log_is_read_from_its_checkpoint(lake: Lake) -> None:
    for n in range(105):
        lake.append("fx_rates", rates(n))
    log = lake.path / "fx_rates" / "_delta_log"
    assert json.loads((log / "_last_checkpoint").read_text())["version"] >= 99
    for entry in range(90):
        (log / f"{entry:020d}.json").unlink()
    assert keys(Lake(lake.path)) == list(range(105))
