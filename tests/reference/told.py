"""Units told in short: "A0 B1@7 AB2=3 .5" are four events, by what they do, moment, person (@) and value (=)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from reference import funnels
from reference.funnels import Event, Rules
from tenure.core.sequences import funnel

WORD = re.compile(r"([A-Za-z.]+)(-?\d+)(?:@(\d+))?(?:=(\d+))?$")


def letter(name: str) -> int:
    """The bit of a letter."""
    return ord(name.lower()) - ord("a")


def told(text: str) -> list[Event]:
    """The events of one unit, in the order of their moments; those of one moment stay as told."""
    found = []
    for word in text.split():
        match = WORD.match(word)
        assert match, word
        does, at, person, value = match.groups()
        bits = frozenset(letter(name) for name in does if name != ".")
        found.append(Event(int(at), bits, int(person or -1), -1 if value is None else int(value)))
    return sorted(found, key=lambda e: e.at)


def gathered(units: Sequence[Sequence[Event]]) -> tuple[funnel.Events, npt.NDArray[np.int32]]:
    """Units as the kernels take them, and the values of their events."""
    events = [e for unit in units for e in unit]
    first = np.cumsum([0, *map(len, units)])
    bits = np.array([sum(1 << b for b in e.does) for e in events], np.uint64)
    at, person, value = (
        np.array(column, np.int64) for column in zip(*((e.at, e.person, e.value) for e in events), strict=True)
    )
    return funnel.Events(first, at, bits, person.astype(np.int32)), value.astype(np.int32)


def compiled(rules: Rules) -> funnel.Funnel:
    """The same funnel for the kernels."""
    return funnel.Funnel(
        steps=tuple(funnel.Step(s.bit, s.optional, s.min_users) for s in rules.steps),
        window=min(rules.window, 10**18),
        closes=np.array(rules.closes, np.int64),
        order=rules.order,
        exclusions=tuple(funnel.Exclusion(*x) for x in rules.exclusions),
        strict_time=rules.strict_time,
        event_reuse=rules.event_reuse,
        reentry=rules.reentry,
        enters_from=max(rules.enters_from, funnel.EARLIEST),
        enters_to=min(rules.enters_to, funnel.LATEST),
        ignored=rules.ignored,
    )


def results(events: funnel.Events, chains: funnel.Chains, reuse: bool = False) -> list[funnels.Found]:
    """What the kernels found, in the words of the reference; events of a chain are different ones of the unit."""
    found = []
    for u, row in enumerate(chains.event):
        known = [int(e) for e in row if e >= 0]
        assert reuse or len(set(known)) == len(known), f"unit {u}: one event serves two steps"
        assert all(events.first[u] <= e < events.first[u + 1] for e in known)
        entry = None if chains.entry[u] < 0 else int(events.at[chains.entry[u]])
        moments = tuple(int(events.at[e]) if e >= 0 else None for e in row)
        found.append(funnels.Found(int(chains.depth[u]), bool(chains.excluded[u]), entry, moments))
    return found
