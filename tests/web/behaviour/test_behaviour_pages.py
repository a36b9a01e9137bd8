"""The pages of behaviour: form, answer, people behind a figure, files, what is refused, who sees what."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil

import pytest

from tenure.apps.workspaces.services import views
from tenure.web.behaviour.list import SHEETS

MAY = "grain=week&from=2024-05-06&to=2024-05-13"
FUNNEL = f"/convert/funnels/?s1=signup&s2=%E6%9F%A5%E7%9C%8B%E6%8A%A5%E8%A1%A8&s3=pay&{MAY}"
PEOPLE = FUNNEL.replace("/convert/funnels/?", "/behaviour/people/?of=funnels&")
PAGES = tuple(f"/{sheet.path}" for sheet in SHEETS.values() if sheet.folder == "behaviour")


def rows(page, head):
    """The cells of the tables' rows that begin with a head."""
    found = re.findall(r"<tr[^>]*><th scope=\"row\"[^>]*>(.*?)</tr>", page, re.S)
    cells = [[_text(cell) for cell in re.split(r"</t[hd]>", row)] for row in found]
    return next(row for row in cells if row[0].startswith(head))


def _text(cell):
    return html.unescape(re.sub(r"<[^>]*>", "", cell)).strip()


def file_rows(response):
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("path", PAGES)
def test_without_events_it_says_the_next_step(signed_in, sample, path):
    page = signed_in("viewer").get(path).content.decode()
    assert "There are no events yet" in page
    assert "api-key create" in page
    assert "tenure demo" in page


def test_a_funnel(signed_in, events):
    page = signed_in("viewer").get(FUNNEL).content.decode()
    assert "1 of 4 accounts went through all steps, 25.0%" in page
    # acme and cedar looked at the report; birch paid without, which is no step two
    assert rows(page, "1. signup")[2:4] == ["4", "100.0%"]
    assert rows(page, "2. 查看报表")[2:6] == ["2", "50.0%", "50.0%", "2"]
    assert rows(page, "3. pay")[2:6] == ["1", "25.0%", "50.0%", "1"]


def test_an_optional_step_lets_the_others_go_on(signed_in, events):
    page = signed_in("viewer").get(FUNNEL + "&s2.optional=yes").content.decode()
    assert rows(page, "3. pay")[2:6] == ["2", "50.0%", "50.0%", "2"]


def test_how_long_the_way_takes(signed_in, events):
    page = signed_in("viewer").get(FUNNEL + "&s2.optional=yes").content.decode()
    # acme one day, birch two: each begins its bracket
    assert "Half went the whole way in less than 1 d 12 h" in page
    assert rows(page, "1 d to 2 d")[2:4] == ["1", "50.0%"]
    assert rows(page, "2 d to 3 d")[2:4] == ["1", "50.0%"]


def test_the_program_gets_the_same(signed_in, events):
    browser = signed_in("viewer")
    page = browser.get(FUNNEL).content.decode()
    asked = json.loads(html.unescape(re.search(r"POST /api/ask\n(.*?)</code>", page, re.S)[1]))
    answer = browser.post("/api/ask", json.dumps(asked), content_type="application/json").json()
    assert [row["units"] for row in answer["rows"]] == [4, 2, 1]


@pytest.mark.parametrize(
    ("cell", "accounts"),
    [
        pytest.param("cell.step=1", ["acme", "birch", "cedar", "dune"], id="entered, the largest MRR first"),
        pytest.param("cell.step=3", ["acme"], id="went through"),
        pytest.param("cell.step=2&cell.outcome=dropped", ["birch", "dune"], id="stopped before step two"),
        pytest.param("cell.step=3&cell.outcome=dropped", ["cedar"], id="stopped before step three"),
    ],
)
def test_who_is_behind_a_bar(signed_in, events, cell, accounts):
    found = file_rows(signed_in("viewer").get(PEOPLE.replace("/people/", "/people/people.csv") + f"&{cell}"))
    assert [row["Account id"] for row in found] == accounts
    assert found[0]["Account"] == accounts[0].title()


