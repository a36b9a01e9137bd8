"""Saved views: kept under a name, shown as tabs and pinned, for oneself, one's team or everybody."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tenure.apps.workspaces.models import AuditEntry, SavedView, Team
from tenure.apps.workspaces.services import views

PAGE = "/customers/accounts/"


@pytest.fixture
def cast(member: Any) -> dict[str, Any]:
    """A colleague and a member of the same team, one of another team, and an administrator."""
    east, west = (Team.objects.create(name=name) for name in ("East", "West"))
    return {
        "ann": member("sales", team=east),
        "bob": member("success", team=east),
        "cyd": member("analyst", team=west),
        "ada": member("admin"),
    }


def browser(who: Any) -> Client:
    client = Client()
    client.force_login(who)
    return client


def tabs(client: Client, query: str = "", page: str = PAGE) -> list[str]:
    content = client.get(f"{page}?{query}").content.decode()
    strip = re.search(r'<nav class="tabs"(.*?)</nav>', content, re.DOTALL)
    return re.findall(r'class="tab"[^>]*>([^<]*)<', strip[1] if strip else "")


def save(client: Client, **fields: str) -> Any:
    usual = {"name": "Mine", "page": "accounts", "query": "f=state~eq~paying&sort=name&after=xyz&view=9"}
    return client.post("/views/new/", {**usual, **fields})


def test_what_a_page_shows_is_kept_under_a_name(sample: Any, cast: dict[str, Any]) -> None:
    ann = browser(cast["ann"])
    response = save(ann)
    view = SavedView.objects.get()
    assert view.query == "f=state~eq~paying&sort=name"
    assert response["Location"] == f"{PAGE}?f=state~eq~paying&sort=name&view={view.pk}"
    page = ann.get(response["Location"]).content.decode()
    assert re.search(r'class="tab"[^>]* aria-current="true">Mine<', page)
    assert page.count('aria-current="true">') - page.count("choices__item") <= 2
    assert AuditEntry.objects.get(kind="views").verb == "added"


@pytest.mark.parametrize(
    ("shared", "seen_by"),
    [
        pytest.param("private", {"ann"}, id="only me"),
        pytest.param("team", {"ann", "bob"}, id="my team"),
        pytest.param("all", {"ann", "bob", "cyd", "ada"}, id="everybody"),
    ],
)
def test_who_sees_it(sample: Any, cast: dict[str, Any], shared: str, seen_by: set[str]) -> None:
    save(browser(cast["ann"]), name="Ours", shared=shared, pinned="yes")
    view = SavedView.objects.get()
    for name, who in cast.items():
        client = browser(who)
        sees = name in seen_by
        assert ("Ours" in tabs(client)) is sees, name
        assert ("nav__pinned" in client.get("/retain/movements/").content.decode()) is sees
        assert ("Ours" in client.get("/views/").content.decode()) is sees
        assert client.get(f"/views/{view.pk}/").status_code == (200 if sees else 404)
        if not sees:
            assert client.post(f"/views/{view.pk}/", {"name": "Theirs"}).status_code == 404
            assert client.post(f"/views/{view.pk}/remove/").status_code == 404


def test_only_its_owner_and_administrators_change_it(sample: Any, cast: dict[str, Any]) -> None:
    save(browser(cast["ann"]), name="Ours", shared="all")
    view = SavedView.objects.get()
    assert browser(cast["bob"]).post(f"/views/{view.pk}/", {"name": "Bob's"}).status_code == 403
    assert browser(cast["bob"]).post(f"/views/{view.pk}/remove/").status_code == 403
    for who, name in (("ann", "Hers"), ("ada", "House")):
        browser(cast[who]).post(f"/views/{view.pk}/", {"name": name, "shared": "all", "pinned": "yes"})
        assert SavedView.objects.get().name == name
    browser(cast["ann"]).post(f"/views/{view.pk}/remove/")
    assert not SavedView.objects.exists()
    assert [e.verb for e in AuditEntry.objects.filter(kind="views").order_by("pk")] == [
        "added", "edited", "edited", "removed",
    ]  # fmt: skip


def test_a_changed_view_can_be_updated(sample: Any, cast: dict[str, Any]) -> None:
    ann = browser(cast["ann"])
    place = save(ann)["Location"]
    offer = r"data-view-changed( hidden)?>(?:(?!</form>).)*Update “Mine”"
    unchanged = re.search(offer, ann.get(place).content.decode())
    assert unchanged is not None
    assert unchanged[1] == " hidden"
    changed = re.search(offer, ann.get(place + "&f=mrr~gt~10").content.decode())
    assert changed is not None
    assert changed[1] is None
    ann.post(f"/views/{SavedView.objects.get().pk}/", {"query": "f=mrr~gt~10"})
    assert SavedView.objects.get().query == "f=mrr~gt~10"
    assert SavedView.objects.get().name == "Mine"


def test_views_of_pages_of_revenue(sample: Any, cast: dict[str, Any]) -> None:
    ann = browser(cast["ann"])
    place = save(ann, page="movements", query="grain=quarter&compare=year", name="By quarter")["Location"]
    assert place.startswith("/retain/movements/?grain=quarter&compare=year&view=")
    assert tabs(ann, page="/retain/movements/") == ["By quarter"]
    assert "By quarter" not in tabs(ann)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": " "}, {"name": "x" * 101}, {"page": "members"}, {"shared": "world"}, {"query": "q=" + "x" * 5000},
        {"name": "a\x00"},
    ],
)  # fmt: skip
def test_what_cannot_be_saved_is_refused(sample: Any, cast: dict[str, Any], fields: dict[str, str]) -> None:
    assert save(browser(cast["ann"]), **fields).status_code == 422
    assert not SavedView.objects.exists()


def test_a_name_is_taken_once_by_one_member(sample: Any, cast: dict[str, Any]) -> None:
    save(browser(cast["ann"]))
    assert save(browser(cast["ann"])).status_code == 422
    assert save(browser(cast["bob"])).status_code == 302
    views.save("House", "accounts", "", by="a command")
    with pytest.raises(Exception, match="already"):
        views.save("House", "accounts", "", by="another command")


def test_by_program(sample: Any, client: Client, key: Any, cast: dict[str, Any]) -> None:
    save(browser(cast["ann"]), name="Private")
    headers = key("operator")
    body = {"name": "House", "page": "accounts", "query": "f=state~eq~left", "pinned": True}
    made = client.post("/api/views", body, content_type="application/json", headers=headers)
    assert made.status_code == 201
    place = f"/api/views/{made.json()['id']}"
    changed = client.patch(place, {"query": "sort=name"}, content_type="application/json", headers=headers)
    assert changed.status_code == 403  # a key has no views of its own: who keeps the house does
    keeper = key("admin")
    changed = client.patch(place, {"query": "sort=name"}, content_type="application/json", headers=keeper)
    assert changed.json()["query"] == "sort=name"
    listed = client.get("/api/views", headers=headers).json()["views"]
    assert [(view["name"], view["shared"], view["owner"]) for view in listed] == [("House", "all", None)]
    assert "House" in tabs(browser(cast["bob"]))
    assert client.delete(place, headers=keeper).status_code == 204
    assert client.delete(place, headers=keeper).status_code == 404
