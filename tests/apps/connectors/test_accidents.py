"""Good files broken at random: as many as ten seconds allow here, ten thousand by `scripts/mutate_files.py`."""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest

from apps.connectors.mutations import accidents, try_files

SECONDS = 10


@pytest.mark.slow
@pytest.mark.django_db
def test_an_accident_never_ends_in_a_fault_or_half_an_import(home: Path) -> None:
    end = time.monotonic() + SECONDS
    tally = try_files(10_000, seed=7, until=lambda: time.monotonic() > end)
    assert tally.imported > 10
    assert tally.refused > 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1024 * 1024
    assert not [
        p for p in (home / "imports").rglob("*") if p.is_file() and p.name not in {"report.csv", "rejects.jsonl"}
    ]


def test_an_accident_can_be_made_again_at_any_other_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = [c for _n, _g, c in accidents(30, 3)]
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert [c for _n, _g, c in accidents(30, 3)] == first
