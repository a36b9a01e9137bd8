"""Ids of the last days: one that came before is not fresh, whatever was merged, cut off, thrown away or made anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.warehouse.arrivals import window as module
from tenure.warehouse.arrivals.window import DAY, Window, ids_of


def ids(*names: str) -> module.Ids:
    return ids_of(["web"] * len(names), list(names))


def fresh(window: Window, number: int, *names: str, at: int = 0) -> list[str]:
    places = window.fresh(ids(*names), number, at)
    window.add(ids(*names)[:, places], number, at)
    return [names[place] for place in places]


def test_an_id_that_came_before_is_not_fresh(tmp_path: Path) -> None:
    window = Window(tmp_path, days=7)
    assert fresh(window, 1, "a", "b", "a") == ["a", "b"]
    assert fresh(window, 2, "c", "b", "a", "d", "c") == ["c", "d"]


def test_the_same_id_of_another_source_is_another(tmp_path: Path) -> None:
    window = Window(tmp_path, days=7)
    fresh(window, 1, "a")
    assert window.fresh(ids_of(["app"], ["a"]), 2, 0).tolist() == [0]


def test_a_segment_done_again_finds_its_own_ids_fresh(tmp_path: Path) -> None:
    window = Window(tmp_path, days=7)
    fresh(window, 1, "a")
    for _ in range(2):
        assert fresh(Window(tmp_path, days=7), 2, "a", "b") == ["b"]
    assert len(Window(tmp_path, days=7)) == 2


def test_ids_are_known_for_the_days_and_then_forgotten(tmp_path: Path) -> None:
    window = Window(tmp_path, days=7)
    fresh(window, 1, "a", at=0)
    assert window.fresh(ids("a"), 2, 7 * DAY).tolist() == []
    assert window.fresh(ids("a"), 2, 7 * DAY + 1).tolist() == [0]
    fresh(window, 2, "b", at=9 * DAY)
    window.tidy()
    assert len(window) == len(Window(tmp_path, days=7)) == 1


def test_half_an_id_is_no_id(tmp_path: Path) -> None:
    """Two ids that share their first half, before and after each other in a run."""
    window = Window(tmp_path, days=7)
    window.add(np.array([[5, 5, 9], [1, 3, 1]], np.uint64), 1, 0)
    asked = np.array([[5, 5, 5, 5, 9, 9, 1], [0, 1, 2, 3, 1, 2, 1]], np.uint64)
    assert window.fresh(asked, 2, 0).tolist() == [0, 2, 5, 6]


def test_runs_are_merged_and_nothing_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_RUN", 200)
    window = Window(tmp_path, days=7)
    for number in range(1, 400):
        fresh(window, number, f"n{number}", at=number)
        window.tidy()
    assert len(list(tmp_path.iterdir())) < 60
    again = Window(tmp_path, days=7)
    assert (len(again), again.covers) == (399, 399)
    assert again.fresh(ids(*(f"n{number}" for number in range(1, 401))), 400, 0).tolist() == [399]


@pytest.mark.parametrize("cut", [0, 8, 40, -1])
def test_a_file_that_is_not_whole_is_thrown_away(tmp_path: Path, cut: int) -> None:
    fresh(Window(tmp_path, days=7), 1, "a", "b")
    place = next(tmp_path.iterdir())
    place.write_bytes(place.read_bytes()[:cut])
    (tmp_path / "x.part").write_bytes(b"half")
    assert Window(tmp_path, days=7).covers == 0
    assert not list(tmp_path.iterdir())


def test_parts_of_a_merged_run_that_were_left_are_thrown_away(tmp_path: Path) -> None:
    """Killed after the merged run was written, before its parts were deleted."""
    window = Window(tmp_path, days=7)
    kept = []
    for number in range(1, 9):
        fresh(window, number, f"n{number}")
        kept = [(place, place.read_bytes()) for place in tmp_path.iterdir()]
    window.tidy()
    for place, content in kept:
        place.write_bytes(content)
    assert (len(Window(tmp_path, days=7)), len(list(tmp_path.iterdir()))) == (8, 1)


def test_the_window_can_be_made_anew(tmp_path: Path) -> None:
    window = Window(tmp_path, days=7)
    fresh(window, 1, "x")
    window.rebuild([(ids("a"), 5), (ids("b"), 9)], 4)
    assert window.covers == 4
    assert fresh(Window(tmp_path, days=7), 5, "a", "b", "x", at=9) == ["x"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=30))
def test_it_is_a_set(tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]]) -> None:
    window = Window(tmp_path_factory.mktemp("ids"), days=7)
    known: set[str] = set()
    for number, batch in enumerate(batches, 1):
        names = [str(one) for one in batch]
        expected = [name for place, name in enumerate(names) if name not in known and name not in names[:place]]
        assert (fresh(window, number, *names) if names else []) == expected
        known |= set(names)
        window.tidy()
