"""Compiled code before it is needed: the kernels of behaviour, which take half a minute to make.

What was compiled once lies on the disk of the machine, and is loaded in a second by the next process.
"""

from __future__ import annotations

from tenure.warehouse.workspace import Workspace

_EVENTS = [{"event": name, "ts": "2024-01-01T00:00:00Z", "user_id": "u", "account_id": "a"} for name in ("a", "b")]
_LINE = {"account_id": "a", "subscription_id": "s", "amount": "1", "start": "2024-01-01"}
_STEPS = [{"event": "a"}, {"event": "b"}]
_WEEKS = {"period": "week", "first_interval": "2024-01-01", "intervals": 2}
QUESTIONS = (
    {"question": "funnel", "steps": _STEPS},
    {"question": "retention", **_WEEKS},
    {"question": "feature_retention", **_WEEKS},
    {"question": "lifecycle", **_WEEKS},
    {"question": "stickiness", **_WEEKS},
    {"question": "paths"},
)
"""One for each kernel."""


def kernels() -> None:
    """Ask one question of each kind of a workspace that is thrown away."""
    workspace = Workspace.open(None, threads=1, memory_limit="256MB")
    workspace.load("events", _EVENTS)
    for question in QUESTIONS:
        workspace.ask(question)


def ledger() -> None:
    """The same for what moves MRR."""
    workspace = Workspace.open(None, threads=1, memory_limit="256MB")
    workspace.load("subscriptions", [_LINE])
    workspace.ask({"question": "movements", "from": "2024-01", "to": "2024-02"})
