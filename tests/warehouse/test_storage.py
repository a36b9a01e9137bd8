"""A lake in object storage is what a lake in a folder is, also when several machines write into it without a lock."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

import tenure
from buckets import KEY, SECRET, served, without_buckets
from tenure.core.errors import SettingRefused, TenureError
from tenure.warehouse import copying, forgetting, mirror, storage
from tenure.warehouse import lake as module
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.engines.duckdb import DuckDBEngine
from tenure.warehouse.lake import Lake, lake_of

RATES = module.TABLES["fx_rates"]
CONTEXT = multiprocessing.get_context("spawn")


def rates(*values: int, currency: str = "EUR") -> pa.Table:
    """Rows of a small table, one per value."""
    rows = [
        {"day": date(2024, 1, 1), "currency": currency, "rate": Decimal(v), "row_id": str(v), "row_key": v, "flaws": []}
        for v in values
    ]
    return pa.Table.from_pylist(rows, schema=RATES)


def keys(lake: Lake, version: int | None = None) -> list[int]:
    return sorted(lake.read("fx_rates", ["row_key"], version).column(0).to_pylist())


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the lake of the test lies."""
    return str(request.getfixturevalue("bucket")) if request.param == "bucket" else str(tmp_path / "lake")


@pytest.fixture
def lake(place: str, tmp_path: Path) -> Lake:
    return Lake(place, locks=tmp_path / "locks")


@pytest.fixture
def far(bucket: str, tmp_path: Path) -> Lake:
    """A lake in a bucket."""
    return Lake(bucket, locks=tmp_path / "locks")


def beside(lake: Lake) -> Lake:
    """The same lake, as another machine has it."""
    return Lake(lake.storage.place)


def at_commit(monkeypatch: pytest.MonkeyPatch, lake: Lake, once: Callable[[], Any]) -> None:
    """Let something happen between the look at a table and the first commit to it."""
    commit, waiting = lake._commit, [once]

    def later(*arguments: Any) -> int:
        while waiting:
            waiting.pop()()
        return commit(*arguments)

    monkeypatch.setattr(lake, "_commit", later)


# ------------------------------------------------------------------------------------------ the same in both places


def test_an_empty_lake_has_nothing(lake: Lake) -> None:
    assert lake.versions() == {}
    assert lake.version("fx_rates") is None
    assert (lake.files("fx_rates"), lake.count("fx_rates"), lake.missing()) == ([], 0, [])
    assert lake.transaction("fx_rates", "outbox") is None
    assert lake.read("fx_rates").equals(RATES.empty_table())
    assert (lake.clean("fx_rates"), lake.compact("fx_rates")) == (0, 0)
    assert mirror.snapshot(lake) == {}


def test_a_version_keeps_its_rows(lake: Lake) -> None:
    first = lake.append("fx_rates", rates(1, currency="人民币"))
    second = lake.append("fx_rates", rates(2))
    assert (keys(lake, first), keys(lake, second), keys(lake)) == ([1], [1, 2], [1, 2])
    assert lake.append("fx_rates", rates()) == second
    assert lake.read("fx_rates", version=first).equals(rates(1, currency="人民币"))
    assert lake.versions() == {"fx_rates": second}
    assert (lake.count("fx_rates", first), lake.count("fx_rates")) == (1, 2)


def test_files_are_addresses_that_everything_opens(lake: Lake, place: str) -> None:
    version = lake.append("fx_rates", rates(1, 2))
    lake.append("fx_rates", rates(3))
    (file,) = lake.files("fx_rates", version)
    assert file.startswith(f"{place}/fx_rates/part-")
    assert lake.rows("fx_rates", [file], ["row_key"], where=pc.field("row_key") > 1)["row_key"].to_pylist() == [2]
    assert (lake.rows_in([file]), lake.parquet(file).metadata.num_rows) == (2, 2)
    with lake.opened(file) as source:
        assert source.read()[:4] == b"PAR1"
    assert lake.missing() == []


