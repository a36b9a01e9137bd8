"""Debian's chromium, driven by Playwright: people in front of the running server, and what must never happen to them.

Every page object is watched: a line on the console, a script that failed, or a request to another host fails the test.
"""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The one without windows opens a page in less than half the time."""
HERE = Path(__file__).parent
PATIENCE = 60_000
"""Milliseconds: a machine that compiles its kernels at the first question is slow once."""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
QUIET = """async () => {
    const loaded = performance.getEntriesByType("resource").length;
    await new Promise((next) => setTimeout(next, 100));
    const asks = document.readyState !== "complete" || document.querySelector(".htmx-request");
    return !asks && performance.getEntriesByType("resource").length === loaded;
}"""
SERIOUS = ("serious", "critical")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skipif(
        CHROMIUM is None, reason="chromium is not installed (Debian: chromium-headless-shell fonts-noto-cjk)"
    )
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(missing)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser of this run; every page gets a fresh profile in it."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE / 2)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "1"  # Playwright keeps a loop running in this thread; Django only looks at that
    )
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"])
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Watched:
    """What a page complained of: lines of the console, failed scripts, requests to other hosts."""

    def __init__(self, context: Any, address: str) -> None:
        self.complaints: list[str] = []
        context.on("console", lambda line: line.type in ("error", "warning") and self.complaints.append(line.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", lambda request: self._asked(request.url, address))

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:")):
            self.complaints.append(f"asked another host: {url}")

    def forgive(self, part: str) -> None:
        """Take back a complaint that the test provoked: there must be one that holds these words."""
        assert any(part in line for line in self.complaints), self.complaints
        self.complaints[:] = [line for line in self.complaints if part not in line]


@pytest.fixture
def people(db: None) -> dict[str, Any]:
    """Who works here, by role: made when first asked for by `open_as`."""
    return {}


@pytest.fixture
def stages_of_deals(transactional_db: None) -> None:
    """What the migrations wrote, which the end of every test with a server of its own flushes."""
    from django.apps import apps

    from tenure.apps.crm.models import PipelineStage

    if not PipelineStage.objects.exists():
        importlib.import_module("tenure.apps.crm.migrations.0005_stages").seed(apps, None)


@pytest.fixture
def open_as(
    chromium: Any,
    sample_folder: Path,
    settings: Any,
    live_server: Any,
    stages_of_deals: None,
    people: dict[str, Any],
) -> Iterator[Any]:
    """Open a page for a member of a role (None: a visitor), as in `open_as("viewer", "/retain/cohorts/", width=390)`.

    Takes: width, height, language, theme, home (another workspace than the small sample), touch, script; lost: the
    addresses whose requests do not get through, until `page.unroute`. They are lost from before the page loads: a page
    that is there already may send one more while it is being told.
    """
    from tenure.apps.workspaces.models import Member

    settings.TENURE_HOME = sample_folder
    settings.ALLOWED_HOSTS = ["*"]
    opened: list[tuple[Any, Watched]] = []

    def open_page(role: str | None, path: str = "/", **wanted: Any) -> Any:
        if wanted.get("home") is not None:
            settings.TENURE_HOME = wanted["home"]
        width = wanted.get("width", 1440)
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": wanted.get("height", 1000)},
            reduced_motion="reduce",
            has_touch=wanted.get("touch", width < 600),
            accept_downloads=True,
            java_script_enabled=wanted.get("script", True),
        )
        context.set_default_timeout(PATIENCE)
        cookies = {"django_language": wanted.get("language", "en"), "tenure_theme": wanted.get("theme")}
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items() if value]
        )
        watched = Watched(context, live_server.url)
        opened.append((context, watched))
        page = context.new_page()
        page.watched = watched
        if role is not None:
            if role not in people:
                people[role] = Member.objects.filter(role=role).first() or Member.objects.create(
                    email=f"{role}@example.com", display_name=role.title(), role=role
                )
            inside = Client()
            inside.force_login(people[role])
            session = {"name": "sessionid", "value": inside.cookies["sessionid"].value, "url": live_server.url}
            context.add_cookies([session])
        if "lost" in wanted:
            page.route(wanted["lost"], lambda route: route.abort())
        page.goto(path)
        return page

    yield open_page
    for context, _watched in opened:
        context.close()
    assert [line for _context, watched in opened for line in watched.complaints] == []


@pytest.fixture
def picture(tmp_path: Path) -> Any:
    """Keep a picture of the whole page, which must not scroll sideways; TENURE_TEST_PICTURES names the folder."""
    folder = Path(os.environ.get("TENURE_TEST_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Any, name: str) -> Path:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
        file = folder / f"{name}.png"
        page.screenshot(path=file, full_page=True)
        return file

    return take


@pytest.fixture(scope="session")
def settled() -> Any:
    """Wait until a page has loaded and asks for nothing more."""

    def wait(page: Any) -> None:
        page.wait_for_function(QUIET)

    return wait


@pytest.fixture(scope="session")
def barriers() -> Any:
    """Tell what of a page shuts somebody out, and where, by axe: serious and critical ones."""
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def look(page: Any) -> dict[str, list[str]]:
        found = [one for one in axe.run(page, options=RULES).response["violations"] if one["impact"] in SERIOUS]
        return {one["id"]: [node["html"][:200] for node in one["nodes"]][:5] for one in found}

    return look
