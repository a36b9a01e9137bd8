"""How acquisition is put into words: channels, models, what to know about a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.warehouse.lines import NONE
from tenure.web import formatting as f

ACQUIRED = "acquired_rows"
"""The route of the rows behind a figure."""
FIELDS: Mapping[str, Any] = {
    "channel": gettext_lazy("Channel"),
    "campaign": gettext_lazy("Campaign"),
    "keyword": gettext_lazy("Keyword"),
}
MODELS: Mapping[str, tuple[Any, Any]] = {
    "first": (gettext_lazy("First touch"), gettext_lazy("The first touch has all of it.")),
    "last": (gettext_lazy("Last touch"), gettext_lazy("The last touch has all of it.")),
    "last_non_direct": (gettext_lazy("Last, not direct"), gettext_lazy("The last touch that is not a direct visit.")),
    "linear": (gettext_lazy("Linear"), gettext_lazy("Each touch has the same.")),
    "linear_unique": (gettext_lazy("Linear by channel"), gettext_lazy("Each different channel has the same.")),
    "position": (gettext_lazy("Position"), gettext_lazy("40 % the first, 40 % the last, 20 % those between.")),
    "w_shaped": (
        gettext_lazy("W-shaped"),
        gettext_lazy(
            "30 % each the first touch, the one before the lead and the one before the deal; 10 % the others."
        ),
    ),
    "time_decay": (gettext_lazy("Time decay"), gettext_lazy("The older a touch, the less.")),
    "markov": (gettext_lazy("Markov"), gettext_lazy("What would be lost without the channel.")),
    "shapley_rate": (
        gettext_lazy("Shapley, of rates"),
        gettext_lazy("A diagnostic, not money: what the channel adds to the rate of conversion; it may be below zero."),
    ),
}
"""Each model: its name, and who has the credit."""


def named(channel: str) -> str:
    """A channel, campaign or keyword as it is shown."""
    return _("(no touch known)") if channel == NONE else channel


def notes(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """What to know about the figures of an answer."""
    out = []
    for note in found:
        count = note.get("count", 0)
        places = {"count": f.exact(count)}
        if note["code"] == "few_conversions":
            said = ngettext(
                "Of %(count)s conversion, Markov and Shapley are noise: wait until there are 30.",
                "Of %(count)s conversions, Markov and Shapley are noise: wait until there are 30.",
                count,
            )
            out.append(said % places)
        elif note["code"] == "spend_without_rate":
            said = ngettext(
                "%(count)s row of spend is in a currency without an exchange rate, and counts nothing.",
                "%(count)s rows of spend are in a currency without an exchange rate, and count nothing.",
                count,
            )
            out.append(said % places)
        elif note["code"] == "touches_of_nobody":
            said = ngettext(
                "%(count)s touch names neither an account nor a known contact, and is left out.",
                "%(count)s touches name neither an account nor a known contact, and are left out.",
                count,
            )
            out.append(said % places)
        elif note["code"] == "deals_without_rate":
            said = ngettext(
                "%(count)s deal is in a currency without an exchange rate, and counts without money.",
                "%(count)s deals are in a currency without an exchange rate, and count without money.",
                count,
            )
            out.append(said % places)
    return out