def test_another_machine_sees_each_version(lake: Lake) -> None:
    other = beside(lake)
    assert other.versions() == {}
    for n in range(3):
        version = lake.append("fx_rates", rates(n))
        assert (other.versions(), other.version("fx_rates")) == ({"fx_rates": version}, version)
        assert keys(other) == list(range(n + 1))


def test_a_transaction_is_taken_in_once(lake: Lake) -> None:
    version = lake.append("fx_rates", rates(1), transaction=("outbox", 7))
    assert lake.transaction("fx_rates", "outbox") == 7
    assert lake.append("fx_rates", rates(1), transaction=("outbox", 7)) == version
    assert beside(lake).append("fx_rates", rates(1), transaction=("outbox", 7)) == version
    lake.append("fx_rates", rates(), transaction=("outbox", 8))
    lake.append("fx_rates", rates(3), transaction=("another", 1))
    assert (keys(lake), lake.transaction("fx_rates", "outbox")) == ([1, 3], 8)


def test_rows_made_after_an_older_transaction_are_refused(lake: Lake) -> None:
    lake.append("fx_rates", rates(1), transaction=("outbox", 1), after=0)
    lake.append("fx_rates", rates(2), transaction=("outbox", 2), after=1)
    with pytest.raises(TenureError) as refused:
        lake.append("fx_rates", rates(2, 3), transaction=("outbox", 3), after=1)
    assert refused.value.code == "lake.overtaken"
    assert keys(lake) == [1, 2]


def test_rows_are_replaced_removed_and_merged(lake: Lake) -> None:
    for n in range(4):
        before = lake.append("fx_rates", rates(n, n + 10))
    assert lake.remove("fx_rates", ds.field("row_key") >= 12) == 2
    assert keys(lake) == [0, 1, 2, 3, 10, 11]
    assert lake.remove("fx_rates", ds.field("row_key") == 99) == 0
    assert lake.replace("fx_rates", [rates(77)], ds.field("row_key") < 10, transaction=("outbox", 1)) == 1
    assert (keys(lake), lake.count("fx_rates")) == ([0, 1, 2, 3, 77], 5)
    assert lake.compact("fx_rates") > 1
    assert (len(lake.files("fx_rates")), keys(lake)) == (1, [0, 1, 2, 3, 77])
    assert keys(lake, before) == [0, 1, 2, 3, 10, 11, 12, 13]


def test_what_came_since_a_version_is_told(lake: Lake) -> None:
    first = lake.append("fx_rates", rates(1))
    second = lake.append("fx_rates", rates(2, 3))
    added = lake.added_since("fx_rates", first, second)
    assert added is not None
    assert added == [file for file in lake.files("fx_rates") if file not in lake.files("fx_rates", first)]
    lake.compact("fx_rates")
    merged = lake.version("fx_rates") or 0
    assert lake.added_since("fx_rates", second, merged) == []
    lake.remove("fx_rates", ds.field("row_key") == 1)
    assert lake.added_since("fx_rates", merged, merged + 1) is None


def test_a_version_whose_files_were_deleted_is_gone(lake: Lake) -> None:
    for n in range(3):
        before = lake.append("fx_rates", rates(n))
    lake.compact("fx_rates")
    assert lake.clean("fx_rates") == 0
    assert keys(lake, before) == [0, 1, 2]
    assert lake.clean("fx_rates", keep_hours=0) == 3
    assert keys(lake) == [0, 1, 2]
    for version in (before, 99):
        with pytest.raises(TenureError, match=f"Version {version} of fx_rates cannot be read"):
            lake.read("fx_rates", version=version)


def test_a_younger_column_reads_as_null(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.TABLES, "fx_rates", RATES.remove(RATES.get_field_index("flaws")))
    lake.append("fx_rates", rates(1).drop_columns(["flaws"]))
    monkeypatch.setitem(module.TABLES, "fx_rates", RATES)
    version = beside(lake).append("fx_rates", rates(3))
    assert lake.read("fx_rates").sort_by("row_key")["flaws"].to_pylist() == [None, []]
    found = engine(lake).query("SELECT row_key, flaws FROM fx_rates ORDER BY 1", {}, {"fx_rates": version})
    assert found["flaws"].to_pylist() == [None, []]


