"""What in the data looks wrong, as a plain list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.web import formatting as f
from tenure.web.subscriptions.board import Ask

SHOWN = 500
KINDS: Mapping[str, Any] = {
    "duplicate": gettext_lazy("The same row twice"),
    "overlap": gettext_lazy("Versions of one line overlap"),
    "end_before_start": gettext_lazy("Ends before it starts"),
    "unknown_interval": gettext_lazy("Unknown billing interval"),
    "missing_rate": gettext_lazy("No exchange rate"),
    "negative_account": gettext_lazy("MRR of an account below zero"),
    "missing_amount": gettext_lazy("No amount"),
    "negative_quantity": gettext_lazy("Negative quantity"),
    "too_large": gettext_lazy("An amount beyond all bounds"),
    "bad_date": gettext_lazy("A date that is none"),
}
DONE: Mapping[str, Any] = {
    "counted_once": gettext_lazy("Counted once"),
    "later_start_counts": gettext_lazy("The later start counts"),
    "counted_0": gettext_lazy("Counted as zero"),
    "left_out": gettext_lazy("Left out"),
    "rate_carried": gettext_lazy("The last known rate is carried on"),
    "read_as_empty": gettext_lazy("The cell was read as empty"),
}


def listed(ask: Ask) -> dict[str, Any]:
    """The anomalies, in the words of this page."""
    rows = ask({"question": "anomalies"}).to_dicts()
    count = len(rows)
    return {
        "title": ngettext("%(count)s anomaly in the data", "%(count)s anomalies in the data", count)
        % {"count": f.exact(count)},
        "rows": [
            {
                "kind": KINDS.get(row["kind"], row["kind"]),
                "done": DONE.get(row["done"], row["done"]),
                "account": row["account_id"] or f.NOTHING,
                "table": row["table"],
                "row": row["row"],
            }
            for row in rows[:SHOWN]
        ],
        "more": _("and %(count)s more") % {"count": f.exact(count - SHOWN)} if count > SHOWN else "",
    }
