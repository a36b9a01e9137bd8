"""The sequence index: what it answers is what the lake answers, whatever happened to either."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from forks import forks
from tenure.warehouse import forgetting, trails
from tenure.warehouse.matchers import Matcher, PropertyIs
from tenure.warehouse.measures import Condition
from tenure.warehouse.sequences import building, extending
from tenure.warehouse.sequences.opened import Opened
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import Trails, Wanted
from tenure.warehouse.workspace import Workspace
from warehouse.indexed import build_for_ever, opened

START = datetime(2024, 1, 1, tzinfo=UTC)
EVERYBODY = Where()
USERS = ("u1", "u2", "u3", "u4", None)
DEVICES = ("d1", "d2", None)
ACCOUNTS = ("x", "y", "z", None)


def at(hour: float) -> str:
    return (START + timedelta(hours=hour)).isoformat()


def snapshot_of(workspace: Workspace) -> Snapshot:
    versions, definition = workspace.versions(), workspace.definition()
    return Snapshot(workspace.engine, versions, definition, datetime.now(UTC), "UTC", 2, workspace.sequences)


def some_events(rng: random.Random, count: int) -> list[dict[str, Any]]:
    """Events with ties, with nobody and no account, some of them sent again, and things said of users among them."""
    return [
        {
            "event_id": f"e{rng.randrange(10_000)}" if rng.random() < 0.9 else f"again{rng.randrange(5)}",
            "event": rng.choice(["a", "b", "c", "identify"]),
            "ts": at(rng.randrange(40)),
            "user_id": rng.choice(USERS),
            "anonymous_id": rng.choice(DEVICES),
            "account_id": rng.choice(ACCOUNTS),
            "properties": rng.choice([{"plan": "pro"}, {"plan": 7}, {"plan": None}, {}]),
        }
        for _ in range(count)
    ]


def links(rng: random.Random) -> list[dict[str, Any]]:
    """What is said of who is who."""
    one = {"anonymous_id": rng.choice(["d1", "d2", "u1", "u3"]), "user_id": rng.choice(USERS[:4])}
    two = {"user_id": rng.choice(USERS[:4]), "account_id": rng.choice(ACCOUNTS[:3])}
    return [{**rng.choice([one, two]), "valid_from": at(rng.randrange(40))} for _ in range(rng.randint(1, 2))]


PLAN = PropertyIs("plan", "eq", 7)
MATCHERS = [Matcher(("a", "b")), Matcher(("b",), (PLAN,)), Matcher()]
WANTED = {
    "users": Wanted("user", MATCHERS, silent=True, values=("plan", "event")),
    "accounts": Wanted("account", MATCHERS[:2], person=True, silent=True, values=("industry",)),
    "a stretch": Wanted("user", MATCHERS[:2], since=1_704_070_800_000_000, before=1_704_150_000_000_000),
    "all of them": Wanted("account", MATCHERS[1:2], every=True, values=("user_id", "account_id")),
    "attributes": Wanted("user", [Matcher(None, (PropertyIs("industry", "ne", "bank"), PropertyIs("title", "set")))]),
    "roles": Wanted("account", MATCHERS, roles={1: "decision_maker", 2: "champion"}),
    "ids": Wanted("account", [Matcher(("a",), (PropertyIs("user_id", "in", ("u1", "d1")),))]),
}
SOME = {
    "everybody": EVERYBODY,
    "banks": Where(accounts=(Condition("industry", "eq", "bank"),)),
    "others": Where(accounts=(Condition("industry", "ne", "bank"), Condition("account_id", "set", None))),
}
NAMED = ("plan", "industry", "title")


def shown(found: Trails) -> dict[str, Any]:
    """Trails as plain values; persons by who is the same, values by their texts."""
    person = np.unique(found.person, return_inverse=True)[1]
    first = [int(np.flatnonzero(person == p)[0]) for p in person]
    return {
        "names": found.names.to_pylist(),
        "first": found.first.tolist(),
        "at": found.at.tolist(),
        "bits": found.bits.tolist(),
        "row_key": found.row_key.tolist(),
        "person": first,
        "values": {
            name: [None if c < 0 else texts[c] for c in codes.tolist()] for name, (codes, texts) in found.values.items()
        },
        "left_out": found.left_out,
    }


def check(workspace: Workspace, kinds: Collection[str] = WANTED, *, served: bool = True) -> None:
    """Some kinds of questions have the same trails with and without the index, which answers them."""
    snapshot = snapshot_of(workspace)
    assert workspace.sequences is not None
    assert (workspace.sequences.of(snapshot) is not None) == served
    for name in kinds:
        wanted = WANTED[name]
        for among, where in SOME.items():
            if (among == "everybody") == (name in ("users", "accounts")):
                continue
            with_it = shown(trails.read(snapshot, wanted, where))
            assert with_it == shown(trails.read(replace(snapshot, sequences=None), wanted, where)), (name, among)
            lent = trails.each(snapshot, wanted, where, kept, lent=True)
            assert with_it == shown(trails.joined(lent)), (name, among)


def kept(part: Trails) -> Trails:
    """A part whose memory is lent, held beyond the walk."""
    return replace(part, at=part.at.copy(), bits=part.bits.copy())


def filled(path: Path, seed: int = 1, count: int = 60) -> tuple[Workspace, random.Random]:
    rng = random.Random(seed)
    workspace = opened(path)
    workspace.sequences.remember(NAMED)  # type: ignore[union-attr]
    workspace.load("events", some_events(rng, count))
    workspace.load("accounts", [{"account_id": "x", "industry": "bank"}, {"account_id": "y", "industry": "shop"}])
    workspace.load("contacts", [
        {"contact_id": "k", "account_id": "y", "user_id": "u2", "title": "Head", "roles": ["decision_maker"]},
    ])  # fmt: skip
    return workspace, rng


OPERATIONS = ("events", "events", "identities", "identities", "compact", "erase", "contacts", "merge", "again")


def operate(workspace: Workspace, what: str, rng: random.Random) -> None:
    """Something happens to the lake."""
    if what == "events":
        workspace.load("events", some_events(rng, rng.randint(1, 12)))
    elif what == "again":  # what came once comes again, as if it had been received before
        early = datetime(2020, 1, 1, tzinfo=UTC) if rng.random() < 0.3 else None
        rows = workspace.read("events").slice(rng.randrange(20), 3)
        keep = ["event_id", "event", "ts", "user_id", "anonymous_id", "account_id", "properties"]
        workspace.load("events", rows.select(keep), recorded_at=early)
    elif what == "identities":
        workspace.load("identities", links(rng))
    elif what == "compact":
        workspace.lake.compact("events")
    elif what == "erase":
        forgetting.rename(workspace.lake, {"u1": "erased-1"}, [], lambda text: text)
        forgetting.delete_older(workspace.lake, "events")
    elif what == "contacts":
        workspace.load("contacts", [{"contact_id": "k2", "account_id": "z", "user_id": rng.choice(["u3", "u4"])}])
    elif what == "merge":
        workspace.load("accounts", [{"account_id": "z", "merged_into": rng.choice(["x", "y"])}])


@settings(
    max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate]
)  # what shrinks a world asks hundreds of others
@given(seed=st.integers(0, 10_000), steps=st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=4))
def test_it_tells_the_same_step_by_step(seed: int, steps: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("world")
    workspace, rng = filled(path, seed)
    workspace.index()
    for what in steps:
        operate(workspace, what, rng)
        workspace.index()
    check(workspace, rng.sample(list(WANTED), 1))
    shutil.rmtree(path)


def test_a_world_is_told_alike_in_every_kind_of_question(tmp_path: Path) -> None:
    workspace, rng = filled(tmp_path)
    workspace.index()
    check(workspace)
    for what in ("events", "identities", "again"):
        operate(workspace, what, rng)
    workspace.index()
    check(workspace, ("users", "accounts"))


QUESTIONS: list[dict[str, Any]] = [
    {"question": "funnel", "steps": [{"event": "a"}, {"event": "b", "where": {"plan": 7}}, {"event": "c"}]},
    {
        "question": "funnel",
        "steps": [{"event": "a"}, {"event": "c", "min_users": 2}],
        "unit": "account",
        "trend": "day",
    },
    {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}], "breakdown": "plan", "order": "strict"},
    {"question": "funnel", "steps": [{"event": "a"}, {"event": "b"}], "breakdown": "industry", "hold_constant": "plan"},
    {"question": "retention", "first_interval": "2024-01-01", "breakdown": "plan"},
    {"question": "retention", "first_interval": "2024-01-01", "intervals": 2, "unit": "account"},
    {"question": "feature_retention", "first_interval": "2024-01-01", "intervals": 2},
    {"question": "lifecycle", "first_interval": "2024-01-01", "intervals": 2},
    {"question": "stickiness", "first_interval": "2024-01-01", "intervals": 2, "where": {"industry": "bank"}},
    {"question": "trend", "from": "2024-01-01", "to": "2024-01-03", "measure": "users", "breakdown": "plan"},
    {"question": "paths", "from": "2024-01-01", "to": "2024-01-03"},
]


def test_answers_and_the_units_behind_them_are_the_same(tmp_path: Path) -> None:
    workspace, _ = filled(tmp_path)
    workspace.index()
    now = datetime.now(UTC)
    told = [workspace.ask(question, now=now) for question in QUESTIONS]
    plain = Workspace.open(tmp_path)
    plain.sequences = None
    shutil.rmtree(tmp_path / "cache")
    for question, answer in zip(QUESTIONS, told, strict=True):
        expected = plain.ask(question, now=now)
        assert answer.table.equals(expected.table), question
        assert answer.notes == expected.notes, question
        assert answer.beside == expected.beside, question
        assert answer.by_unit() == expected.by_unit(), question


def extensions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("built anew")

    monkeypatch.setattr(building, "build", refuse)


def test_rows_without_a_unit_lie_in_parts_no_larger_than_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "ROWS_PER_BUCKET", 20)
    monkeypatch.setattr(building, "_DEALT_AT_ONCE", 7)
    workspace, _ = filled(tmp_path, count=200)
    workspace.index()
    index = workspace.sequences
    assert index is not None
    check(workspace)
    made = index.of(snapshot_of(workspace))
    assert isinstance(made, Opened)
    sizes = [len(part.at) for part in made.nobody("account")]
    assert len(sizes) > 1
    assert max(sizes) <= 20
    assert all((np.diff(part.at) >= 0).all() for part in made.nobody("account"))


def test_what_arrives_extends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, rng = filled(tmp_path)
    workspace.index()
    extensions_only(monkeypatch)
    for what in ("events", "identities", "contacts", "compact"):
        operate(workspace, what, rng)
        assert workspace.index()
        assert not workspace.index(), "it stands already"
    check(workspace, ("users", "accounts"))


def test_a_tail_that_grew_is_merged_into_the_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, rng = filled(tmp_path)
    workspace.index()
    extensions_only(monkeypatch)
    monkeypatch.setattr(extending, "LEAST_TAIL", 1)
    for what in ("events", "identities", "events"):
        operate(workspace, what, rng)
        workspace.index()
    manifest = workspace.sequences.folder.manifest()  # type: ignore[union-attr]
    assert manifest is not None
    assert manifest.tail_rows == 0
    check(workspace, ("users", "accounts"))


def test_a_question_extends_it_by_little_and_never_builds_it(tmp_path: Path) -> None:
    workspace, rng = filled(tmp_path)
    check(workspace, ("ids",), served=False)
    workspace.index()
    operate(workspace, "events", rng)
    check(workspace, ("ids",))
    operate(workspace, "erase", rng)
    check(workspace, ("ids",), served=False)


def _delete_all(folder: Path) -> None:
    shutil.rmtree(folder)


def _delete_one(folder: Path) -> None:
    next(folder.glob("user-0-*.arrow")).unlink()


def _truncate(folder: Path) -> None:
    part = max(folder.glob("*.arrow"), key=lambda file: file.stat().st_size)
    part.write_bytes(part.read_bytes()[:-200])


def _half_a_manifest(folder: Path) -> None:
    manifest = folder / "index.json"
    manifest.write_bytes(manifest.read_bytes()[:100])


def _other_format(folder: Path) -> None:
    manifest = folder / "index.json"
    manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 999'))


@pytest.mark.parametrize("harm", [_delete_all, _delete_one, _truncate, _half_a_manifest, _other_format])
def test_what_is_not_whole_is_not_used_and_is_made_again(harm: Any, tmp_path: Path) -> None:
    workspace, _ = filled(tmp_path)
    workspace.index()
    harm(tmp_path / "cache" / "sequences")
    again = opened(tmp_path)
    check(again, ("ids",), served=False)
    assert again.index()
    check(again, ("ids",))


def test_leftovers_of_a_killed_builder_go(tmp_path: Path) -> None:
    workspace, rng = filled(tmp_path)
    workspace.index()
    folder = tmp_path / "cache" / "sequences"
    (folder / ".spill-1").mkdir()
    (folder / "user-0-left.arrow").write_bytes(b"half")
    operate(workspace, "events", rng)
    workspace.index()
    assert not (folder / ".spill-1").exists()
    assert not (folder / "user-0-left.arrow").exists()


def test_a_property_with_too_many_values_gets_no_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.warehouse.sequences.rows.MOST_TEXTS", 1)
    workspace, _ = filled(tmp_path)
    workspace.index()
    manifest = workspace.sequences.folder.manifest()  # type: ignore[union-attr]
    assert manifest is not None
    assert manifest.crowded == ("plan",)
    assert not workspace.index(), "it is not tried again and again"
    check(workspace, ("users",))  # answered by SQL


def test_a_question_notes_the_properties_it_names_and_the_next_index_has_them(tmp_path: Path) -> None:
    workspace, _ = filled(tmp_path)
    workspace.index()
    wanted = Wanted("user", [Matcher(("a",), (PropertyIs("browser", "set"),))])
    trails.read(snapshot_of(workspace), wanted, EVERYBODY)
    assert workspace.index()
    manifest = workspace.sequences.folder.manifest()  # type: ignore[union-attr]
    assert manifest is not None
    assert "browser" in manifest.properties


def test_an_answer_as_it_was_known_is_asked_of_the_lake(tmp_path: Path) -> None:
    workspace, _ = filled(tmp_path)
    workspace.index()
    assert workspace.sequences is not None
    assert workspace.sequences.of(snapshot_of(workspace).known(datetime.now(UTC))) is None


def test_a_builder_may_be_killed_at_any_instant(tmp_path: Path) -> None:
    _, rng = filled(tmp_path)
    for turn in range(int(os.environ.get("TENURE_KILLS", "10"))):
        (tmp_path / "cache" / "sequences" / "index.json").unlink(missing_ok=True) if turn % 2 else None
        begun = forks().Event()
        builder = forks().Process(target=build_for_ever, args=(tmp_path, begun))
        builder.start()
        assert begun.wait(60)
        time.sleep(rng.random() * 0.4)
        builder.kill()
        builder.join()
        again = opened(tmp_path)
        snapshot = snapshot_of(again)
        found = shown(trails.read(snapshot, WANTED["ids"], EVERYBODY))
        assert found == shown(trails.read(replace(snapshot, sequences=None), WANTED["ids"], EVERYBODY))
        again.index()
        check(again, ("ids",))