@pytest.mark.slow
def test_a_long_log_is_read_from_its_checkpoint(lake: Lake) -> None:
    for n in range(102):
        lake.append("fx_rates", rates(n))
    log = lake.storage.names("fx_rates/_delta_log")
    assert any(name.endswith(".checkpoint.parquet") for name in log)
    for entry in log[:90]:
        if entry.endswith(".json"):
            inside = lake.storage.inside(lake.storage.address(f"fx_rates/_delta_log/{entry}"))
            Path(inside).unlink() if lake.storage.files is None else lake.storage.files.delete_file(inside)
    other = beside(lake)
    assert keys(other) == list(range(102))
    assert other.added_since("fx_rates", 3, 5) is None


def test_a_mirror_hides_what_is_half_there(lake: Lake) -> None:
    rows = pa.table({"day": [date(2024, 1, 1)], "currency": ["EUR"], "rate": [Decimal(2)], "row_id": ["x"]})
    changes = [mirror.Change(n, "fx_rates", "insert", rows) for n in (1, 2)]
    told = {"timezone": "UTC", "reporting_currency": "USD"}
    assert mirror.apply(lake, changes[:1], **told) == 1
    veil = mirror._Veil(lake)
    veil.hide("fx_rates")
    before = mirror.snapshot(lake)
    lake.append("fx_rates", rates(5))
    assert mirror.snapshot(beside(lake)) == before
    assert mirror.apply(beside(lake), changes, **told) == 2
    assert (mirror.snapshot(lake), mirror.hidden(lake)) == (lake.versions(), {})
    assert lake.count("fx_rates") == 3


# --------------------------------------------------------------------------------------------------- the engine


def engine(lake: Lake) -> DuckDBEngine:
    return DuckDBEngine(lake, memory_limit="200MB", threads=2)


def test_sql_reads_the_columns_and_rows_it_needs(lake: Lake) -> None:
    version = lake.append("fx_rates", rates(*range(50), currency="人民币"))
    lake.append("fx_rates", rates(100))
    sql = (
        "SELECT sum(rate) AS total, count(*) AS n FROM fx_rates "
        "WHERE row_key >= $least AND day = DATE '2024-01-01' AND currency IN ('人民币', 'x') AND rate < 49"
    )
    found = engine(lake).query(sql, {"least": 40}, {"fx_rates": version})
    assert found.to_pylist() == [{"total": Decimal(sum(range(40, 49))), "n": 9}]


@pytest.mark.parametrize("sql", ["FROM read_csv('/etc/hostname')", "FROM 's3://x/y.parquet'", "INSTALL httpfs"])
def test_sql_stays_inside_a_lake_in_a_bucket(far: Lake, sql: str) -> None:
    far.append("fx_rates", rates(1))
    with pytest.raises(Exception, match=r"disabled|locked|does not exist|configuration|httpfs"):
        engine(far).query(sql)
    with pytest.raises(Exception, match=r"disabled|does not exist|httpfs"):
        engine(far).query(f"FROM read_parquet('{far.files('fx_rates')[0]}')".replace("it's", "it''s"))


ASKED: list[dict[str, Any]] = [
    {"question": "movements", "from": "2024-01", "to": "2024-08"},
    {
        "question": "funnel",
        "steps": [{"event": "打开"}, {"event": "邀请"}, {"event": "付款"}],
        "window_seconds": 604_800,
    },
    {"question": "event_catalogue"},
]


