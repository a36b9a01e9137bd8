"""What users do, as events: logins, features, help. Hides how often, by whom and at which minute.

The state drives it: users who have adopted the product use it, an account in its first weeks sets it up, one that has
decided to leave shows the signs unless it is silent. How often follows Poisson counts a week, account and event.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tenure.core.periods import day_number
from tenure.core.simulation import calendar
from tenure.core.simulation.books import FAR, MAIN, Books
from tenure.core.simulation.chance import Chance, Floats, counted
from tenure.core.simulation.mood import Mood
from tenure.core.simulation.population import Bools, Ints, Population
from tenure.core.simulation.scenario import (
    BESIDE_RATES,
    DECIDER,
    EVENTS,
    EXECUTOR,
    FEATURES,
    LAST_FACTOR,
    LAST_WEEKS,
    MANAGER,
    OUTAGE_DAYS,
    PRODUCTS,
    ROLES,
    SIGNS,
    Scenario,
)

STAMP = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("event_id", pa.string()),
        ("account_id", pa.dictionary(pa.int32(), pa.string())),
        ("user_id", pa.dictionary(pa.int32(), pa.string())),
        ("event", pa.dictionary(pa.int32(), pa.string())),
        ("ts", STAMP),
        ("properties", pa.dictionary(pa.int32(), pa.string())),
        ("received_at", STAMP),
    ]
)
FEATURE_RATE = 0.9
"""Uses of all features by an active user in an ordinary week."""
TASTE, KEENNESS = 0.7, 0.6
"""How far accounts differ in the features they like, and in how much they do at all (lognormal)."""
WEEKS_TOGETHER, WEEKS_ALONE = 0.04, 0.25
"""How far a week differs from others, for all accounts together and for each alone (lognormal)."""
CROWD = 0.82
"""Use grows with the active users to this power: in large accounts many users do little."""
HOLDING = ("workflow_run", "integration_connected")
"""Features that accounts use more, the better the product suits them: who uses them early stays longer."""
SHIFT_US = 8 * 3_600_000_000
"""China is eight hours ahead of UTC."""
MOST = 4_096
"""Events of one account, week and kind; more are not counted."""
MOST_USERS = 500
"""Users of one account that ever do anything."""


class Usage:
    """The events of all slots, week by week."""

    def __init__(self, scenario: Scenario, people: Population, chance: Chance) -> None:
        self._scenario, self._people, self._chance = scenario, people, chance
        rates = FEATURE_RATE / np.arange(1, len(FEATURES) + 1)
        rates /= (1 / np.arange(1, len(FEATURES) + 1)).sum()
        self._rates = np.concatenate([rates, BESIDE_RATES])
        pairs = people.slots[:, None] * 64 + np.arange(len(EVENTS))
        taste = _spread(TASTE, chance.normal("taste", 0, pairs.ravel()).reshape(pairs.shape))
        taste *= _spread(KEENNESS, chance.normal("keenness", 0, people.slots))[:, None]
        for event in HOLDING:
            taste[:, EVENTS.index(event)] *= np.exp(2.5 * (people.fit - 0.55))
        taste[:, len(FEATURES) :] = taste[:, [0]] ** 0.5
        self._taste = taste
        days = np.arange(scenario.since, day_number(scenario.until))
        self._busy = np.stack([calendar.WEEKDAYS[calendar.weekday(days)], calendar.work(days)])
        """work done on each day, overseas and in China"""
        self._accounts = pa.array(people.ids, pa.string())
        self._crowd = np.clip(2 * people.seats, 4, MOST_USERS)
        self._first_user = np.cumsum(self._crowd) - self._crowd
        owners, numbers = np.repeat(people.ids, self._crowd), np.arange(self._crowd.sum())
        numbers -= np.repeat(self._first_user, self._crowd)
        self._users = pa.array([f"U{a[1:]}-{k + 1}" for a, k in zip(owners.tolist(), numbers.tolist(), strict=True)])
        self._context = pa.array(
            [f'{{"product": "{p.code}", "from": "{where}"}}' for p in PRODUCTS for where in ("web", "mobile")]
        )

    def of_week(self, week: int, books: Books, mood: Mood, arrival: Ints, shown: Ints) -> pa.Table:
        """The events of a week, in the order of their time.

        `shown`: the day on which an account that shows it will leave, FAR for the others.
        """
        scenario = self._scenario
        first = scenario.since + 7 * week
        days = np.arange(first, min(first + 7, day_number(scenario.until)))
        busy = self._busy[:, days - scenario.since]
        places = np.flatnonzero(books.active & (arrival < first + 7))
        if scenario.activity == 0 or len(places) == 0 or len(days) == 0:
            return SCHEMA.empty_table()
        mean = self._means(first, places, books, mood, arrival, shown)
        mean *= (busy.sum(axis=1) / calendar.WEEKDAYS.sum())[self._people.chinese[places].astype(np.int64), None]
        slots = self._people.slots[places]
        together = self._chance.normal("week", week, np.zeros(1, np.int64))
        alone = self._chance.normal("week of an account", week, slots)
        mean *= (_spread(WEEKS_TOGETHER, together) * _spread(WEEKS_ALONE, alone))[:, None]
        pairs = slots[:, None] * 64 + np.arange(len(EVENTS))
        share = self._chance.uniform("use", week, pairs.ravel()).reshape(pairs.shape)
        counts = np.minimum(counted(share, mean * scenario.activity), MOST)
        return self._rows(week, days, busy, places, counts, books, mood)

    def _means(self, first: int, places: Ints, books: Books, mood: Mood, arrival: Ints, shown: Ints) -> Floats:
        """(accounts, events): how many events of a week are expected."""
        adoption = mood.adoption[places]
        seats = books.seats[places, MAIN]
        users = np.stack([0.9 * seats * adoption[:, EXECUTOR], 0.15 * seats * adoption[:, MANAGER],
                          0.06 * seats * adoption[:, DECIDER]], axis=1)  # fmt: skip
        crowd = np.maximum(users[:, EXECUTOR], 0.3) ** CROWD
        lead = crowd[:, None] * (users / np.maximum(users[:, [EXECUTOR]], 1e-9)) / np.array([1.0, 1 / 6, 1 / 15])
        mean = lead[:, ROLES] * self._rates * self._taste[places]
        age = np.maximum(first - arrival[places], 0) / 7
        set_up = EVENTS.index("data_imported")
        mean[:, set_up] *= np.where(age < 8, 12.0 - 1.3 * age, 0.4)
        mean[:, EVENTS.index("help_viewed")] *= np.where(age < 10, 4.0 - 0.3 * age, 1.0)
        mean[:, EVENTS.index("member_invited")] *= np.where(age < 6, 3.0, 1.0)
        support = EVENTS.index("support_opened")
        mean[:, support] *= np.where(mood.defect[places], 6.0, 1.0)
        if first <= self._scenario.outage_day < first + 7:
            mean[:, support] *= 5
        progress = (first - self._scenario.since) / (7 * self._scenario.weeks)
        mean[:, EVENTS.index("mobile_opened")] *= 1.4 - 1.1 * progress
        month = int(np.array([first]).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)[0] % 12)
        mean[:, EVENTS.index("year_report_opened")] *= 7.0 if month in (11, 0) else 0.15
        bursts = self._chance.uniform("themes", first // 28, self._people.slots[places]) < 0.08
        mean[:, EVENTS.index("theme_changed")] *= np.where(bursts, 9.0, 0.3)
        remaining = np.where(shown[places] < FAR, (shown[places] - first) / 7, np.inf)
        for sign in SIGNS:
            mean[:, EVENTS.index(sign.event)] *= np.where(remaining <= sign.weeks, sign.factor, 1.0)
        return np.asarray(mean * np.where(remaining <= LAST_WEEKS, LAST_FACTOR, 1.0)[:, None])

    def _rows(
        self, week: int, days: Ints, busy: Floats, places: Ints, counts: Ints, books: Books, mood: Mood
    ) -> pa.Table:
        flat = np.repeat(np.arange(counts.size), counts.ravel())
        nth = np.arange(len(flat)) - np.repeat(np.cumsum(counts.ravel()) - counts.ravel(), counts.ravel())
        place, event = places[flat // len(EVENTS)], flat % len(EVENTS)
        identity = (self._people.slots[place] * 64 + event) * MOST + nth
        draws = [self._chance.uniform("when and who", week, identity, k) for k in range(4)]
        day, hour = _when(days, busy, draws[0], self._people.chinese[place])
        stamp = (day * 86_400 + hour * 3_600) * 1_000_000 + (draws[1] * 3.6e9).astype(np.int64) - SHIFT_US
        lost = (day >= self._scenario.outage_day) & (day < self._scenario.outage_day + OUTAGE_DAYS)
        lost &= event != EVENTS.index("support_opened")
        # an account that began or left in this week has no events outside its service
        inside = stamp + SHIFT_US >= np.minimum(books.term_start, books.paid_from)[place] * 86_400_000_000
        order = np.argsort(stamp, kind="stable")
        order = order[(inside & ~lost)[order]]
        place, event, stamp, nth, identity = place[order], event[order], stamp[order], nth[order], identity[order]
        late = np.where(draws[3] < 0.01, draws[3] * 100 * 1.7e11, 2e6 + draws[3] * 6e6).astype(np.int64)[order]
        users = self._first_user[place] + self._who(place, event, draws[2][order], books, mood)
        context = books.product[place, MAIN] * 2 + (event == EVENTS.index("mobile_opened"))
        kinds = pa.array(EVENTS, pa.string())
        columns = [
            pa.array(identity + (np.int64(week) << 48), pa.int64()).cast(pa.string()),
            pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), self._accounts),
            pa.DictionaryArray.from_arrays(pa.array(users, pa.int32()), self._users),
            pa.DictionaryArray.from_arrays(pa.array(event, pa.int32()), kinds),
            pa.array(stamp, pa.int64()).cast(STAMP),
            pa.DictionaryArray.from_arrays(pa.array(context, pa.int32()), self._context),
            pa.array(stamp + late, pa.int64()).cast(STAMP),
        ]
        return pa.table(columns, schema=SCHEMA)

    def _who(self, place: Ints, event: Ints, share: Floats, books: Books, mood: Mood) -> Ints:
        """Which user did it: the first manages, the second decides, the others execute, some much more than others."""
        active = np.maximum(np.round(books.seats[place, MAIN] * mood.adoption[place, EXECUTOR]), 1)
        number = 2 + (active * share**3.5).astype(np.int64)
        number = np.where(ROLES[event] == MANAGER, (0.1 * active * share**2).astype(np.int64) * 10, number)
        number = np.where(ROLES[event] == DECIDER, 1, number)
        return np.asarray(np.minimum(number, np.minimum(books.seats[place, MAIN], self._crowd[place]) - 1))


def _when(days: Ints, busy: Floats, share: Floats, chinese: Bools) -> tuple[Ints, Ints]:
    """The local day and hour of events: busy days and hours have more. `busy` is (overseas and Chinese, days)."""
    at = np.zeros(len(share), np.int64)
    for group, here in enumerate((~chinese, chinese)):
        weights = (busy[group][:, None] * calendar.HOURS).ravel()
        edges = np.cumsum(weights / weights.sum())
        at[here] = np.minimum(np.searchsorted(edges, share[here], "right"), len(weights) - 1)
    return days[at // 24], at % 24


def _spread(width: float, normal: Floats) -> Floats:
    """Lognormal factors with mean 1."""
    return np.asarray(np.exp(width * normal - width**2 / 2))
