"""Writes of what is sold, subscribed, signed, billed and defined: one record at a time, or a whole file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone as clock
from django.utils.translation import gettext as _

from tenure.apps.subscriptions import rules, selectors
from tenure.apps.subscriptions.models import (
    ContractVersion,
    DiscountVersion,
    FxRateVersion,
    InvoiceLineVersion,
    MetricDefinition,
    MonthClose,
    PlanVersion,
    ProductVersion,
    Reconciliation,
    SubscriptionVersion,
    TrialVersion,
)
from tenure.apps.workspaces.services import bulk, imports, records
from tenure.apps.workspaces.services.writing import Actor, actor_name, writing
from tenure.apps.workspaces.versions import Version, key_text
from tenure.core.definition import Definition
from tenure.core.errors import TenureError

MODELS: Mapping[str, type[Version]] = {
    model.KIND: model
    for model in (
        ProductVersion,
        PlanVersion,
        SubscriptionVersion,
        DiscountVersion,
        ContractVersion,
        InvoiceLineVersion,
        TrialVersion,
        FxRateVersion,
    )
}
ENDS: Mapping[str, str] = {"subscriptions": "end", "discounts": "end", "contracts": "end", "trials": "end"}


def add(kind: str, values: Mapping[str, Any], *, by: Actor, reason: str = "") -> Any:
    """Write a new record of a kind in MODELS."""
    selectors.require_place(by, MODELS[kind], values, new=True)
    return records.add(MODELS[kind], values, by=by, rule=rules.RULES.get(kind), reason=reason)


def edit(
    kind: str, key: str, changes: Mapping[str, Any], *, by: Actor, seen: str | None = None, reason: str = ""
) -> Any:
    """Write a new version of a record with some values changed.

    Raises: RecordChanged if another version than `seen` is live.
    """
    selectors.require_place(by, MODELS[kind], changes, new=False)
    return records.edit(MODELS[kind], key, changes, by=by, rule=rules.RULES.get(kind), seen=seen, reason=reason)


def end(kind: str, key: str, day: Any, *, by: Actor, seen: str | None = None, reason: str = "") -> Any:
    """Set the first day without service of a subscription, discount, contract or trial."""
    changes = {records.end_column(kind, ENDS): day}
    rule = rules.RULES[kind]
    return records.edit(MODELS[kind], key, changes, by=by, rule=rule, verb="ended", seen=seen, reason=reason)


def withdraw(kind: str, key: str, *, by: Actor, reason: str = "", seen: str | None = None) -> Any:
    """Say that a record should never have been there."""
    selectors.require_place(by, MODELS[kind], {}, new=False)
    return records.withdraw(MODELS[kind], key, by=by, reason=reason, seen=seen)


def undo(kind: str, key: str, *, by: Actor, seen: str) -> Any:
    """Take back the newest step of a record, which wrote (or withdrew) version `seen`; None if the record was new.

    Raises: RecordChanged if anything was written since.
    """
    selectors.require_place(by, MODELS[kind], {}, new=False)
    return records.undo(MODELS[kind], key, by=by, seen=seen, rule=rules.RULES.get(kind))


def define(name: str, settings: Mapping[str, Any], *, by: Actor) -> MetricDefinition:
    """Write the next version of a named definition; equal settings change nothing.

    The one named `default` is the workspace's own: it takes the place of the settings the workspace was made with,
    which are its version 1.
    Raises: SettingRefused for an unknown setting or value, TenureError for a name that cannot be taken; both name what
    is allowed.
    """
    name = rules.definition_name(name)
    Definition().with_settings(settings)
    former = MetricDefinition.objects.live().filter(name=name).order_by("-version").first()
    first = 2 if name == rules.OWN_DEFINITION else 1
    values = {
        "name": name,
        "version": first if former is None else former.version + 1,
        "settings": dict(settings),
        "author": actor_name(by),
    }
    if former is not None and former.settings == records.values.checked(MetricDefinition, values, "UTC")["settings"]:
        return former
    version: MetricDefinition = records.add(MetricDefinition, values, by=by, verb="defined")
    return version


def close_month(month: str, *, by: Actor, name: str = "", note: str = "") -> MonthClose:
    """Close a month in a person's name: what is known now is its figure, later changes show as restatements."""
    month = rules.month(month)
    now = clock.now()
    if month >= clock.localdate(now).strftime("%Y-%m"):
        raise TenureError(
            "close.month_not_over",
            _("%(month)s is not over.") % {"month": month},
            fix=_("Close it from the first day of the next month on."),
            month=month,
        )
    if MonthClose.objects.live().filter(month=month).exists():
        raise TenureError(
            "close.already_closed",
            _("%(month)s is closed already.") % {"month": month},
            fix=_("Open it again first if the closed figure is to change."),
            month=month,
        )
    values = {"month": month, "closed_at": now, "closed_by": name.strip() or actor_name(by), "note": note}
    closed: MonthClose = records.add(MonthClose, values, by=by, verb="closed")
    return closed


def reopen_month(month: str, *, by: Actor, note: str = "") -> MonthClose:
    """Open a closed month again; that it was closed, and by whom, stays known."""
    month = rules.month(month)
    if not MonthClose.objects.live().filter(month=month).exists():
        raise TenureError(
            "close.not_closed",
            _("%(month)s is not closed.") % {"month": month},
            fix=_("There is nothing to open again; see the closed months."),
            month=month,
        )
    opened: MonthClose = records.withdraw(MonthClose, key_text([month]), by=by, reason=note, verb="reopened")
    return opened


def keep_totals(
    lines: Sequence[tuple[str, str, Decimal]],
    *,
    compare: str,
    by: Actor,
    left_out: Sequence[tuple[int, str]] = (),
    definition: str = "",
    file_name: str = "",
) -> Reconciliation:
    """Keep the totals of another system (period, account, amount), to be compared with ours whenever it is looked at.

    `left_out` are the numbers of the lines that could not be read, and why.
    Raises: TenureError if there is nothing to compare, or more periods than are compared at once.
    """
    if compare not in rules.COMPARED:
        raise rules.refuse("compare", compare, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(rules.COMPARED)})
    count = len({period for period, _account, _amount in lines})
    if not count or count > rules.MOST_PERIODS:
        raise TenureError(
            "reconcile.periods",
            _("There are totals of %(count)s periods.") % {"count": count},
            fix=_("Give totals of 1 to %(most)s periods.") % {"most": rules.MOST_PERIODS},
            count=count,
        )
    with writing(by) as write:
        kept = Reconciliation.objects.create(
            made_at=write.now,
            by=write.member,
            actor=write.actor,
            compare=compare,
            definition=definition,
            file_name=file_name,
            lines=[[period, account, str(amount)] for period, account, amount in lines],
            left_out=[[number, why] for number, why in left_out],
        )
        write.audit("reconciled", "reconciliation", str(kept.pk), compare=compare, lines=len(lines), periods=count)
    return kept


def apply_import(
    kind: str, staged: Path, run: imports.ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> bulk.Counts:
    """Write a staged file of a kind in MODELS, in one transaction; what `check` raises leaves nothing written."""
    return bulk.upsert(MODELS[kind], staged, run, by, check)


def foresee_import(
    kind: str, staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None
) -> bulk.Foreseen:
    """What `apply_import` would do with a staged file, and with some of its rows."""
    return bulk.foresee(MODELS[kind], staged, shown, check)


def undo_import(run: imports.ImportRun, by: Actor) -> bulk.Undone:
    """Take an import back."""
    return bulk.undo(MODELS[run.kind], run, by)