def questions(workspace: Any) -> list[dict[str, Any]]:
    """What a workspace answers about money and behaviour, with the index and without it."""
    workspace.load(
        "subscriptions",
        [
            {
                "account_id": f"客户 {n % 7}",
                "subscription_id": f"s{n}",
                "amount": 10 + n,
                "start": f"2024-0{n % 6 + 1}-01",
            }
            for n in range(30)
        ],
    )
    events = [
        {"event": name, "ts": f"2024-01-{day + 1:02}T00:00:00Z", "user_id": f"用户 {user}", "event_id": f"{name}{user}"}
        for user in range(40)
        for day, name in enumerate(("打开", "邀请", "付款")[: user % 3 + 1])
    ]
    workspace.load("events", events[:50])
    workspace.load("events", events[50:])
    before = [workspace.ask(one).table.to_pydict() for one in ASKED]
    workspace.sequences._least = 1
    assert workspace.index()
    workspace.load("events", [{"event": "打开", "ts": "2024-02-01T00:00:00Z", "user_id": "新", "event_id": "neu"}])
    assert workspace.index()
    return before + [workspace.ask(one).table.to_pydict() for one in ASKED]


def test_a_workspace_answers_the_same_wherever_its_lake_lies(bucket: str, tmp_path: Path) -> None:
    near = questions(tenure.open(tmp_path / "near", threads=2))
    away = tenure.open(tmp_path / "away", lake=bucket, threads=2)
    assert questions(away) == near
    assert not (tmp_path / "away" / "lake").exists()
    assert tenure.open(lake=bucket).read("subscriptions").num_rows == 30


# ------------------------------------------------------------------------------------------ several machines


def _append_four(place: str, start: int, ready: Any, go: Any) -> None:
    lake = Lake(place)
    lake.versions()
    ready.release()
    go.wait()
    for n in range(start, start + 4):
        lake.append("fx_rates", rates(n, n + 1000))


def run(target: Any, *arguments: tuple[Any, ...]) -> list[Any]:
    """Start a process for each, let them begin together, and wait for them."""
    ready, go = CONTEXT.Semaphore(0), CONTEXT.Event()
    processes = [CONTEXT.Process(target=target, args=(*each, ready, go)) for each in arguments]
    for process in processes:
        process.start()
    for _ in processes:
        assert ready.acquire(timeout=120)
    go.set()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def test_of_many_appends_none_is_lost(far: Lake) -> None:
    """The table itself is made by one of them."""
    assert run(_append_four, *((far.storage.place, 10 * n) for n in range(4))) == [0] * 4
    expected = [10 * n + m for n in range(4) for m in range(4)]
    assert keys(far) == sorted(expected + [n + 1000 for n in expected])
    assert far.count("fx_rates") == 32


def _append_and_tidy(place: str, start: int, ready: Any, go: Any) -> None:
    lake = Lake(place)
    ready.release()
    go.wait()
    for n in range(start, start + 8):
        lake.append("fx_rates", rates(n, n + 1000))
        lake.remove("fx_rates", ds.field("row_key") == n + 1000)
        if n % 3 == 0:
            lake.compact("fx_rates")
            lake.clean("fx_rates", keep_hours=0)


def test_machines_append_remove_merge_and_clean_together(far: Lake) -> None:
    assert run(_append_and_tidy, *((far.storage.place, 100 * n) for n in range(3))) == [0] * 3
    assert keys(far) == [100 * n + m for n in range(3) for m in range(8)]
    assert (far.count("fx_rates"), far.missing()) == (24, [])


def send(home: Path, *ids: str) -> None:
    """A journal with one segment for each id."""
    for one in ids:
        writing = Journal(home / "journal", patience=0)
        body = {"batch": [{"type": "track", "userId": "u", "event": "x", "messageId": one}]}
        writing.write([Record(1_795_341_600_000_000, "batch", "web", json.dumps(body).encode()).packed()])
        writing.close()


def _flush(place: str, home: Path, ready: Any, go: Any) -> None:
    flusher = Flusher(home / "journal", Lake(place), days=7)
    ready.release()
    go.wait()
    flusher.turn()


