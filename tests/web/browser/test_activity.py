"""The map of features down to a saved list, who sleeps, and the usage on an account's page; in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

import tenure

NAMES = ["acme", "birch", "cedar", "dune"]
LOOKS = [("en", "light", 1440), ("zh-hans", "dark", 390)]


@pytest.fixture(scope="module")
def used_folder(tmp_path_factory):
    """Four accounts use the report, two of them the export; dune sleeps for five weeks, and must decide."""
    folder = tmp_path_factory.mktemp("activity")
    opened = tenure.open(folder, settings={"reporting_currency": "USD", "timezone": "UTC"})
    now = datetime.now(UTC)
    opened.load("accounts", [{"account_id": n, "name": n.title(), "tier": "A", "owner": "x"} for n in NAMES])
    line = {"currency": "USD", "amount": "10", "quantity": 5, "start": "2024-01-01"}
    opened.load("subscriptions", [{**line, "account_id": n, "subscription_id": n} for n in NAMES])
    opened.load(
        "contracts",
        [{"contract_id": "c", "account_id": "dune", "currency": "USD", "total": "1200", "start": "2024-01-01",
          "end": (now + timedelta(days=30)).date().isoformat()}],
    )  # fmt: skip
    did = [
        (name, event, now - timedelta(days=7 * week, hours=1))
        for i, name in enumerate(NAMES)
        for week in range(16)
        for event in ("report", "export")[: 2 if i < 2 else 1]
        if name != "dune" or week >= 5
    ]
    opened.load(
        "events", [{"account_id": a, "user_id": f"u-{a}", "event": e, "ts": at.isoformat()} for a, e, at in did]
    )
    return folder


def test_from_the_map_of_features_to_a_saved_list(open_as, used_folder, barriers):
    page = open_as("owner", "/activate/features/?grain=week", home=used_folder)
    row = page.locator(".heat tbody tr", has_text="export")
    expect(row.locator(".badge")).to_have_text("Worth showing")
    assert barriers(page) == {}
    row.locator("td a", has_text="100%").last.click()
    drawer = page.locator("#drawer")
    expect(drawer.locator(".proof__figure")).to_have_text("2 accounts")
    expect(drawer.locator("tbody th")).to_have_text(["Acme", "Birch"])
    drawer.get_by_role("link", name="As a list").click()
    expect(page.locator("h1")).to_have_text("Used: export")
    page.locator(".save-view summary").click()
    page.fill("#view-name", "Exporters")
    page.get_by_role("button", name="Save the view").click()
    expect(page.locator(".tab[aria-current=true]")).to_have_text("Exporters")
    expect(page.locator("tbody th")).to_have_text(["Acme", "Birch"])


@pytest.mark.parametrize(("language", "theme", "width"), LOOKS)
def test_pictures_of_activity(open_as, used_folder, picture, barriers, language, theme, width):
    look = {"language": language, "theme": theme, "width": width, "home": used_folder}
    page = open_as("viewer", "/activate/retention/?by=event", **look)
    expect(page.locator(".chart[data-drawn=series]")).to_be_visible()
    for name in ("retention", "features", "lifecycle", "sleepers", "stickiness", "seats"):
        page.goto(f"/activate/{name}/?grain=week")
        expect(page.locator("main h2").last).to_be_visible()
        assert barriers(page) == {}, name
        picture(page, f"{name}-{language}-{theme}-{width}")
    page.goto("/activate/sleepers/?grain=week")
    page.locator("td", has=page.locator(".badge--urgent")).locator("a").click()
    expect(page.locator("#drawer tbody th")).to_have_text(["Dune"])
    page.goto("/customers/accounts/acme/")
    usage = page.locator(".usage")
    expect(usage.locator("tbody th", has_text="report")).to_be_visible()
    assert barriers(page) == {}
    picture(page, f"usage-{language}-{theme}-{width}")
