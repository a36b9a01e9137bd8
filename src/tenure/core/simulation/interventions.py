"""What a firm can do for its customers, and what that changes in them. Hides delays, saturation and annoyance.

An intervention answers a need. Without the need, or after too many others, it only annoys; one more of a kind within
half a year does half as much. It may turn an account that has decided to leave, if it answers the cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from tenure.core.simulation.chance import Chance, Floats
from tenure.core.simulation.mood import Mood
from tenure.core.simulation.population import NEVER, Bools, Ints, Population
from tenure.core.simulation.scenario import CAUSES, DECIDER, EXECUTOR, KINDS, MANAGER, TREATMENTS, Scenario

MOST_ANNOYED = 0.22
"""However often they are bothered, customers are not more annoyed than this."""
MANY = 4.0
"""Treatments not yet forgotten from which on even a needed one annoys."""
VISIT, TRAINING, OFFER, FIX, MESSAGE, REFERRAL_REWARD = range(len(KINDS))


class Intervention(NamedTuple):
    """Something done for accounts in a week: a kind of `TREATMENTS` and the accounts' ids."""

    kind: str
    accounts: Sequence[str]


class Treating:
    """The interventions under way."""

    def __init__(self, scenario: Scenario, people: Population, chance: Chance) -> None:
        self.cost = 0
        self._chance, self._slots = chance, people.slots
        self._places = {account: i for i, account in enumerate(people.ids)}
        self._spare = np.flatnonzero(people.arrival == NEVER).tolist()
        self._due: dict[int, list[tuple[int, Ints]]] = {}

    def of_week(
        self, week: int, interventions: Sequence[Intervention], mood: Mood, active: Bools
    ) -> Mapping[str, Bools]:
        """Take new interventions and let those that are due work; returns which customers each kind reached.

        Raises: ValueError for an unknown kind or account.
        """
        for intervention in interventions:
            self._take(week, intervention)
        reached: dict[str, Bools] = {}
        for kind, places in self._due.pop(week, []):
            touched = np.zeros(len(active), bool)
            touched[places] = True
            touched &= active
            self._work(week, kind, touched, mood)
            reached[KINDS[kind]] = reached.get(KINDS[kind], np.zeros(len(active), bool)) | touched
        return reached

    def _take(self, week: int, intervention: Intervention) -> None:
        if intervention.kind not in KINDS:
            raise ValueError(f"an intervention is one of {', '.join(KINDS)}, not {intervention.kind}")
        unknown = [account for account in intervention.accounts if account not in self._places]
        if unknown:
            raise ValueError(f"there is no account {unknown[0]}")
        kind = KINDS.index(intervention.kind)
        places = np.array(sorted({self._places[account] for account in intervention.accounts}), np.int64)
        self.cost += TREATMENTS[kind].cost * len(places)
        self._due.setdefault(week + TREATMENTS[kind].delay_weeks, []).append((kind, places))

    def _work(self, week: int, kind: int, touched: Bools, mood: Mood) -> None:
        treatment = TREATMENTS[kind]
        lately = mood.treated.sum(axis=1)
        power = np.where(touched, treatment.effect * 0.5 ** mood.treated[:, kind], 0.0)
        needed = self._needs(kind, mood)
        annoys = treatment.annoyance * np.where(needed & (lately < MANY), 0.0, 1.0)
        mood.annoyance += np.where(touched, annoys * np.clip(MOST_ANNOYED - mood.annoyance, 0, 1), 0.0)
        mood.treated[touched, kind] += 1
        self._change(week, kind, np.where(needed, power, 0.0), mood)

    def _needs(self, kind: int, mood: Mood) -> Bools:
        """Which accounts have the need that a kind answers?"""
        if kind == VISIT:
            return np.asarray(~mood.champion | (mood.satisfaction < 0.5))
        if kind == TRAINING:
            return np.asarray(mood.adoption[:, EXECUTOR] < 0.4)
        if kind == OFFER:
            return np.asarray((mood.pressure > 0.3) | (mood.pull > 0.25))
        if kind == FIX:
            return mood.defect.copy()
        if kind == MESSAGE:
            return np.asarray(mood.adoption[:, MANAGER:].mean(axis=1) < 0.35)
        return np.ones(len(mood.champion), bool)

    def _change(self, week: int, kind: int, power: Floats, mood: Mood) -> None:
        if kind == VISIT:
            found = ~mood.champion & self._chance.happens("visit", week, self._slots, power)
            mood.champion = mood.champion | found
            mood.satisfaction += power * np.clip(0.75 - mood.satisfaction, 0, 1)
            mood.pull *= 1 - 0.5 * power
        elif kind == TRAINING:
            mood.skill = np.minimum(mood.skill + 0.45 * power, 0.35)
        elif kind == OFFER:
            mood.pressure *= 1 - power
            mood.pull *= 1 - 0.6 * power
        elif kind == FIX:
            mood.satisfaction += np.where(mood.defect, 0.06 * power, 0.0)
            mood.defect = mood.defect & (power == 0)
        elif kind == MESSAGE:
            for role in (MANAGER, DECIDER):
                mood.adoption[:, role] += power * np.clip(0.5 - mood.adoption[:, role], 0, 1)

    def turned(self, week: int, kind: str, touched: Bools, cause: Ints) -> list[int]:
        """Which of the accounts that had decided to leave does an intervention keep?"""
        treatment = TREATMENTS[KINDS.index(kind)]
        answered = np.isin(cause, [CAUSES.index(name) for name in treatment.answers])
        kept = self._chance.happens(f"rescue by {kind}", week, self._slots, treatment.rescue)
        return list(np.flatnonzero(touched & answered & kept).tolist())

    def referred(self, week: int, reached: Mapping[str, Bools], mood: Mood, arrival: Ints) -> list[int]:
        """Slots of new accounts that satisfied customers bring for a reward."""
        touched = reached.get("referral_reward")
        if touched is None:
            return []
        chance = TREATMENTS[REFERRAL_REWARD].effect
        bring = touched & (mood.satisfaction > 0.6) & self._chance.happens("referral", week, self._slots, chance)
        wanted = int(bring.sum())
        taken, self._spare = self._spare[:wanted], self._spare[wanted:]
        return taken
