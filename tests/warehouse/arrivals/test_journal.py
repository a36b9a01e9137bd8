"""The journal: what was acknowledged is read again, whatever was killed, cut off, full or damaged."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tenure.core.errors import TenureError
from tenure.warehouse.arrivals import journal
from tenure.warehouse.arrivals.journal import GroupCommit, Journal, JournalUnwritable, Record, Segment


def record(number: int, body: bytes = b"{}") -> Record:
    return Record(1_000_000 + number, "batch", "网站", body or b"{}")


def read(folder: Path) -> list[Record]:
    with journal.settled(folder) as ready:
        return [one for number, place in ready for one in Segment(number, place.read_bytes()).records()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def opened(folder: Path) -> Callable[..., Journal]:
    """A writing end that does not wait for another one."""
    return lambda **options: Journal(folder, patience=0, **options)


def test_what_was_written_is_read_in_its_order(folder: Path, opened: Any) -> None:
    writing = opened()
    writing.write([record(1, b'{"a": 1}').packed(), record(2).packed()])
    writing.write([record(3).packed()])
    assert read(folder) == []
    writing.close()
    assert read(folder) == [record(1, b'{"a": 1}'), record(2), record(3)]


def test_a_segment_that_is_old_enough_is_closed_and_the_next_one_begun(folder: Path, opened: Any) -> None:
    writing = opened(segment_seconds=0)
    for number in range(3):
        writing.write([record(number).packed()])
        writing.rest()
    assert [number for number, _place in journal.segments(folder)] == [1, 2, 3]
    assert read(folder) == [record(0), record(1), record(2)]
    writing.close()


def test_a_segment_that_is_large_enough_is_closed(folder: Path, opened: Any) -> None:
    writing = opened(segment_bytes=100)
    for number in range(3):
        writing.write([record(number, b"x" * 60).packed()])
    assert len(journal.segments(folder)) == 3
    assert len(read(folder)) == 2
    writing.close()


def test_a_tail_that_was_cut_off_anywhere_loses_only_the_last_record(folder: Path, opened: Any) -> None:
    writing = opened()
    for number in range(3):
        writing.write([record(number, b'{"n": "%d"}' % number).packed()])
    whole = journal.segments(folder)[0][1].read_bytes()
    writing.close()
    ends = [sum(len(record(n, b'{"n": "%d"}' % n).packed()) for n in range(k)) for k in range(4)]
    for length in range(len(whole)):
        torn = Segment(1, whole[:length])
        found = list(torn.records())
        assert len(found) == sum(end <= length for end in ends[1:])
        assert torn.damaged == 0


def test_a_tail_of_other_bytes_is_not_read(folder: Path, opened: Any) -> None:
    whole = record(1).packed()
    for other in (b"\0" * 40, b"\xff" * 40, record(2).packed()[:-1] + b"x", os.urandom(40)):
        assert list(Segment(1, whole + other).records()) == [record(1)]


def test_damage_in_what_was_acknowledged_is_counted_and_the_rest_read(folder: Path, opened: Any) -> None:
    writing = opened()
    writing.write([record(n, b'{"n": "%d"}' % n).packed() for n in range(3)])
    place = journal.segments(folder)[0][1]
    writing.close()
    content = bytearray(place.read_bytes())
    content[len(record(0, b'{"n": "0"}').packed()) + 30] ^= 1
    damaged = Segment(1, bytes(content))
    assert list(damaged.records()) == [record(0, b'{"n": "0"}'), record(2, b'{"n": "2"}')]
    assert damaged.damaged == 1


def test_numbers_rise_after_all_is_discarded_and_above_what_the_lake_has(folder: Path, opened: Any) -> None:
    for expected in (1, 2):
        writing = opened()
        writing.write([record(expected).packed()])
        writing.close()
        assert journal.segments(folder)[-1][0] == expected
        journal.discard(folder, expected)
        assert (read(folder), journal.backlog(folder)) == ([], 0)
    assert [number for number, _place in journal.segments(folder)] == [2]
    restored = opened(above=7)
    restored.write([record(3).packed()])
    restored.close()
    assert journal.segments(folder)[-1][0] == 8


def test_only_one_process_writes_and_only_one_reads(folder: Path, opened: Any) -> None:
    writing = opened()
    with pytest.raises(TenureError) as refused:
        opened()
    assert refused.value.code == "journal.written_elsewhere"
    with journal.settled(folder), pytest.raises(TenureError) as refused, journal.settled(folder):
        pass
    assert refused.value.code == "journal.read_elsewhere"
    writing.close()
    opened().close()


def test_a_segment_waits_for_those_before_it(folder: Path, opened: Any) -> None:
    """An older one that somebody still writes must reach the lake first."""
    old = opened()
    old.write([record(1).packed()])
    (folder / "000000000002.log").write_bytes(record(2).packed())
    assert read(folder) == []
    old.close()
    assert read(folder) == [record(1), record(2)]


@pytest.mark.parametrize("failing", ["write", "fdatasync"])
def test_a_full_disk_refuses_and_loses_nothing_acknowledged(
    folder: Path, opened: Any, failing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = opened()
    writing.write([record(1).packed()])
    real = getattr(os, failing)
    calls = []

    def full(descriptor: int, *content: Any) -> int:
        calls.append(1)
        if content and len(calls) == 1:
            return int(real(descriptor, content[0][:5]))  # a part of it still had room
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, full)
        with pytest.raises(JournalUnwritable) as refused:
            writing.write([record(2).packed()])
        assert refused.value.code == "journal.unwritable"
        for _ in range(5):
            with pytest.raises(JournalUnwritable):
                writing.write([record(2).packed()])
        assert len(journal.segments(folder)) <= (2 if failing == "write" else 7)
    writing.write([record(3).packed()])
    writing.close()
    assert read(folder) == [record(1), record(3)]


def test_one_sync_is_for_all_that_wait_and_nothing_is_settled_before_it(
    folder: Path, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[int] = []
    groups: list[int] = []
    syncs: list[int] = []
    real = os.fdatasync
    gate = threading.Event()

    def sync(descriptor: int) -> None:
        gate.wait(10)
        syncs.append(len(settled))
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)

    def settle(tickets: list[int], refused: Any) -> None:
        assert refused is None
        settled.extend(tickets)
        groups.append(len(tickets))

    committing: GroupCommit[int] = GroupCommit(opened(segment_seconds=60), settle)
    committing.submit(record(0).packed(), 0)
    committing.start()
    for number in range(1, 100):
        committing.submit(record(number).packed(), number)
    assert settled == []
    gate.set()
    committing.stop()
    assert settled == list(range(100))
    assert len(groups) <= 3
    assert syncs[0] == 0
    assert [one.received_at for one in read(folder)] == [1_000_000 + number for number in range(100)]


def test_a_group_that_cannot_be_written_is_told_so(folder: Path, opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    committing: GroupCommit[str] = GroupCommit(opened(), lambda tickets, refused: told.append((tickets, refused)))

    def full(descriptor: int, content: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    committing.submit(record(1).packed(), "a")
    committing.start()
    committing.stop()
    assert [(tickets, type(refused)) for tickets, refused in told] == [(["a"], JournalUnwritable)]


def test_a_journal_keeps_its_name(folder: Path) -> None:
    names = {journal.identity(folder) for _ in range(3)}
    assert len(names) == 1
