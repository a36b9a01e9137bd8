"""What a list of deals says: time in each stage, the next step, what stands still, sums, win rate and cycle.

Definitions with worked tables: docs/how-to/work-with-deals.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from statistics import median

WON, LOST = "won", "lost"
NONE, LATE, PLANNED = "none", "late", "planned"
"""States of a next step."""
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a deal, as its history keeps it."""

    stage: str | None
    stage_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stay:
    """One stretch of time in one stage; `until` is None while it lasts."""

    stage: str
    since: datetime
    until: datetime | None

    def lasted(self, now: datetime) -> timedelta:
        """How long it lasted; a stage entered later than now has lasted no time yet."""
        return max((self.until or now) - self.since, timedelta(0))


@dataclass(frozen=True, slots=True)
class Deal:
    """What sums and rates read of a deal."""

    stage: str | None
    amount: Decimal | None = None
    currency: str | None = None
    created_at: datetime | None = None
    won_at: datetime | None = None
    lost_at: datetime | None = None

    @property
    def is_won(self) -> bool:
        """Whether it was won."""
        return self.stage == WON

    @property
    def is_lost(self) -> bool:
        """Whether it was lost."""
        return self.stage == LOST


@dataclass(frozen=True, slots=True)
class Total:
    """What the deals of one currency come to."""

    currency: str | None
    count: int
    amount: Decimal
    weighted: Decimal | None
    """None: the probability of at least one of them is not known"""


def stays(history: Sequence[Entry], live: Entry) -> list[Stay]:
    """The stages a deal went through, in order of time, the one it is in last.

    Entries later than the live one were undone and do not count; several versions within one stay are one stay.
    """
    if live.stage_at is None or live.stage is None:
        return []
    known = {
        entry.stage_at: entry.stage
        for entry in history
        if entry.stage_at is not None and entry.stage is not None and entry.stage_at < live.stage_at
    }
    known[live.stage_at] = live.stage
    entered: list[tuple[datetime, str]] = []
    for at, stage in sorted(known.items()):
        if not entered or entered[-1][1] != stage:
            entered.append((at, stage))
    ends = [*(at for at, _ in entered[1:]), None]
    return [Stay(stage, at, end) for (at, stage), end in zip(entered, ends, strict=True)]


def durations(found: Iterable[Stay], now: datetime) -> dict[str, timedelta]:
    """Stage -> the time spent in it in all; a stage returned to adds up. The end stages take no time."""
    spent: dict[str, timedelta] = {}
    for stay in found:
        if stay.stage not in (WON, LOST):
            spent[stay.stage] = spent.get(stay.stage, timedelta(0)) + stay.lasted(now)
    return spent


def next_step(text: str | None, on: date | None, today: date) -> str:
    """`none` without words and without a day, `late` once the day is over, else `planned`."""
    if on is not None and on < today:
        return LATE
    return PLANNED if on is not None or (text or "").strip() else NONE


def is_rotting(stage: str | None, since: datetime | None, rot_days: int | None, now: datetime) -> bool:
    """Whether an open deal has stood in its stage for more than `rot_days` whole days."""
    if stage in (WON, LOST) or since is None or rot_days is None:
        return False
    return now - since > timedelta(days=rot_days)


def weighted(amount: Decimal | None, probability: Decimal | None) -> Decimal | None:
    """Amount x probability, exact; None if one of them is not known."""
    return None if amount is None or probability is None else _EXACT.multiply(amount, probability)


def win_rate(deals: Iterable[Deal]) -> Decimal | None:
    """Won / (won + lost); None while nothing is decided."""
    ended = [deal.is_won for deal in deals if deal.is_won or deal.is_lost]
    return _EXACT.divide(Decimal(sum(ended)), Decimal(len(ended))) if ended else None


def cycle_days(deal: Deal) -> int | None:
    """Whole days from its making to its being won; None for one that is not won, or that was won before it was made."""
    if not deal.is_won or deal.created_at is None or deal.won_at is None or deal.won_at < deal.created_at:
        return None
    return (deal.won_at - deal.created_at).days


def usual_cycle(deals: Iterable[Deal]) -> Decimal | None:
    """The median cycle of the deals that were won, in days."""
    known = [days for days in map(cycle_days, deals) if days is not None]
    return Decimal(str(median(known))) if known else None


def totals(deals: Iterable[Deal], probabilities: Mapping[str, Decimal]) -> list[Total]:
    """Sums by currency, never over two of them. A deal without an amount is counted and adds nothing."""
    groups: dict[str | None, list[Deal]] = {}
    for deal in deals:
        groups.setdefault(deal.currency, []).append(deal)
    order = sorted(groups, key=lambda one: (one is None, one or ""))
    return [_sum(currency, groups[currency], probabilities) for currency in order]


def _sum(currency: str | None, deals: Sequence[Deal], probabilities: Mapping[str, Decimal]) -> Total:
    priced = [(deal.amount, probabilities.get(deal.stage or "")) for deal in deals if deal.amount is not None]
    with localcontext(_EXACT):
        amount = sum((value for value, _ in priced), Decimal(0))
        parts = [weighted(value, chance) for value, chance in priced]
        known = [part for part in parts if part is not None]
        return Total(currency, len(deals), amount, sum(known, Decimal(0)) if len(known) == len(parts) else None)
