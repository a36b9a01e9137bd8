"""What in the data looks wrong, as a plain list."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.web import formatting as f
from tenure.web.subscriptions.board import Ask

SHOWN = 500
KINDS = {
    "duplicate": gettext_lazy("The same row twice"),
    "overlap": gettext_lazy("Versions of one line overlap"),
    "end_before_start": gettext_lazy("Ends before it starts"),
    "unknown_interval": gettext_lazy("Unknown billing interval"),
    "missing_rate": gettext_lazy("No exchange rate"),
    "negative_account": gettext_lazy("MRR of an account below zero"),
}


def listed(ask: Ask) -> dict[str, Any]:
    """The anomalies as the answer gives them, with the words of this page for the kinds it knows."""
    found = ask({"question": "anomalies"})
    rows = found.to_dicts()
    heads = [name for name in (rows[0] if rows else {}) if name != "complete"]
    return {
        "title": ngettext("%(count)s anomaly in the data", "%(count)s anomalies in the data", len(rows))
        % {"count": f.exact(len(rows))},
        "heads": heads,
        "rows": [[_written(name, row[name]) for name in heads] for row in rows[:SHOWN]],
        "more": _("and %(count)s more") % {"count": f.exact(len(rows) - SHOWN)} if len(rows) > SHOWN else "",
    }


def _written(name: str, value: Any) -> Any:
    if value is None:
        return f.NOTHING
    return KINDS.get(value, value) if name == "kind" else value
