"""What the owner of a simulated firm's product writes into the event catalogue: to which feature an event belongs."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext, gettext_noop

from tenure.apps.behaviour import selectors, services
from tenure.apps.workspaces.services.writing import Actor

FEATURES: Mapping[str, tuple[str, ...]] = {
    gettext_noop("Tasks"): ("task_created", "task_completed", "comment_added", "mention_sent"),
    gettext_noop("Approvals"): ("approval_submitted", "approval_completed"),
    gettext_noop("Dashboards and reports"): (
        "dashboard_viewed", "report_viewed", "report_exported", "year_report_opened",
    ),
    gettext_noop("Calendar and meetings"): ("calendar_viewed", "reminder_set", "meeting_booked", "minutes_shared"),
    gettext_noop("Forms"): ("form_created", "form_submitted", "template_used"),
    gettext_noop("Workflows"): ("workflow_run", "workflow_edited"),
    gettext_noop("Files"): ("file_uploaded",),
    gettext_noop("Search"): ("search_used",),
    gettext_noop("Mobile app"): ("mobile_opened",),
    gettext_noop("Integrations and API"): ("integration_connected", "api_called"),
    gettext_noop("Data in bulk"): ("bulk_edited", "data_imported", "data_exported"),
    gettext_noop("Members and permissions"): ("member_invited", "permission_changed"),
}  # fmt: skip
"""Feature -> the events that are uses of it; `login`, help, support, billing and themes are of none."""


def describe_events(*, by: Actor) -> None:
    """Give the events to their features, where nobody has written anything of them yet."""
    written = set(selectors.entries().values_list("event", flat=True))
    for feature, events in FEATURES.items():
        for event in events:
            if event not in written:
                services.describe(event, {"feature": gettext(feature)}, by=by)
