"""Tables of acquisition."""

from __future__ import annotations

from tenure.apps.acquisition.models.collecting import Collection, CollectorSetting, OptOut, RunState, Site, Visit
from tenure.apps.acquisition.models.leads import (
    DayKind,
    LeadForm,
    LeadPolicy,
    LeadSignal,
    LeadVersion,
    OwnDay,
    Submission,
)
from tenure.apps.acquisition.models.prospects import (
    Call,
    CallList,
    CollectedAddress,
    Outcome,
    ProfileVersion,
    Prospect,
    ProspectFact,
    ProspectState,
)
from tenure.apps.acquisition.models.reach import SpendVersion, TouchVersion

__all__ = [
    "Call",
    "CallList",
    "CollectedAddress",
    "Collection",
    "CollectorSetting",
    "DayKind",
    "LeadForm",
    "LeadPolicy",
    "LeadSignal",
    "LeadVersion",
    "OptOut",
    "Outcome",
    "OwnDay",
    "ProfileVersion",
    "Prospect",
    "ProspectFact",
    "ProspectState",
    "RunState",
    "Site",
    "SpendVersion",
    "Submission",
    "TouchVersion",
    "Visit",
]
