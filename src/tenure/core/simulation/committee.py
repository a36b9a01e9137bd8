"""The people at the accounts: who sits in the buying committee, who champions the product, who leaves."""

from __future__ import annotations

from typing import Any

import numpy as np

from tenure.core.simulation import names
from tenure.core.simulation.chance import Chance
from tenure.core.simulation.journal import Journal
from tenure.core.simulation.population import Population

COMMITTEE = ("manager", "decision_maker", "executor", "technical_expert", "procurement", "executor", "liaison")
"""Roles in the order in which they are filled; larger accounts have more."""
_ROLES = tuple(names.TITLES)
CHAMPION = 0
"""The place of the champion."""


class Committee:
    """The contacts of all slots, as rows that are written down."""

    def __init__(self, people: Population, journal: Journal, chance: Chance) -> None:
        self._people, self._journal, self._chance = people, journal, chance
        self._ids = people.ids
        self._written = np.zeros(len(people.slots), np.int64)
        self._champions: dict[int, tuple[Any, ...]] = {}

    def introduce(self, places: list[int], day: int) -> None:
        """Write down the committees of accounts that become customers for the first time."""
        fresh = [i for i in places if not self._written[i]]
        sizes = np.clip(np.log2(self._people.seats[fresh]) + 1, 2, len(COMMITTEE)).astype(int).tolist()
        self._write([(i, role) for i, size in zip(fresh, sizes, strict=True) for role in COMMITTEE[:size]], day)

    def champion_left(self, i: int, day: int) -> None:
        """The champion leaves the account."""
        row = self._champions.get(i)
        if row is not None:
            self._journal.add("contacts", day, *row[:6], day)

    def champion_found(self, i: int, day: int) -> None:
        """Somebody else takes the product up."""
        self._write([(i, COMMITTEE[CHAMPION])], day)

    def _write(self, joining: list[tuple[int, str]], day: int) -> None:
        if not joining:
            return
        places = [i for i, _ in joining]
        numbers = []
        for i in places:
            numbers.append(int(self._written[i]))
            self._written[i] += 1
        persons = self._people.slots[places] * 1_000 + np.array(numbers)
        draws = np.stack([self._chance.uniform("person", 0, persons, k) for k in range(4)], axis=1)
        chinese = self._people.chinese[places]
        called = names.people(draws[:, :3], chinese)
        roles = np.array([_ROLES.index(role) for _, role in joining])
        titles = names.titles(roles, draws[:, 3], chinese)
        for (i, role), number, name, title in zip(joining, numbers, called, titles, strict=True):
            own = self._ids[i][1:]
            row = (f"P{own}-{number + 1}", self._ids[i], f"U{own}-{number + 1}", name, title, [role], None)
            self._journal.add("contacts", day, *row)
            if role == COMMITTEE[CHAMPION]:
                self._champions[i] = row
