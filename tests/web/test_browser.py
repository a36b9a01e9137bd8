"""What a person sees and does, in Debian's chromium: sign in, look, open a proof. The console stays silent."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tenure.apps.workspaces.services.members import make_login_link

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None or DRIVER is None,
        reason="chromium and chromedriver are not installed (Debian: chromium chromium-driver fonts-noto-cjk)",
    ),
]
PICTURES = os.environ.get("TENURE_TEST_PICTURES")
"""A folder in which to keep pictures of the pages, to look at."""


@pytest.fixture(scope="module")
def chromium():
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in ("headless=new", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "hide-scrollbars"):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


class Reader:
    """One person in front of the page."""

    def __init__(self, driver: Any, address: str) -> None:
        self.driver, self.address = driver, address

    def open(self, path: str) -> None:
        self.driver.get(self.address + path)

    def find(self, selector: str) -> Any:
        from selenium.webdriver.common.by import By

        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def see(self, selector: str) -> Any:
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support import expected_conditions
        from selenium.webdriver.support.wait import WebDriverWait

        there = expected_conditions.visibility_of_element_located((By.CSS_SELECTOR, selector))
        return WebDriverWait(self.driver, 60).until(there)

    def run(self, script: str) -> Any:
        return self.driver.execute_script(f"return {script}")

    def size(self, width: int, height: int = 1000) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def press(self, key: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(key).perform()

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def reader(chromium, sample_folder, settings, live_server, transactional_db):
    from tenure.apps.workspaces.models import Member

    settings.TENURE_HOME = sample_folder
    settings.ALLOWED_HOSTS = ["*"]
    Member.objects.create(email="vera@example.com", display_name="Vera", role="viewer")
    chromium.delete_all_cookies()
    chromium.get_log("browser")
    reader = Reader(chromium, live_server.url)
    reader.size(1440)
    yield reader
    assert reader.complaints() == []


@pytest.fixture
def signed(reader):
    reader.open(f"/login/{make_login_link('vera@example.com', by='the test')}/")
    reader.find(".button--primary").click()
    reader.see(".tiles")
    return reader


def test_sign_in_by_link_and_see_the_charts(signed):
    assert signed.run("location.pathname") == "/retain/movements/"
    assert [signed.see(f"[data-drawn={kind}]") is not None for kind in ("waterfall", "moves")] == [True, True]
    for chart in ("waterfall", "moves"):
        assert signed.find(f"[data-drawn={chart}]").get_attribute("role") == "img"
        assert "MRR" in signed.find(f"[data-drawn={chart}]").get_attribute("aria-label")


def test_switch_the_language(signed):
    signed.find('[name=language][value="zh-hans"]').click()
    signed.see('html[lang="zh-hans"] .tiles')
    assert signed.find("h1").text == "收入变动"
    signed.find("[name=language][value=en]").click()
    signed.see('html[lang="en"] .tiles')
    assert signed.find("h1").text == "Movements"


def test_switch_the_theme(signed):
    light = signed.run("getComputedStyle(document.body).backgroundColor")
    signed.find("[name=theme][value=dark]").click()
    signed.see('html[data-theme="dark"] .tiles')
    assert signed.run("getComputedStyle(document.body).backgroundColor") != light
    signed.find("[name=theme][value=system]").click()
    signed.see("html:not([data-theme]) .tiles")


def test_open_the_proof_of_a_figure_and_close_it(signed):
    signed.open("/retain/movements/?to=2024-04")
    signed.see(".tile__value").click()
    assert signed.see("#drawer .proof__figure").text == "$460.55"
    assert signed.run("document.activeElement.id") == "drawer-title"
    signed.find("#drawer tbody tr:nth-child(2) a").click()
    signed.see("#drawer tbody tr:nth-child(2).is-selected")
    signed.press("\ue00c")  # Escape
    assert signed.run("document.getElementById('drawer').hidden")
    assert "tile__value" in signed.run("document.activeElement.className")


def test_a_bar_is_a_door_too(signed):
    from selenium.webdriver.common.action_chains import ActionChains

    signed.open("/retain/movements/?to=2024-04")
    chart = signed.see("[data-drawn=waterfall]")
    width, height = chart.size["width"], chart.size["height"]
    first = ActionChains(signed.driver).move_to_element_with_offset(
        chart, int(-width / 2 + width / 10), height // 2 - 60
    )
    first.click().perform()
    assert signed.see("#drawer .proof__figure").text == "$410.55"


def test_charts_are_also_tables(signed):
    signed.find("[data-swap=table]").click()
    assert signed.see(".card [data-view=table] table").is_displayed()
    assert not signed.find(".card [data-view=chart]").is_displayed()


def test_a_refusal_in_the_drawer_is_read_there(signed):
    signed.run("htmx.ajax('GET', '/retain/movements/rows/?kind=tea', '#drawer')")
    assert "page.choice" in signed.see("#drawer .state__id").text
    signed.driver.get_log("browser")  # the browser notes the status 422: it is the answer that was asked for


@pytest.mark.parametrize("width", [360, 390])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_a_phone(signed, width, language):
    signed.driver.add_cookie({"name": "django_language", "value": language})
    signed.size(width)
    signed.open("/retain/movements/?to=2024-04")
    signed.see("[data-drawn=moves]")
    assert signed.run("document.documentElement.scrollWidth") <= width
    assert not signed.find(".nav").is_displayed()
    signed.find("[data-nav-toggle]").click()
    assert signed.find(".nav").is_displayed()
    signed.press("\ue00c")
    assert not signed.find(".nav").is_displayed()
    signed.find(".tile__value").click()
    signed.see("#drawer .proof__figure")
    assert signed.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(signed, tmp_path, width, language, theme):
    for name, value in (("django_language", language), ("tenure_theme", theme)):
        signed.driver.add_cookie({"name": name, "value": value})
    signed.size(width)
    signed.open("/retain/movements/?to=2024-04")
    signed.see("[data-drawn=moves]")
    signed.size(width, signed.run("document.documentElement.scrollHeight"))
    ground = signed.run("getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()")
    assert ground == {"light": "#ffffff", "dark": "#141519"}[theme]
    assert signed.driver.save_screenshot(str(Path(PICTURES or tmp_path) / f"movements-{width}-{language}-{theme}.png"))


@pytest.mark.parametrize("width", [1440, 360])
def test_renewals(signed, width):
    signed.size(width)
    signed.open("/retain/renewals/?from=2024-01&to=2024-04")
    assert "50.0%" in signed.see("#renewals-title").text
    signed.find(".choices__item:not([aria-current])").click()
    assert "days=30" in signed.run("location.search")
    signed.see("#rates-title")
    signed.find("tr.is-selected .figure").click()
    assert "50.0%" in signed.see("#drawer .proof__figure").text
    signed.press("\ue00c")
    assert signed.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 360])
def test_cohorts(signed, width):
    signed.size(width)
    signed.open("/retain/cohorts/?from=2024-01&to=2024-04")
    assert "still there" in signed.see("#cohorts-title").text
    cell = signed.find(".heat tbody tr:nth-child(2) td:nth-of-type(4) a")
    assert "2 of 3" in cell.get_attribute("aria-label")
    signed.run("document.querySelector('.heat tbody tr:nth-child(2) td:nth-of-type(4) a').focus()")
    signed.press("\ue007")  # Enter: a cell is a door for the keyboard too
    assert signed.see("#drawer .proof__figure").text == "66.7%"
    signed.press("\ue00c")
    assert "2 of 3" in signed.run("document.activeElement.getAttribute('aria-label')")
    assert signed.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1440, 360])
def test_metrics(signed, width):
    signed.size(width)
    signed.open("/retain/metrics/?from=2024-01&to=2024-04")
    assert "Apr 2024" in signed.see("#metrics-title").text
    assert signed.find(".multiple__line").is_displayed()
    signed.find("[data-swap=table]").click()
    assert signed.see(".card [data-view=table] table").is_displayed()
    signed.find(".card tr.is-selected .figure").click()
    assert signed.see("#drawer .proof__figure").text == "$460.55"
    signed.press("\ue00c")
    assert signed.run("document.documentElement.scrollWidth") <= width
