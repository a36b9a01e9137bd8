"""A pipeline as its board shows it: open deals by stage with their sums, and what the decided ones say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet

from tenure.apps.crm import rules, selectors, stages
from tenure.apps.crm.models import DealVersion, PipelineStage
from tenure.apps.workspaces.permissions import Caller
from tenure.core import deals as rule

DECIDED_WITHIN = timedelta(days=365)
"""The win rate and the cycle are of deals that were won or lost within this time."""
_READ = ("stage", "amount", "currency", "created_at", "won_at", "lost_at")


@dataclass(frozen=True, slots=True)
class Column:
    """The open deals of one stage; `stage` is None for those whose stage the pipeline does not know."""

    stage: PipelineStage | None
    deals: Sequence[Any]
    count: int
    totals: Sequence[rule.Total]


@dataclass(frozen=True, slots=True)
class Board:
    """What a caller sees of a pipeline."""

    columns: Sequence[Column]
    totals: Sequence[rule.Total]
    win_rate: Decimal | None
    """won / decided within a year; None while nothing was decided"""
    cycle: Decimal | None
    """median days from making a deal to winning it, of the same"""


def board(caller: Caller, pipeline: str, currency: str, now: datetime, *, owner: str = "", most: int = 50) -> Board:
    """The board of a pipeline, with at most so many deals of each stage: the earliest next step first.

    A deal that names no pipeline is a new sale, and one without a currency is in `currency`.
    """
    seen = _of(caller, pipeline, owner)
    listed = stages.of(pipeline)
    chances = stages.probabilities(pipeline)
    known = [one for one in listed if one.type == "open"]
    still = seen.filter(Q(stage=None) | ~Q(stage__in=(rules.WON, rules.LOST)))
    keys = {one.key for one in known}
    by_stage: dict[str, list[rule.Deal]] = {}
    for one in _read(still, currency):
        by_stage.setdefault(one.stage if one.stage in keys else "", []).append(one)
    strange = Q(stage=None) | ~Q(stage__in=keys)
    parts: list[tuple[PipelineStage | None, QuerySet[Any]]] = [(one, still.filter(stage=one.key)) for one in known]
    if "" in by_stage:
        parts.insert(0, (None, still.filter(strange)))
    order = (F("next_step_on").asc(nulls_last=True), "pk")
    columns = [
        Column(
            stage,
            list(selectors.with_account_names(rows.order_by(*order))[:most]),
            len(by_stage.get(stage.key if stage else "", ())),
            rule.totals(by_stage.get(stage.key if stage else "", ()), chances),
        )
        for stage, rows in parts
    ]
    since = now - DECIDED_WITHIN
    decided = list(_read(seen.filter(Q(won_at__gte=since) | Q(lost_at__gte=since)), currency))
    whole = [one for some in by_stage.values() for one in some]
    return Board(columns, rule.totals(whole, chances), rule.win_rate(decided), rule.usual_cycle(decided))


def owners(caller: Caller, pipeline: str) -> list[str]:
    """Who works on the deals of a pipeline, of those the caller sees."""
    named = _of(caller, pipeline, "").exclude(owner=None).order_by("owner")
    return list(named.values_list("owner", flat=True).distinct())


def stands_still(stage: PipelineStage | None, deal: Any, now: datetime) -> bool:
    """Whether a deal has been in its stage for longer than such deals are."""
    return stage is not None and rule.is_rotting(deal.stage, deal.stage_at, stage.rot_days, now)


def step_state(deal: Any, today: date) -> str:
    """Where the next step of a deal stands: none, late or planned."""
    return rule.next_step(deal.next_step, deal.next_step_on, today)


def _of(caller: Caller, pipeline: str, owner: str) -> QuerySet[Any]:
    named = Q(pipeline=pipeline) | Q(pipeline=None) if pipeline == stages.USUAL else Q(pipeline=pipeline)
    found = selectors.visible_to(caller, DealVersion).filter(named)
    return found.filter(owner=owner) if owner else found


def _read(rows: QuerySet[Any], currency: str) -> list[rule.Deal]:
    return [
        rule.Deal(stage, amount, given or currency, made, won, lost)
        for stage, amount, given, made, won, lost in rows.values_list(*_READ)
    ]
