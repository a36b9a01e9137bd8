"""Settings in the browser: a team, what its member sees, a key that is shown once, and the trail of it all."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tenure.apps.workspaces.models import Member


@pytest.mark.parametrize(("language", "theme", "width"), [("zh-hans", "light", 1440), ("en", "dark", 390)])
def test_a_team_is_made_and_its_member_sees_no_other_accounts(open_as, picture, language, theme, width):
    colleague = open_as("sales", "/retain/movements/", language="en", width=width)
    expect(colleague.locator(".limit")).to_have_count(0)
    sales = Member.objects.get(role="sales")

    page = open_as("owner", "/settings/teams/", language=language, theme=theme, width=width)
    page.fill("[name=name]", "华东 North")
    page.click(".form .button--primary")
    page.wait_for_selector("#team-title")
    picture(page, f"team-{width}-{language}-{theme}")

    page.goto(f"/settings/members/{sales.pk}/")
    page.select_option("[name=scope]", "team")
    page.select_option("[name=team]", label="华东 North")
    page.fill("[name=owns_as]", "Sally North")
    page.click("form[action$='/scope/'] .button")
    expect(page.locator(".strip")).to_contain_text("华东 North")
    picture(page, f"member-scope-{width}-{language}-{theme}")

    page.goto("/settings/keys/")
    page.fill("[name=name]", "warehouse")
    page.click(".form .button--primary")
    text = page.inner_text(".copy code")
    assert text.startswith("tnr_")
    picture(page, f"key-{width}-{language}-{theme}")
    page.goto("/settings/keys/")
    expect(page.locator("table")).to_contain_text(text[:12])
    expect(page.locator("table")).not_to_contain_text(text)

    page.goto("/settings/audit/?f=verb~eq~changed%20scope")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("sales@example.com")
    picture(page, f"audit-{width}-{language}-{theme}")

    colleague.goto("/customers/accounts/")
    expect(colleague.locator(".limit")).to_have_text("My team's accounts only")


def test_everything_is_saved_as_one_archive(open_as):
    page = open_as("owner", "/settings/export/")
    with page.expect_download() as saved:
        page.click(".button--primary")
    assert saved.value.suggested_filename == "tenure-csv.zip"
    page.goto("/settings/audit/?f=verb~eq~exported%20everything")
    expect(page.locator("tbody tr")).to_have_count(1)
