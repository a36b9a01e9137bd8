"""All questions: one family a module. `parse` is the one door from JSON to a question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenure.core.errors import QuestionRefused
from tenure.warehouse.questions.account_stickiness import AccountStickiness
from tenure.warehouse.questions.accounts import Accounts
from tenure.warehouse.questions.activity import Lifecycle, Paths, Stickiness
from tenure.warehouse.questions.actors import Actors
from tenure.warehouse.questions.anomalies import Anomalies, DefinitionDiff
from tenure.warehouse.questions.attribution import Attribution
from tenure.warehouse.questions.base import Question
from tenure.warehouse.questions.cac import Cac
from tenure.warehouse.questions.catalogue import EventCatalogue, EventProperties
from tenure.warehouse.questions.channels import Channels
from tenure.warehouse.questions.closing import Closes, Restatements
from tenure.warehouse.questions.cohorts import Cohorts
from tenure.warehouse.questions.funnel import Funnel
from tenure.warehouse.questions.invoiced import Invoiced, Reconcile
from tenure.warehouse.questions.lifecycle_contracts import LifecycleContracts
from tenure.warehouse.questions.ltv import Ltv
from tenure.warehouse.questions.movements import MovementLedger, Movements, RevenueMetrics
from tenure.warehouse.questions.renewals import CommittedMrr, ContractsDue, Renewals
from tenure.warehouse.questions.retention import FeatureRetention, Retention
from tenure.warehouse.questions.trend import Trend

FAMILIES: dict[str, type[Question]] = {
    family.name: family
    for family in (
        Movements,
        MovementLedger,
        RevenueMetrics,
        Accounts,
        Cohorts,
        Renewals,
        ContractsDue,
        CommittedMrr,
        Ltv,
        DefinitionDiff,
        Reconcile,
        Invoiced,
        Closes,
        Restatements,
        Anomalies,
        Funnel,
        Retention,
        FeatureRetention,
        Lifecycle,
        LifecycleContracts,
        Stickiness,
        AccountStickiness,
        Paths,
        Trend,
        Actors,
        Attribution,
        Channels,
        Cac,
        EventCatalogue,
        EventProperties,
    )
}

__all__ = [
    "FAMILIES",
    "AccountStickiness",
    "Accounts",
    "Actors",
    "Anomalies",
    "Attribution",
    "Closes",
    "Cohorts",
    "CommittedMrr",
    "ContractsDue",
    "DefinitionDiff",
    "EventCatalogue",
    "EventProperties",
    "FeatureRetention",
    "Funnel",
    "Invoiced",
    "Lifecycle",
    "LifecycleContracts",
    "Ltv",
    "MovementLedger",
    "Movements",
    "Paths",
    "Question",
    "Reconcile",
    "Renewals",
    "Restatements",
    "Retention",
    "RevenueMetrics",
    "Stickiness",
    "Trend",
    "parse",
]


def parse(given: Mapping[str, Any]) -> Question:
    """The question of a JSON object {"question": name, field: value, ...}.

    Raises: QuestionRefused, naming the field and the allowed values.
    """
    if not isinstance(given, Mapping):
        raise QuestionRefused(
            "question.not_an_object",
            "A question is a JSON object.",
            fix='Write {"question": "movements", "from": "2024-01", "to": "2024-12"}.',
            field="question",
        )
    name = given.get("question")
    family = FAMILIES.get(name) if isinstance(name, str) else None
    if family is None:
        raise QuestionRefused(
            "question.unknown",
            f"There is no question {name!r}.",
            fix=f"Ask one of: {', '.join(FAMILIES)}.",
            field="question",
            value=name if isinstance(name, str) else None,
            allowed=list(FAMILIES),
        )
    return family.parse({key: value for key, value in given.items() if key != "question"})
