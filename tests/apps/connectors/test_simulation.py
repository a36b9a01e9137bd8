"""A simulated firm in files: whole, bounded, the same bytes each time, and never over something else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tenure.apps.connectors.simulation import TRUTHS, files, write_firm
from tenure.core.errors import TenureError
from tenure.core.simulation import SHAPES, Scenario

SMALL = Scenario(accounts=60, months=14, until=date(2026, 11, 1))


def test_one_file_a_table_and_the_truths(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    done = write_firm(tmp_path / "firm", SMALL, 1, progress=lambda *at: told.append(at))
    names = {file.name for file in (tmp_path / "firm").iterdir()}
    assert names == {f"{name}.parquet" for name in (*SHAPES, "events")} | {TRUTHS}
    assert {name: pq.read_metadata(tmp_path / "firm" / f"{name}.parquet").num_rows for name in done.rows} == done.rows
    known = json.loads((tmp_path / "firm" / TRUTHS).read_text(encoding="utf-8"))
    assert known == json.loads(json.dumps(done.truths))
    assert known["seed"] == 1
    assert known["departures"]
    assert told[-1] == (SMALL.weeks, SMALL.weeks)


def test_the_same_options_write_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_firm(tmp_path / folder, SMALL, 1)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_a_large_firm_is_made_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = Scenario(accounts=45, months=8, until=date(2026, 11, 1), planted=0)
    whole = write_firm(tmp_path / "whole", scenario, 1)
    monkeypatch.setattr(files, "ACCOUNTS_PER_PART", 20)
    parts = write_firm(tmp_path / "parts", scenario, 1)
    for name in ("contracts", "fx_rates", "events"):
        assert parts.rows[name] == whole.rows[name], name
    accounts = pq.read_table(tmp_path / "parts" / "accounts.parquet")
    former = pq.read_table(tmp_path / "whole" / "accounts.parquet")
    assert sorted(accounts.to_pylist(), key=str) == sorted(former.to_pylist(), key=str)
    assert len(set(accounts["name"].to_pylist())) == accounts.num_rows


def test_the_history_says_when_rows_were_known(tmp_path: Path) -> None:
    write_firm(tmp_path / "firm", SMALL, 1, history=True)
    table = pq.read_table(tmp_path / "firm" / "contracts.parquet")
    assert {"row_id", "recorded_at", "superseded_at"} <= set(table.column_names)
    assert len(set(table["row_id"].to_pylist())) == table.num_rows


def test_another_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(TenureError) as refused:
        write_firm(tmp_path, SMALL, 1)
    assert refused.value.code == "simulation.folder_in_use"
    with pytest.raises(TenureError):
        write_firm(tmp_path / "thesis.txt", SMALL, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_was_broken_off_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(files, "_append", broken)
    with pytest.raises(OSError, match="no space left"):
        write_firm(tmp_path / "firm", SMALL, 1)
    assert [file.name for file in (tmp_path / "firm").iterdir()] == [files.UNFINISHED]
    monkeypatch.undo()
    write_firm(tmp_path / "firm", SMALL, 1)
    assert files.UNFINISHED not in {file.name for file in (tmp_path / "firm").iterdir()}
