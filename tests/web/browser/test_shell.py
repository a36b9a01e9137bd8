"""What surrounds every page: folding the navigation, the person's menu, the way by keyboard to the content."""

from __future__ import annotations

from playwright.sync_api import expect

MOVEMENTS = "/retain/movements/?to=2024-04"


def test_fold_the_navigation(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.click(".nav__fold button")
    page.mouse.move(800, 600)
    expect(page.locator(".nav__item .nav__name").first).to_be_hidden()
    page.reload()
    expect(page.locator(".nav__item .nav__name").first).to_be_hidden()
    assert page.locator(".nav").bounding_box()["width"] < 60
    page.hover(".nav__home")
    expect(page.locator(".nav__item .nav__name").first).to_be_visible()
    page.click(".nav__fold button")
    page.mouse.move(800, 600)
    expect(page.locator(".nav__item .nav__name").first).to_be_visible()
    expect(page.locator(".nav__fold button")).to_have_attribute("aria-expanded", "true")


def test_the_menu_of_the_person_closes_with_escape(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.click(".person summary")
    expect(page.locator(".person__menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".person__menu")).to_be_hidden()
    expect(page.locator(".person summary")).to_be_focused()


def test_the_first_tab_leads_to_the_content(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


def test_a_click_shows_at_once_that_something_goes_on(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.evaluate(
        """() => {
            const link = document.querySelector(".nav__sub a[href='/retain/metrics/']");
            link.addEventListener("click", () => sessionStorage.setItem("clicked", performance.now()));
            new MutationObserver(() => sessionStorage.setItem("shown", performance.now()))
                .observe(document.getElementById("working"), { attributes: true });
        }"""
    )
    page.click(".nav__sub a[href='/retain/metrics/']")
    expect(page.locator("h1")).to_have_text("Metrics")
    assert page.evaluate("sessionStorage.getItem('shown') - sessionStorage.getItem('clicked')") < 100
    assert page.evaluate("Boolean(sessionStorage.getItem('shown'))")
    expect(page.locator("#working")).to_be_hidden()


def test_a_fragment_that_does_not_come_says_so_and_can_be_asked_for_again(open_as):
    page = open_as("viewer", MOVEMENTS, lost="**/rows/**")
    page.locator(".tile__value").first.click()
    expect(page.locator("#drawer [role=alert]")).to_contain_text("This did not come through")
    page.unroute("**/rows/**")
    page.click("#drawer [data-again]")
    expect(page.locator("#drawer .proof__figure")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".tile__value").first).to_be_focused()
    page.watched.forgive("ERR_FAILED")
    page.watched.forgive("sendError")
    page.watched.forgive("htmx:afterRequest")


def test_nothing_moves_for_who_asked_for_that(open_as):
    page = open_as("viewer", MOVEMENTS)
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter((element) => {
            const style = getComputedStyle(element);
            return style.animationName !== "none" && style.visibility !== "hidden" && style.display !== "none";
        }).map((element) => element.className)"""
    )
    assert moving == []


def test_paper_shows_the_page_without_its_tools(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.emulate_media(media="print")
    for tool in (".nav", ".toolbar", "#drawer"):
        expect(page.locator(tool).first).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_what_the_server_did_not_get_is_taken_back_and_said(open_as):
    page = open_as("viewer", MOVEMENTS, lost="**/navigation/")
    page.click(".nav__fold button")
    expect(page.locator("[data-toast]")).to_contain_text("Not kept")
    expect(page.locator("#said")).to_contain_text("Not kept")
    expect(page.locator(".nav__fold button")).to_have_attribute("aria-expanded", "true")
    page.mouse.move(800, 600)
    expect(page.locator(".nav__item .nav__name").first).to_be_visible()
    page.watched.forgive("ERR_FAILED")
    page.watched.forgive("sendError")
    page.watched.forgive("htmx:afterRequest")