def test_the_list_says_what_they_pay(signed_in, events):
    page = signed_in("viewer").get(f"{PEOPLE}&cell.step=1").content.decode()
    assert "4 accounts" in page
    assert re.search(r"Their MRR together: \$ 400", page)
    assert rows(page, "Acme")[1:4] == ["S", "owner@example.com", "300"]
    assert 'name="page" value="people"' in page  # the list can be saved


def test_users_are_named_to_those_who_may_know(signed_in, events):
    asked = f"{PEOPLE}&unit=user&cell.step=1"
    named = file_rows(signed_in("operator").get(asked.replace("/people/", "/people/people.csv")))
    assert [row["User"] for row in named] == ["ann", "ben", "cem", "dot"]
    page = signed_in("viewer").get(asked).content.decode()
    assert "4 users" in page
    assert "Who they are is for those who may read personal data" in page
    assert not re.search(r"\b(ann|ben|cem|dot)\b", page)


def test_the_events_that_put_them_there(signed_in, events):
    asked = f"{PEOPLE}&cell.step=3".replace("/people/", "/people/events/")
    page = signed_in("operator").get(asked).content.decode()
    assert "1 event" in page
    assert "2024-05-07 08:00:00" in page
    assert re.search(r"<td>abe</td>", page)
    assert not re.search(r"\babe\b", signed_in("viewer").get(asked).content.decode())


def test_a_trend_and_who_is_behind_it(signed_in, events):
    browser = signed_in("viewer")
    page = browser.get(f"/activate/trends/?s1=signup&s2=pay&{MAY}").content.decode()
    assert rows(page, "week of 6 May 2024")[1:3] == ["2", "2"]
    assert rows(page, "week of 13 May 2024")[1:3] == ["2", "0"]
    cell = "cell.interval=2024-05-06&cell.series=B"
    found = file_rows(browser.get(f"/behaviour/people/people.csv?of=trends&s1=signup&s2=pay&{MAY}&{cell}"))
    assert [row["Account id"] for row in found] == ["acme", "birch"]


def test_a_formula(signed_in, events):
    page = signed_in("viewer").get(f"/activate/trends/?s1=signup&s2=pay&formula=B / A&{MAY}").content.decode()
    assert rows(page, "week of 6 May 2024")[1:2] == ["1"]
    assert rows(page, "week of 13 May 2024")[1:2] == ["0"]


def test_paths(signed_in, events):
    page = signed_in("viewer").get(f"/activate/paths/?unit=user&gap=10000&{MAY}").content.decode()
    found = re.findall(r"<tr><td class=\"num\">1</td><th scope=\"row\">signup</th><td>(.*?)</td>.*?>(\d+)</a>", page)
    assert dict(found) == {"查看报表": "2", "pay": "1", "ends": "1"}


@pytest.mark.parametrize(
    ("words", "place"),
    [
        pytest.param("window=soon", 'id="asked-window-said"', id="at the window"),
        pytest.param("s1.if=plan~gt~much", 'id="asked-s1-problem"', id="at the step"),
        pytest.param("value=step 9&by=plan", 'id="asked-by-said"', id="at the breakdown"),
    ],
)
def test_what_is_refused_is_said_at_its_field(signed_in, events, words, place):
    response = signed_in("viewer").get(f"{FUNNEL}&{words}")
    assert response.status_code == 422
    assert place in response.content.decode()


def test_a_form_becomes_an_address(signed_in, events):
    response = signed_in("viewer").get("/convert/funnels/?s1=signup&s1.prop=&s1.op=eq&s1.value=&s2=pay&do=s.add")
    assert response.status_code == 302
    assert response["Location"] == "/convert/funnels/?s1=signup&s2=pay&s3="


