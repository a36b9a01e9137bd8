"""The walk of docs/tutorial/first-ten-minutes.md: on the served demo, in Chinese, by somebody who never saw it.

It also makes the pictures of the documentation: `make pictures` keeps them in docs/images.
"""

from __future__ import annotations

import csv
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from reference.cases import SHARED

PLAYBOOK = SHARED / "data/mrr_playbook/subscription_periods.csv"
START_SECONDS = 240
QUALITY = 78
KEPT = os.environ.get("TENURE_TEST_PICTURES")
PAGES = {
    "cockpit": "/",
    "movements": "/retain/movements/",
    "cohorts": "/retain/cohorts/",
    "renewals": "/retain/renewals/",
    "accounts": "/customers/accounts/",
    "definitions": "/retain/definitions/",
    "imports": "/imports/",
}
"""The main pages, for their pictures."""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """`tenure demo` as a newcomer starts it: where it is, and the link that signs in once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("walk") / "demo"
    command = [sys.executable, "-m", "tenure.config.cli", "demo", "--home", str(home), "--port", str(port)]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "DJANGO_"))}
    ours["TENURE_TRACKING_PORT"] = "0"
    said = home.with_suffix(".log")
    with said.open("w") as log:
        server = subprocess.Popen([*command, "--accounts", "300"], stdout=log, stderr=log, env=ours)
        try:
            yield f"http://127.0.0.1:{port}", _link(server, said)
        finally:
            server.terminate()
            server.wait(timeout=60)


def _link(server: subprocess.Popen[bytes], said: Path) -> str:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        found = re.search(r"http://\S+/login/\S+", said.read_text(errors="replace"))
        if found:
            return found.group()
        time.sleep(0.5)
    pytest.fail(f"the demo did not start:\n{said.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="module")
def person(chromium: Any, demo: tuple[str, str]) -> Iterator[Any]:
    """Somebody who never saw it, in front of a Chinese browser."""
    address, link = demo
    context = chromium.new_context(
        base_url=address, viewport={"width": 1440, "height": 900}, locale="zh-CN", reduced_motion="reduce"
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(link)
    page.locator(".button--primary").first.click()
    page.wait_for_selector(".nav")
    yield page
    context.close()


@pytest.fixture
def keep(tmp_path: Path) -> Any:
    """Keep what is on the screen."""

    def take(page: Any, name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(KEPT or tmp_path) / f"{name}.jpg", type="jpeg", quality=QUALITY)

    return take


def test_why_did_mrr_change_last_month(person: Any, keep: Any) -> None:
    person.goto("/")
    expect(person.locator("h1")).to_have_text("驾驶舱")
    tile = person.locator(".tile", has_text="净新增 MRR")
    amount = tile.locator(".tile__value").inner_text()
    assert amount
    keep(person, "walk-1-cockpit")
    tile.locator(".tile__value").click()
    drawer = person.locator("#drawer")
    expect(drawer.locator(".proof__figure")).to_be_visible()
    keep(person, "walk-2-figure")
    with person.expect_response(re.compile("account=")):
        drawer.locator("tbody tr a").first.click()  # the account that moved it most
    person.wait_for_load_state("networkidle")
    expect(drawer.locator("tbody tr.is-selected")).to_be_visible()
    sources = drawer.locator(".table--proof").last
    expect(sources).to_contain_text(re.compile("订阅|合同"))  # the very rows, with what they came from
    sources.scroll_into_view_if_needed()
    keep(person, "walk-3-rows")
    person.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


@pytest.mark.skipif(not PLAYBOOK.is_file(), reason="the real data of the MRR playbook are not on this machine")
def test_bring_a_file_repair_it_and_take_it_back(person: Any, keep: Any, tmp_path: Path) -> None:
    table = list(csv.reader(PLAYBOOK.read_text(encoding="utf-8").splitlines()))
    amount, start = table[2][4], table[4][2]
    table[2][4], table[4][2] = "五十", "2019-02-31"
    file = tmp_path / "订阅台账.csv"
    with file.open("w", encoding="gb18030", newline="") as stream:
        csv.writer(stream).writerows(table)
    person.goto("/")
    person.locator("#nav").get_by_role("link", name="导入", exact=True).click()
    person.get_by_role("link", name="导入文件").first.click()
    person.set_input_files("#files", file)
    keep(person, "walk-4-choose")
    person.get_by_role("button", name="上传并对应列").click()
    keep(person, "walk-5-columns")
    person.get_by_role("button", name="检查文件").click()
    expect(person.locator(".causes li")).to_have_count(2)
    keep(person, "walk-6-check")
    person.get_by_role("button", name=f"导入 {len(table) - 3} 行，跳过 2 行").click()
    expect(person.get_by_role("heading", name="修好没导入的 2 行")).to_be_visible()
    keep(person, "walk-7-repair")
    person.get_by_label("第 3 行，monthly_amount").fill(amount)
    person.get_by_label("第 5 行，start_date").fill(start)
    person.get_by_role("button", name="导入改好的行").click()
    expect(person.get_by_text("修好的 2 行已导入。")).to_be_visible()
    for _repaired_first in range(2):
        person.locator("#nav").get_by_role("link", name="导入", exact=True).click()
        person.locator(".listing tbody tr", has_text="台账").filter(has_text="已应用").first.get_by_role(
            "link"
        ).first.click()
        person.get_by_role("link", name="撤销", exact=True).click()
        person.get_by_role("button", name="撤销这次导入").click()
        expect(person.get_by_text("已撤销：收回").first).to_be_visible()
    keep(person, "walk-8-undone")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pictures_of_the_main_pages(person: Any, keep: Any, demo: tuple[str, str], language: str, theme: str) -> None:
    chosen = {"django_language": language, "tenure_theme": theme}
    person.context.add_cookies([{"name": name, "value": value, "url": demo[0]} for name, value in chosen.items()])
    for name, address in PAGES.items():
        person.goto(address)
        expect(person.locator("html")).to_have_attribute("lang", language)
        expect(person.locator("html")).to_have_attribute("data-theme", theme)
        keep(person, f"{name}-{language}-{theme}")
    person.goto("/customers/accounts/")
    person.locator(".listing tbody tr a").first.click()
    person.wait_for_load_state("networkidle")
    keep(person, f"account-{language}-{theme}")
