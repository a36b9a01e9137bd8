"""What is kept how long: a page that says it of everything that comes in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from tenure.apps.connectors.webhooks.sending import KEPT
from tenure.apps.workspaces.services import lake
from tenure.warehouse.arrivals import journal, live
from tenure.warehouse.lake import KEEP_HOURS
from tenure.web import formatting as f
from tenure.web.pages import page, requires


@require_GET
@requires("read_audit")
def keeping(request: HttpRequest) -> HttpResponse:
    """Each kind of what comes in: how long it is kept, how much there is, and the setting that says so."""
    return page(request, "workspaces/keeping.html", heading=_("What is kept how long"), rows=_rows())


def _rows() -> list[dict[str, Any]]:
    here, days = lake.lake(), settings.TENURE_TRACKING_DEDUPE_DAYS
    waiting = journal.backlog(Path(settings.TENURE_HOME) / "journal")
    return [
        _row(_("Events"), _months("events"), _rows_said(here.count("events")), "TENURE_KEEP_EVENTS_MONTHS"),
        _row(
            _("Refused events"),
            _months("refused_events"),
            _rows_said(here.count("refused_events")),
            "TENURE_KEEP_REFUSED_MONTHS",
        ),
        _row(_("Journal of what came in"), _("until it is in the lake, some seconds"),
             _("%(count)s bytes") % {"count": f.exact(waiting)}),
        _row(
            _("Ids of messages, by which one sent twice is known"),
            ngettext("%(count)s day", "%(count)s days", days) % {"count": f.exact(days)},
            setting="TENURE_TRACKING_DEDUPE_DAYS",
        ),
        _row(_("Live view"), _("the last %(count)s events") % {"count": f.exact(live.KEPT)}),
        _row(_("Records that people edit, with all former versions, and the audit trail"), _("for ever")),
        _row(
            _("What was sent to webhooks"),
            ngettext("%(count)s day", "%(count)s days", KEPT.days) % {"count": f.exact(KEPT.days)},
        ),
        _row(
            _("Files of the lake that are out of use"),
            ngettext("%(count)s hour", "%(count)s hours", KEEP_HOURS) % {"count": f.exact(KEEP_HOURS)},
        ),
    ]  # fmt: skip


def _row(what: str, long: str, much: str = "", setting: str = "") -> dict[str, str]:
    return {"what": what, "long": long, "much": much or f.NOTHING, "setting": setting or f.NOTHING}


def _rows_said(count: int) -> str:
    return ngettext("%(count)s row", "%(count)s rows", count) % {"count": f.exact(count)}


def _months(table: str) -> str:
    months = settings.TENURE_KEEP_MONTHS[table]
    if not months:
        return _("for ever")
    text = ngettext("the running month and %(count)s before it", "the running month and %(count)s before it", months)
    return text % {"count": f.exact(months)}
