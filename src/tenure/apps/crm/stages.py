"""The stages of each pipeline, what may be changed about them, and moving a deal from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tenure.apps.crm import rules, selectors, services
from tenure.apps.crm.models import DealVersion, PipelineStage
from tenure.apps.workspaces.permissions import Caller, require, require_everything
from tenure.apps.workspaces.services import records
from tenure.apps.workspaces.services.checks import between
from tenure.apps.workspaces.services.values import plain_text, refuse
from tenure.apps.workspaces.services.writing import Actor, writing

KIND = "pipeline stage"
"""The kind of the audit entries about stages."""
ASKABLE = ("amount", "mrr", "term_months", "close_date", "next_step", "next_step_on", "competitor", "partner")
"""Columns that a stage may ask for, besides those that losing asks for."""
_ALWAYS = {"lost": ("lost_reason", "lost_to")}
MOST_DAYS = 3650
USUAL = "new"
"""The pipeline of a deal that names none: a new sale."""


def of(pipeline: str | None) -> list[PipelineStage]:
    """The stages of a pipeline in their order; a deal that names none is a new sale."""
    return list(PipelineStage.objects.filter(pipeline=pipeline or USUAL).order_by("position", "pk"))


def name(stage: PipelineStage) -> str:
    """What a stage is called in the language in force."""
    return stage.name_zh if (get_language() or "en").startswith("zh") else stage.name_en


def probabilities(pipeline: str | None) -> dict[str, Decimal]:
    """Stage -> how likely a deal in it is won, as a share of 1."""
    return {stage.key: Decimal(stage.probability) / 100 for stage in of(pipeline)}


def change(stage: PipelineStage, given: Mapping[str, Any], *, by: Actor) -> PipelineStage:
    """Change what a stage is called, its probability, rot days and what it asks for; the ends keep their probability.

    Raises: ValueRefused.
    """
    if isinstance(by, Caller):
        require(by, "define_fields")
        require_everything(by, "define_fields")
    wanted = {column: given[column] for column in _changeable(stage) if column in given}
    for column in ("name_en", "name_zh"):
        if column in wanted:
            wanted[column] = plain_text(column, wanted[column])
            if not 0 < len(wanted[column]) <= 100:
                raise refuse(column, wanted[column], _("Write 1 to 100 characters."))
    for column, most in (("probability", 100), ("rot_days", MOST_DAYS)):
        value = wanted.get(column)
        if column in wanted and (type(value) is not int and not (column == "rot_days" and value is None)):
            raise refuse(column, value, _("Write a whole number."))
        between(wanted, column, 0, most)
    allowed = (*ASKABLE, *_ALWAYS.get(stage.key, ()))
    wrong = next((one for one in wanted.get("required", ()) if one not in allowed), None)
    if wrong is not None:
        raise refuse("required", wrong, _("Use some of: %(allowed)s.") % {"allowed": ", ".join(allowed)})
    before = {column: getattr(stage, column) for column, value in wanted.items() if getattr(stage, column) != value}
    if before:
        with writing(by) as write:
            for column in before:
                setattr(stage, column, wanted[column])
            stage.save(update_fields=[*before])
            after = {column: wanted[column] for column in before}
            write.audit("edited", KIND, f"{stage.pipeline}/{stage.key}", before=before, after=after)
    return stage


def _changeable(stage: PipelineStage) -> tuple[str, ...]:
    named = ("name_en", "name_zh", "required")
    return named if stage.type in (rules.WON, rules.LOST) else (*named, "probability", "rot_days")


def found(pipeline: str | None, key: str) -> PipelineStage:
    """A stage of a pipeline by its key.

    Raises: ValueRefused for one that is not of the pipeline.
    """
    listed = of(pipeline)
    stage = next((one for one in listed if one.key == key), None)
    if stage is None:
        raise refuse("stage", key, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(one.key for one in listed)})
    return stage


def missing(deal: Any, stage: PipelineStage, given: Mapping[str, Any]) -> list[str]:
    """The columns a stage asks for that neither the deal nor what is given has."""
    return [column for column in stage.required if given.get(column, getattr(deal, column)) in (None, "")]


def move(key: str, to: str, given: Mapping[str, Any] | None = None, *, by: Actor, seen: str | None = None) -> Any:
    """Put a deal into another stage of its pipeline, with what the stage asks for.

    Raises: ValueRefused for a stage that is not of the pipeline, and for the first column that is missing;
    RecordChanged if another version than `seen` is live.
    """
    deal = records.live(DealVersion, key)
    if isinstance(by, Caller):
        require(by, "edit_records")
        selectors.account_for(by, deal.account_id)
    stage = found(deal.pipeline, to)
    given = {column: value for column, value in (given or {}).items() if column in stage.required}
    for column in missing(deal, stage, given):
        raise refuse(column, None, _("Fill it in: the stage asks for it."))
    return services.edit("deals", key, {**given, "stage": to}, by=by, seen=seen)
