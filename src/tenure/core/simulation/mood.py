"""How accounts feel, week by week, and who decides to leave: the state behind everything they buy, use, say and cancel.

Arrays have one entry a slot. Hides the weights of the parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenure.core.simulation import names
from tenure.core.simulation.chance import Chance, Floats
from tenure.core.simulation.population import Bools, Ints, Population
from tenure.core.simulation.scenario import (
    CAUSES,
    COMPETITOR_INDUSTRIES,
    DECIDER,
    EXECUTOR,
    MANAGER,
    PRODUCTS,
    TREATMENTS,
    Scenario,
)

WEIGHTS = np.array([2.1, 1.3, 1.9, 1.5, 1.5, 2.2, 2.3, 0.16])
"""How much each cause of leaving weighs at its worst; firms close at any time."""
HAZARD = 0.0045
"""Probability a week of deciding to leave, for a customer whose parts add up to 1."""
FORGETS = 0.86
"""What is left of a treatment's saturation after a week."""
DEFECT, REPAIR = 0.012, 0.12
"""Probability a week that a defect opens, and that an open one is repaired without asking."""
CHAMPION_LEAVES, CHAMPION_FOUND = 0.0045, 0.035


@dataclass(slots=True)
class Mood:
    """The state of all slots."""

    adoption: Floats
    """(slots, 3) of executors, managers and deciders, 0 to 1"""
    skill: Floats
    """what training has added to the adoption that can be reached; it fades"""
    champion: Bools
    satisfaction: Floats
    pressure: Floats
    """on the price, 0 to 1"""
    pull: Floats
    """of the competitor, 0 to 1"""
    defect: Bools
    annoyance: Floats
    treated: Floats
    """(slots, treatments): how often lately, half of it forgotten in a quarter"""

    @classmethod
    def first(cls, people: Population, settled: Bools, chance: Chance) -> Mood:
        """The mood at the beginning; `settled` customers have used the product for long."""
        slots = people.slots
        count = len(slots)
        start = np.where(settled, np.clip(0.25 + 0.6 * people.fit, 0, 1), 0.06)
        return cls(
            adoption=np.stack([start, 0.9 * start, 0.5 * start], axis=1),
            skill=np.zeros(count),
            champion=chance.uniform("champion", 0, slots) < 0.88,
            satisfaction=np.clip(0.45 + 0.35 * people.fit + 0.05 * chance.normal("liking", 0, slots), 0, 1),
            pressure=0.12 * people.sensitivity,
            pull=np.zeros(count),
            defect=np.zeros(count, bool),
            annoyance=np.zeros(count),
            treated=np.zeros((count, len(TREATMENTS))),
        )

    def advance(
        self, week: int, scenario: Scenario, people: Population, product: Ints, active: Bools, chance: Chance
    ) -> npt.NDArray[np.int64]:
        """Live through a week; returns what happened to champions: -1 left, 1 found, 0 neither."""
        slots = people.slots
        leaves = active & self.champion & chance.happens("champion leaves", week, slots, CHAMPION_LEAVES)
        found = active & ~self.champion & chance.happens("champion found", week, slots, CHAMPION_FOUND)
        self.champion = (self.champion & ~leaves) | found
        opened = chance.happens("defect", week, slots, DEFECT)
        self.defect = np.where(
            self.defect, ~chance.happens("repair", week, slots, REPAIR), active & opened & (product >= 0)
        )
        quality = self._quality(week, scenario, product)
        support = np.where(self.champion, 0.12, -0.12)
        target = np.stack(
            [
                0.08 + 0.72 * people.fit + support + 0.35 * (self.satisfaction - 0.6),
                0.10 + 0.60 * people.fit + 1.4 * support + 0.35 * (self.satisfaction - 0.6),
                0.05 + 0.35 * people.fit + support + 0.35 * (self.satisfaction - 0.6),
            ],
            axis=1,
        )
        target += self.skill[:, None]
        self.skill *= 0.985
        noise = np.stack(
            [chance.normal("adoption", week, slots, role) for role in (EXECUTOR, MANAGER, DECIDER)], axis=1
        )
        self.adoption += 0.13 * (np.clip(target, 0.03, 0.98) - self.adoption) + 0.018 * noise
        np.clip(self.adoption, 0.01, 1, out=self.adoption)
        calm = 0.40 + 0.38 * people.fit + quality + np.where(self.defect, -0.28, 0.0) - 0.25 * self.annoyance
        self.satisfaction += 0.07 * (calm - self.satisfaction) + 0.018 * chance.normal("satisfaction", week, slots)
        if week == (scenario.outage_day - scenario.since) // 7:
            self.satisfaction -= np.where(active, 0.16, 0.0)
        np.clip(self.satisfaction, 0, 1, out=self.satisfaction)
        self.pressure += 0.015 * (0.12 * people.sensitivity - self.pressure)
        if week == scenario.competitor_week:
            exposed = np.isin(people.industry, _strongholds())
            self.pull = np.where(active, np.clip((0.85 - people.fit) * np.where(exposed, 1.3, 0.45), 0, 1), self.pull)
        self.pull *= 0.98
        self.annoyance *= 0.93
        self.treated *= FORGETS
        return found.astype(np.int64) - leaves.astype(np.int64)

    def _quality(self, week: int, scenario: Scenario, product: Ints) -> Floats:
        first = np.array([p.quality_first for p in PRODUCTS])
        last = np.array([p.quality_last for p in PRODUCTS])
        at = min(week / max(scenario.weeks, 1), 1)
        return np.asarray((first + (last - first) * at)[product])

    def parts(self, week: int, scenario: Scenario, product: Ints) -> Floats:
        """(slots, causes): how much each cause weighs now."""
        aging = np.clip(-self._quality(week, scenario, product) / 0.22, 0, 1)
        worst = np.stack(
            [
                np.clip(0.55 - self.adoption[:, EXECUTOR], 0, 1) / 0.55,
                np.where(self.champion, 0.0, 1.0),
                np.clip(0.62 - self.satisfaction, 0, 1) / 0.5,
                self.pressure,
                self.pull,
                aging,
                self.annoyance,
                np.ones(len(aging)),
            ],
            axis=1,
        )
        return np.asarray(WEIGHTS * worst**1.2)

    def decide(
        self, week: int, people: Population, parts: Floats, exposure: Floats, chance: Chance
    ) -> tuple[Bools, Ints]:
        """Who decides this week to leave, and for which cause.

        `exposure`: how much of the decision falls into this week; 0 for those who cannot decide now.
        """
        total = parts.sum(axis=1)
        loyal = 1.3 - 0.37 * np.log10(people.employees / 20)  # large firms change their tools less readily
        leaves = chance.happens(
            "decision", week, people.slots, np.minimum(HAZARD * exposure * loyal * total**1.15, 0.5)
        )
        share = np.cumsum(parts, axis=1) / total[:, None]
        cause = (chance.uniform("cause", week, people.slots)[:, None] >= share).sum(axis=1)
        return leaves, np.minimum(cause, len(CAUSES) - 1)


def _strongholds() -> list[int]:
    return [k for k, industry in enumerate(names.INDUSTRIES) if industry[0] in COMPETITOR_INDUSTRIES]
