"""Answers that are kept: what an answer depends on and nothing else, and no table with a row for each unit."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenure.core.errors import QuestionRefused
from tenure.warehouse.cache import AnswerCache
from tenure.warehouse.questions import FAMILIES
from tenure.warehouse.snapshot import ARRIVING, TABLES_OF, Snapshot
from tenure.warehouse.workspace import Workspace
from web.test_scope import ACCOUNTS, QUESTIONS, TABLES

MRR = {"question": "movements", "from": "2024-01", "to": "2024-03"}
FUNNEL = {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}]}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    found = Workspace.open(tmp_path / "home")
    subscription = {"account_id": "x", "line_id": "l", "amount": "10", "currency": "CNY", "start": "2024-01-01"}
    found.load("subscriptions", [{**subscription, "interval": "month"}])
    found.load("events", events("u1", "a", "b"))
    return found


def events(user: str, *names: str) -> list[dict[str, Any]]:
    return [
        {"event": name, "user_id": user, "account_id": "x", "ts": f"2024-01-01T0{hour}:00:00Z"}
        for hour, name in enumerate(names)
    ]


def test_what_does_not_read_events_is_not_asked_anew_when_they_arrive(workspace: Workspace) -> None:
    money, people = workspace.ask(MRR), workspace.ask(FUNNEL)
    workspace.load("events", events("u2", "a"))
    workspace.load("identities", [{"anonymous_id": "d", "user_id": "u1", "valid_from": "2024-01-01"}])
    assert workspace.ask(MRR).computed_at == money.computed_at
    assert workspace.ask(FUNNEL).computed_at > people.computed_at
    assert workspace.ask(FUNNEL).table["units"].to_pylist() == [2, 1]
    assert "events" not in money.versions
    assert "events" in people.versions


def test_only_questions_of_events_look_for_what_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is kept while events arrive must have nothing of them."""
    looked: set[str] = set()
    has, tables = Snapshot.has, Snapshot._tables

    def asks(self: Snapshot, table: str) -> bool:
        looked.add(table)
        return has(self, table)

    def reads(self: Snapshot, measure: str, beside: Any) -> Any:
        looked.update(TABLES_OF[measure])
        return tables(self, measure, beside)

    monkeypatch.setattr(Snapshot, "has", asks)
    monkeypatch.setattr(Snapshot, "_tables", reads)
    full = Workspace.open(tmp_path, settings={"reporting_currency": "USD"})
    for table, rows in TABLES.items():
        full.load(table, rows)
    looking = set()
    for name, (given, cell) in QUESTIONS.items():
        looked.clear()
        answer = full.ask({"question": name, **given})
        for row in ACCOUNTS if cell is not None else ():
            with suppress(QuestionRefused):  # not every account is in every answer
                answer.rows_behind({key: value.format(foreign=row["account_id"]) for key, value in cell.items()})
        if looked & {*ARRIVING}:
            looking.add(name)
    assert {"funnel", "actors", "event_catalogue"} < looking
    assert looking <= {name for name, family in FAMILIES.items() if family.of_events}


def test_tables_by_unit_are_made_when_asked_for_and_not_kept(workspace: Workspace, tmp_path: Path) -> None:
    workspace.ask(FUNNEL)
    kept = {file.name.split(".", 1)[1] for file in (tmp_path / "home" / "cache" / "answers").glob("*.arrow")}
    assert kept == {"arrow", "through.arrow", "times.arrow"}
    again = Workspace.open(tmp_path / "home").ask(FUNNEL)
    assert again.depth.to_pylist() == [{"unit": "u1", "depth": 2}]
    assert again.actors(2)["unit"].to_pylist() == ["u1"]
    assert again.excluded.num_rows == 0


def test_a_table_that_an_answer_does_not_have_is_refused_with_those_it_has(workspace: Workspace) -> None:
    with pytest.raises(QuestionRefused, match="no table `average`") as refused:
        _ = workspace.ask(FUNNEL).average
    assert refused.value.fix == "It has: through, times, depth, excluded, reached."
    with pytest.raises(QuestionRefused) as refused:
        _ = workspace.ask(MRR).depth
    assert refused.value.fix == "It has: none beside its own."


def test_what_was_answered_before_is_known(workspace: Workspace) -> None:
    assert workspace.asking(FUNNEL).known() is None
    assert workspace.asking(FUNNEL).last() is None
    first = workspace.ask(FUNNEL)
    known = Workspace.open(workspace.path).asking(FUNNEL).known()
    assert known is not None
    assert known.table.equals(first.table)
    workspace.load("events", events("u2", "a"))
    assert workspace.asking(FUNNEL).known() is None
    last = Workspace.open(workspace.path).asking(FUNNEL).last()
    assert last is not None
    assert (last.table, last.computed_at, last.versions) == (first.table, first.computed_at, first.versions)
    assert workspace.asking({**FUNNEL, "unit": "account"}).last() is None


def test_what_was_read_before_all_was_forgotten_is_not_kept(workspace: Workspace) -> None:
    begun = workspace.asking(FUNNEL)
    assert AnswerCache(workspace.path / "cache" / "answers").forget() == 0
    first = begun.answer()
    assert not list((workspace.path / "cache" / "answers").glob("*.arrow"))
    assert Workspace.open(workspace.path).asking(FUNNEL).last() is None
    assert workspace.ask(FUNNEL).table.equals(first.table)
    assert Workspace.open(workspace.path).asking(FUNNEL).known() is not None
    assert AnswerCache(workspace.path / "cache" / "answers").forget() == 3  # a table, and two beside it
    assert not list((workspace.path / "cache" / "answers").glob("*.last"))


def test_what_is_forgotten_while_it_is_written_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = AnswerCache(workspace.path / "cache" / "answers")
    write = AnswerCache._write

    def meanwhile(self: AnswerCache, name: str, table: pa.Table) -> None:
        answers.forget()
        write(self, name, table)

    monkeypatch.setattr(AnswerCache, "_write", meanwhile)
    workspace.ask(FUNNEL)
    assert {file.name for file in (workspace.path / "cache" / "answers").iterdir()} == {"era"}


def test_a_last_answer_that_cannot_be_read_is_none(workspace: Workspace) -> None:
    workspace.ask(FUNNEL)
    for file in (workspace.path / "cache" / "answers").glob("*.last"):
        file.write_bytes(b"\xff")
    assert Workspace.open(workspace.path).asking(FUNNEL).last() is None