def test_a_journal_that_two_machines_flush_counts_once(far: Lake, tmp_path: Path) -> None:
    ids = [f"m{n}" for n in range(6)]
    send(tmp_path / "one", *ids)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    assert run(_flush, (far.storage.place, tmp_path / "one"), (far.storage.place, tmp_path / "two")) == [0, 0]
    assert sorted(far.read("events", ["event_id"])["event_id"].to_pylist()) == ids
    send(tmp_path / "three", "other")
    Flusher(tmp_path / "three" / "journal", far, days=7).turn()
    assert far.count("events") == 7


def test_a_transaction_taken_between_look_and_commit_counts_once(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    far.append("fx_rates", rates(0))
    at_commit(monkeypatch, far, lambda: beside(far).append("fx_rates", rates(1), transaction=("journal", 1)))
    far.append("fx_rates", rates(1), transaction=("journal", 1))
    assert keys(far) == [0, 1]


def test_a_mirror_that_was_overtaken_writes_only_what_is_left(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"day": [date(2024, 1, 1)], "currency": ["EUR"], "rate": [Decimal(2)]}
    changes = [mirror.Change(n, "fx_rates", "insert", pa.table({**row, "row_id": [f"r{n}"]})) for n in (1, 2, 3)]
    told = {"timezone": "UTC", "reporting_currency": "USD"}
    at_commit(monkeypatch, far, lambda: mirror.apply(beside(far), changes[:2], **told))
    assert mirror.apply(far, changes, **told) == 3
    assert sorted(far.read("fx_rates", ["row_id"])["row_id"].to_pylist()) == ["r1", "r2", "r3"]


def test_what_was_merged_meanwhile_is_removed_all_the_same(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        far.append("fx_rates", rates(n, n + 10))
    at_commit(monkeypatch, far, lambda: beside(far).compact("fx_rates"))
    assert far.remove("fx_rates", ds.field("row_key") >= 10) == 3
    assert (keys(far), far.count("fx_rates")) == ([0, 1, 2], 3)


def test_what_was_merged_meanwhile_is_replaced_all_the_same(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        far.append("fx_rates", rates(n))

    def others() -> None:
        beside(far).append("fx_rates", rates(9))
        beside(far).compact("fx_rates")

    at_commit(monkeypatch, far, others)
    far.replace("fx_rates", [rates(50)], ds.field("row_key") > 0, transaction=("outbox", 1))
    assert keys(far) == [1, 2, 9, 50]


def test_rows_appended_meanwhile_do_not_make_a_merge_begin_again(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        far.append("fx_rates", rates(n))
    at_commit(monkeypatch, far, lambda: beside(far).append("fx_rates", rates(9)))
    assert far.compact("fx_rates") == 3
    assert (keys(far), len(far.files("fx_rates"))) == ([0, 1, 2, 9], 2)


def test_of_two_merges_one_holds(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        far.append("fx_rates", rates(n))
    at_commit(monkeypatch, far, lambda: beside(far).compact("fx_rates"))
    assert far.compact("fx_rates") == 0
    assert (keys(far), len(far.files("fx_rates"))) == ([0, 1, 2], 1)


def test_a_replay_does_not_drop_what_another_machine_mirrored_meanwhile(
    far: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    far.append("fx_rates", rates(1), transaction=("outbox", 1))
    at_commit(monkeypatch, far, lambda: beside(far).append("fx_rates", rates(2), transaction=("outbox", 2)))
    with pytest.raises(TenureError) as refused:
        far.replace("fx_rates", [rates(1)], None, transaction=("outbox", 1))
    assert (refused.value.code, keys(far)) == ("lake.overtaken", [1, 2])


def test_a_merge_gives_way_to_who_took_rows_out(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        far.append("fx_rates", rates(n))
    at_commit(monkeypatch, far, lambda: beside(far).remove("fx_rates", ds.field("row_key") == 1))
    assert far.compact("fx_rates") == 0
    assert keys(far) == [0, 2]


def test_rows_that_came_while_a_person_is_erased_stay(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def event(user: str, one: str) -> pa.Table:
        row = {"event": "a", "user_id": user, "event_id": one, "row_id": one, "row_key": int(one[1:])}
        return pa.Table.from_pylist([row], schema=module.TABLES["events"])

    far.append("events", event("anna", "e1"))
    far.append("events", event("ben", "e2"))
    at_commit(monkeypatch, far, lambda: beside(far).append("events", event("anna", "e3")))
    forgetting.rename(far, {"anna": "erased-1"}, [], lambda text: text)
    found = far.read("events", ["event_id", "user_id"]).to_pylist()
    assert {row["event_id"]: row["user_id"] for row in found} == {"e1": "erased-1", "e2": "ben", "e3": "anna"}


def test_who_loses_each_time_is_told(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    far.append("fx_rates", rates(0))
    monkeypatch.setattr(storage, "_LONGEST_PAUSE", 0.0)
    monkeypatch.setattr(far, "_rewrite", lambda *_: (_ for _ in ()).throw(module._Overtaken))
    with pytest.raises(TenureError) as refused:
        far.remove("fx_rates", ds.field("row_key") == 0)
    assert (refused.value.code, keys(far)) == ("lake.contended", [0])


def test_a_table_has_no_lock_and_other_work_has_one_on_this_machine(far: Lake, tmp_path: Path) -> None:
    other = Lake(far.storage.place, locks=tmp_path / "locks")
    order: list[str] = []

    def work() -> None:
        with other.lock("mirror"):
            order.append("other")

    with far.lock("mirror"), far.lock("mirror"), far.lock("fx_rates"), other.lock("fx_rates"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(0.1)
        order.append("mine")
    thread.join()
    assert order == ["mine", "other"]


def _die_before_commit(place: str, ready: Any, go: Any) -> None:
    lake = Lake(place)
    lake._commit = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment, return-value, method-assign]
    ready.release()
    go.wait()
    lake.append("fx_rates", rates(2), transaction=("journal", 2))


def test_a_writer_killed_before_its_commit_leaves_nothing_to_read(far: Lake) -> None:
    version = far.append("fx_rates", rates(1), transaction=("journal", 1))
    assert run(_die_before_commit, (far.storage.place,)) == [-signal.SIGKILL]
    assert (far.version("fx_rates"), keys(far), far.transaction("fx_rates", "journal")) == (version, [1], 1)
    left = [name for name in far.storage.names("fx_rates") if name.startswith("part-")]
    assert len(left) == 2
    far.append("fx_rates", rates(2), transaction=("journal", 2))
    assert keys(far) == [1, 2]


def test_cleaning_spares_what_another_machine_is_about_to_commit(far: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    far.append("fx_rates", rates(0))
    far.append("fx_rates", rates(1))
    other = beside(far)
    other.compact("fx_rates")
    at_commit(monkeypatch, far, lambda: other.clean("fx_rates", keep_hours=0))
    far.append("fx_rates", rates(2))
    assert (keys(far), far.missing()) == ([0, 1, 2], [])
    assert len([name for name in far.storage.names("fx_rates") if name.startswith("part-")]) == 2


# ------------------------------------------------------------------------------------------------- refusals

CALLS: dict[str, Callable[[Lake], Any]] = {
    "versions": lambda lake: lake.versions(),
    "version": lambda lake: lake.version("fx_rates"),
    "append": lambda lake: lake.append("fx_rates", rates(1)),
    "read": lambda lake: lake.read("fx_rates"),
    "mirror": mirror.snapshot,
    "empty": copying.is_empty,
}


def assert_refused(lake: Lake, code: str, *names: str) -> None:
    for name in names or CALLS:
        with pytest.raises(TenureError) as refused:
            CALLS[name](lake)
        error = refused.value
        assert (name, error.code, bool(error.fix)) == (name, code, True), error.where
        assert KEY not in json.dumps(error.as_dict())
        assert SECRET not in json.dumps(error.as_dict())
        assert error.__cause__ is None


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_is_not_there_is_said() -> None:
    assert_refused(Lake("s3://no-such-bucket/lake"), "lake.no_bucket", "versions", "version", "append", "read", "empty")


def test_a_key_that_may_not_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = without_buckets()
    if missing:
        pytest.skip(missing)
    with served() as own:
        for name, value in own.environ.items():
            monkeypatch.setenv(name, value)
        own.make("lake")
        known = Lake("s3://lake/x")
        known.append("fx_rates", rates(1))
        own.check_keys()
        assert_refused(known, "lake.access_refused")
        assert_refused(Lake("s3://lake/x"), "lake.access_refused")


def test_a_server_that_is_gone_is_said_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    missing = without_buckets()
    if missing:
        pytest.skip(missing)
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(storage, "_TRIES", 1)
    with served() as own:
        for name, value in own.environ.items():
            monkeypatch.setenv(name, value)
        own.make("lake")
        known = Lake("s3://lake/x")
        version = known.append("fx_rates", rates(1))
        asked = engine(known)
        asked.query("SELECT count(*) AS n FROM fx_rates", {}, {"fx_rates": version})
        files = known.files("fx_rates")
        send(tmp_path, "m1")
        flusher = Flusher(tmp_path / "journal", known, days=7)
        own.process.kill()
        own.process.wait()
        assert_refused(known, "lake.unreachable")
        with pytest.raises(TenureError) as refused:
            asked.query("SELECT sum(rate) AS n FROM fx_rates", {}, {"fx_rates": files})
        assert refused.value.code == "lake.unreachable"
        stopping = threading.Event()
        stopping.set()
        flusher.run(stopping)  # says what failed, and keeps what came
    assert list((tmp_path / "journal").glob("*.log"))
    assert "could not be written into the lake" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("s3://", id="nothing"),
        pytest.param("s3://UPPER/x", id="no name of a bucket"),
        pytest.param("s3://lake/a//b", id="an empty step"),
        pytest.param("s3://lake/../x", id="a way up"),
        pytest.param("s3://lake/a%20b", id="a percent sign"),
        pytest.param("s3://lake/a\\b", id="a backslash"),
        pytest.param("s3://lake/a\nb", id="a new line"),
    ],
)
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(SettingRefused, match="s3://BUCKET/PREFIX"):
        Lake(place)


def test_a_place_is_a_bucket_and_a_prefix(tmp_path: Path) -> None:
    assert storage.bucket_of("s3://lake/一/b/") == ("lake", "一/b")
    assert storage.bucket_of("s3://lake") == ("lake", "")
    assert storage.bucket_of(str(tmp_path)) is None
    assert lake_of(tmp_path).path == tmp_path / "lake"


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        ({"AWS_ENDPOINT_URL": "localhost:9000"}, "AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "https://me:hush@host"}, "AWS_ENDPOINT_URL"),
        ({"AWS_ACCESS_KEY_ID": "hush"}, "AWS_SECRET_ACCESS_KEY"),
        ({"AWS_SECRET_ACCESS_KEY": "hush"}, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_half_a_way_to_a_bucket_is_refused(environ: dict[str, str], variable: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        storage.check_access(environ)
    assert refused.value.where["variable"] == variable
    assert "hush" not in json.dumps(refused.value.as_dict())


# --------------------------------------------------------------------------------------------------- copies


def test_a_copy_goes_from_either_place_to_the_other(lake: Lake, far: Lake, tmp_path: Path) -> None:
    for n in range(3):
        lake.append("fx_rates", rates(n), transaction=("outbox", n + 1))
    lake.compact("fx_rates")
    lake.append("fx_rates", rates(9))
    held = copying.held(lake)
    copy = tmp_path / "copy"
    for name, text in held.entries.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(text)
    for name, file in held.files.items():
        with lake.opened(file) as source:
            (copy / name).write_bytes(source.read())
    assert Lake(copy).versions() == held.versions == lake.versions()
    target = Lake(f"{far.storage.place}/copy")
    assert copying.is_empty(target)
    copying.bring(copy, target)
    assert not copying.is_empty(target)
    assert (target.versions(), keys(target)) == (lake.versions(), [0, 1, 2, 9])
    assert target.transaction("fx_rates", "outbox") == 3
