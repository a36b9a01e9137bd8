"""What arrives by the port for events, in words: the last ones with their verdict, and the refused ones by reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy

from tenure.apps.workspaces.services.lake import lake
from tenure.warehouse.arrivals import live, refused
from tenure.warehouse.arrivals.live import Arrival
from tenure.web import formatting as f

SHOWN = 50
VERDICTS: Mapping[str, tuple[Any, str]] = {
    live.WAITING: (gettext_lazy("arrived"), ""),
    live.TAKEN: (gettext_lazy("taken"), "badge--better"),
    live.REPEATED: (gettext_lazy("sent twice"), ""),
    live.REFUSED: (gettext_lazy("refused"), "badge--worse"),
}
"""Verdict -> what it is called, and the class of its mark."""

REASONS: Mapping[str, Any] = {
    "tracking.not_an_object": gettext_lazy("It is no JSON object: send an object with the fields of the call."),
    "tracking.unreadable": gettext_lazy("It is no JSON, no UTF-8, or has a number beyond every range."),
    "tracking.unknown_type": gettext_lazy(
        "Its type is none of the calls: track, identify, group, page, screen, alias."
    ),
    "tracking.event_too_large": gettext_lazy("It has more than 32 kB: send less in properties or context."),
    "tracking.too_deep": gettext_lazy("It is nested too deeply: 32 levels are allowed."),
    "tracking.no_event_name": gettext_lazy("It has no name: set event to a text that is not empty."),
    "tracking.bad_event_name": gettext_lazy("Its name is no text, blank, or longer than 200 characters."),
    "tracking.no_identity": gettext_lazy("Nobody did it: set userId or anonymousId."),
    "tracking.no_group": gettext_lazy("The account is missing: set groupId."),
    "tracking.no_previous": gettext_lazy("An alias needs previousId and userId."),
    "tracking.bad_id": gettext_lazy("An id is no text or whole number, or longer than 256 characters."),
    "tracking.bad_timestamp": gettext_lazy("The timestamp is no moment since 1970 in ISO 8601."),
    "tracking.bad_properties": gettext_lazy("Properties, traits or context are no object."),
    "tracking.bad_json": gettext_lazy("The whole body is no JSON."),
    "tracking.no_batch": gettext_lazy("The body has no list of events: send them as batch."),
    "tracking.body_too_large": gettext_lazy("The body is too large: send fewer events at once."),
}
"""Code of a reason -> what is wrong and what to do, in short; docs/reference/tracking.md has it at length."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the last arrivals are shown."""

    event: str = ""
    who: str = ""
    source: str = ""

    def meets(self, one: Arrival, *, personal: bool) -> bool:
        """Whether an arrival is one of them; a person is looked for only by who may know."""
        ids = (one.user_id, one.anonymous_id, one.account_id) if personal else (one.account_id,)
        return (
            self.event.casefold() in one.event.casefold()
            and self.source.casefold() in one.source.casefold()
            and (not self.who or any(self.who.casefold() in (name or "").casefold() for name in ids))
        )


def latest(wanted: Wanted, *, personal: bool) -> list[dict[str, Any]]:
    """The last arrivals, the newest first; who a person is and what is said of them only for who may know."""
    found = live.latest(Path(settings.TENURE_HOME) / "journal")
    return [_said(one, personal) for one in found if wanted.meets(one, personal=personal)][:SHOWN]


def by_reason(*, personal: bool) -> list[dict[str, Any]]:
    """The refused events by reason and key, the most first, with the last of each."""
    return [
        {
            "reason": one.reason,
            "why": REASONS.get(one.reason, one.reason),
            "source": one.source,
            "field": one.field,
            "count": one.count,
            "count_said": f.exact(one.count),
            "latest": one.latest,
            "latest_said": f.moment(timezone.localtime(one.latest)),
            "content": one.content[: live.LONGEST] if personal else "",
        }
        for one in refused.kinds(lake())
    ]


def _said(one: Arrival, personal: bool) -> dict[str, Any]:
    label, shape = VERDICTS[one.verdict]
    at = datetime.fromtimestamp(one.received_at / 1_000_000, UTC)
    return {
        "at": f"{timezone.localtime(at):%H:%M:%S}",
        "at_exact": at.isoformat(),
        "event": one.event,
        "source": one.source,
        "verdict": label,
        "shape": shape,
        "who": (one.user_id or one.anonymous_id or f.NOTHING) if personal else "",
        "account": one.account_id or f.NOTHING,
        "content": one.content if personal else "",
        "why": REASONS.get(one.reason, one.reason),
        "field": one.field,
    }