def test_names_and_values_are_offered(signed_in, own_events):
    browser = signed_in("viewer")
    assert re.findall(r'value="(.*?)"', browser.get("/behaviour/names/").content.decode()) == ["signup", "查看报表"]
    assert re.findall(r'value="(.*?)"', browser.get("/behaviour/values/?s1.prop=plan").content.decode()) == ["pro"]
    assert "ann" not in browser.get("/behaviour/values/?s1.prop=user_id").content.decode()


def test_a_page_is_of_the_accounts_one_sees(client, member, events, accounts, tmp_path, settings):
    from tenure.apps.crm import services

    settings.TENURE_HOME = shutil.copytree(events, tmp_path / "own")
    for account in accounts:
        services.add("accounts", account, by="the test")
    client.force_login(member("sales", scope="own"))
    assert "0 of 2 accounts went through all steps" in client.get(FUNNEL).content.decode()
    found = file_rows(client.get(PEOPLE.replace("/people/", "/people/people.csv") + "&cell.step=1"))
    assert {row["Account id"] for row in found} == {"birch", "cedar"}


def test_narrowed_by_a_field_of_the_accounts(signed_in, events):
    page = signed_in("viewer").get(f"{FUNNEL}&f=tier~eq~A").content.decode()
    assert "0 of 2 accounts went through all steps" in page
    assert "Plan</option>" not in page  # events have no plan of their own to narrow by


def on_cockpit(browser):
    """(name, what the tile says) of the saved views on the cockpit."""
    page = browser.get("/?to=2024-04&from=2024-01").content.decode()
    tile = r'<a class="link clip"[^>]*>([^<]*)</a>(?:(?!</article>).)*?hx-get="(/cockpit/views/.*?)"'
    parts = re.findall(tile, page, re.S)
    return [(name, _text(browser.get(part, headers={"HX-Request": "true"}).content.decode())) for name, part in parts]


@pytest.mark.parametrize(
    ("page", "query", "value"),
    [
        pytest.param("funnels", FUNNEL.partition("?")[2], "25.0%", id="a funnel: its whole share"),
        pytest.param("trends", f"s1=signup&{MAY}", "2", id="a trend: the last week that is over"),
        pytest.param("paths", f"unit=user&{MAY}", "9", id="paths: the sessions"),
        pytest.param("funnels", "s1=signup", "Choose an event for: Step.", id="a question that is not whole"),
        pytest.param("funnels", f"s1=a&s2=b&window=soon&{MAY}", "is no length of time", id="one that is refused"),
    ],
)
def test_a_saved_view_is_a_tile_of_the_cockpit(signed_in, events, page, query, value):
    browser = signed_in("operator")
    browser.post("/views/new/", {"name": "Mine", "page": page, "query": query, "cockpit": "yes"})
    ((name, said),) = on_cockpit(browser)
    assert name == "Mine"
    assert value in said
    view = re.search(r'action="(/views/\d+/)"', browser.get("/?to=2024-04").content.decode())[1]
    response = browser.post(view, {"on_cockpit": "no", "next": "/"})
    assert response["Location"] == "/"
    assert on_cockpit(browser) == []


def test_only_a_page_with_a_figure_is_put_on_the_cockpit(signed_in, events):
    response = signed_in("viewer").post("/views/new/", {"name": "Mine", "page": "accounts", "cockpit": "yes"})
    assert response.status_code == 422
    assert "no figure for the cockpit" in response.content.decode()


def test_every_page_of_behaviour_has_a_tile(signed_in, events):
    assert set(views.FIGURES) == set(SHEETS)
    browser = signed_in("operator")
    asked = dict.fromkeys(SHEETS, "") | {"funnels": "s1=signup&s2=pay"}
    for name, query in asked.items():
        browser.post("/views/new/", {"name": name, "page": name, "query": query, "cockpit": "yes"})
    tiles = dict(on_cockpit(browser))
    assert set(tiles) == set(SHEETS)
    assert all(tiles.values())
