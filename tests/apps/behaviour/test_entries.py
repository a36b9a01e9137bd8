"""Entries of the event catalogue: versions with an audit entry, mirrored in the lake; what is refused."""

from __future__ import annotations

import pytest

from tenure.apps.behaviour import selectors, services
from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db


def test_an_entry_is_written_changed_and_emptied(home):
    services.describe("report", {"feature": "Reports", "owner": "ann"}, by="Ada")
    services.describe("report", {"description": "A report was opened.", "hidden": True}, by="Ben")
    services.describe("export", {"feature": "Reports"}, by="Ada")
    entry = selectors.entry("report")
    assert (entry.feature, entry.owner, entry.description, entry.hidden) == (
        "Reports",
        "ann",
        "A report was opened.",
        True,
    )
    assert selectors.features() == ["Reports"]
    services.describe("report", {"feature": " ", "hidden": False}, by="Ada")
    assert selectors.entry("report").feature is None
    assert [one.event for one in selectors.entries()] == ["export", "report"]
    verbs = AuditEntry.objects.filter(kind="event_entries", key="report").values_list("verb", flat=True)
    assert list(verbs) == ["described"] * 3


def test_it_is_mirrored(home):
    services.describe("a/b 100%", {"feature": "Slashes"}, by="Ada")
    services.describe("a/b 100%", {"feature": "Marks"}, by="Ada")
    lake.flush()
    assert sorted(lake.lake().read("event_entries")["feature"].to_pylist()) == ["Marks", "Slashes"]


@pytest.mark.parametrize(
    ("event", "changes", "field"),
    [
        pytest.param("", {}, "event", id="no name"),
        pytest.param("$identify", {}, "event", id="what programs say of a user"),
        pytest.param("e" * 201, {}, "event", id="longer than an event may be called"),
        pytest.param("a", {"feature": "f" * 81}, "feature", id="a feature of many words"),
        pytest.param("a", {"hidden": "perhaps"}, "hidden", id="neither yes nor no"),
        pytest.param("a", {"colour": "red"}, "colour", id="a column that is not there"),
    ],
)
def test_what_is_refused(home, event, changes, field):
    with pytest.raises(TenureError) as refused:
        services.describe(event, changes, by="Ada")
    assert refused.value.where["field"] == field
    assert not selectors.entries().exists()
