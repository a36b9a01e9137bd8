"""The cockpit: the verdict, the tiles and what moved them, what is due, and that a failing card stands alone."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.crm import services as accounts
from tenure.apps.goals import services
from tenure.web import asking

NOON = datetime(2024, 6, 12, 12, tzinfo=UTC)
ROWS = [
    {"account_id": f"a{n}", "subscription_id": f"s{n}", "plan": plan, "amount": amount, "currency": "USD",
     "start": start, "end": end}
    for n, (plan, amount, start, end) in enumerate(
        [
            ("Pro", "1000", "2023-01-10", None),
            ("Pro", "200", "2024-04-05", None),
            ("Team", "100", "2024-05-20", None),
            ("Team", "50", "2023-02-01", "2024-05-11"),
        ]
    )
]  # fmt: skip
CONTRACTS = [
    {"contract_id": "c1", "account_id": "a0", "currency": "USD", "total": "1200", "start": "2023-07-18",
     "end": "2024-07-18", "notice_days": 30},
    {"contract_id": "c2", "account_id": "a1", "currency": "USD", "total": "600", "start": "2023-06-21",
     "end": "2024-06-21", "notice_days": 30},
]  # fmt: skip


@pytest.fixture
def firm(home, monkeypatch, db):
    opened = tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    opened.load("subscriptions", ROWS)
    opened.load("accounts", [{"account_id": f"a{n}", "region": "East" if n % 2 else "West"} for n in range(1, 4)])
    opened.load("contracts", CONTRACTS)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    asked = asking._opened(home)
    monkeypatch.setattr(asked, "asking", lambda *of: type(asked).asking(asked, *of, now=NOON))
    return asked


@pytest.fixture
def look(signed_in, firm):
    browser = signed_in("operator")

    def get(path="/", query="", **headers):
        response = browser.get(f"{path}?{query}", headers=headers)
        return response, response.content.decode()

    get.browser = browser
    return get


def words(page):
    return re.sub(r"\s+", " ", re.sub(r"<(script|style|details)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL))


def test_the_figures_of_the_last_finished_month(look):
    response, page = look()
    assert response.status_code == 200
    text = words(page)
    assert "May 2024" in text
    assert "MRR, without a target" in text
    assert "MRR $ 1,450" in text  # at the close of May, with the contracts of 150 a month
    assert "Net new MRR $ 50" in text
    assert re.search(r"Customer churn rate (n = \d+ )?(Unusual )?33.33 %", text)


def test_the_course_to_a_target(look):
    services.set_target("mrr", "2024-12", "3000", by="Ada")
    _response, page = look()
    text = words(page)
    assert "MRR target $3,000 for Dec 2024" in text
    assert "Off course:" in text
    assert re.search(r"Still to come 1,5\d\d", text)
    services.set_target("mrr", "2024-12", "1000", by="Ada")
    assert "On course:" in words(look()[1])


def test_a_target_due_before_the_first_period_shown_has_no_line(look, monkeypatch):
    services.set_target("mrr", "2024-05", "3000", by="Ada")
    first_of_june = datetime(2024, 6, 1, 12, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: first_of_june)
    response, page = look(query="from=2024-06&to=2024-06")
    assert response.status_code == 200
    assert "MRR, without a target" in words(page)


def test_a_part_of_the_firm_has_no_target_of_the_whole(look):
    services.set_target("mrr", "2024-12", "3000", by="Ada")
    assert "MRR, without a target" in words(look(query="f=plan~eq~Pro")[1])


def test_the_comparison_is_in_chart_table_and_tooltip(look):
    _response, page = look(query="compare=year")
    found = Tables(page)
    chart = found.data["course-data"]
    lines = {series["style"]: series["values"] for series in chart["series"]}
    assert lines["compared"][-2:] == [1050, 1050]
    assert chart["periods"][-2]["tip"].splitlines() == ["May 2024", "MRR: $1,450", "May 2023: $1,050"]
    assert chart["periods"][-1]["tip"].splitlines()[-1].startswith("the same days of Jun 2023: ")
    assert found.tables[0][0][2:] == ["Compared with", "MRR there, $"]
    assert found.tables[0][2][2:] == ["May 2023", "1,050"]
    _response, before = look(query="compare=previous")
    assert [series["style"] for series in Tables(before).data["course-data"]["series"]] == ["actual"]
    assert len(Tables(before).tables[0][0]) == 4
    _response, alone = look(query="compare=none")
    assert [series["style"] for series in Tables(alone).data["course-data"]["series"]] == ["actual"]
    assert len(Tables(alone).tables[0][0]) == 2


def test_a_day_is_compared_with_its_weekday_until_the_reader_says_otherwise(look):
    _response, page = look(query="grain=day&to=2024-06-11&compare=year")
    assert "against Tue 13 Jun 2023" in page
    assert "Tue 11 Jun 2024" in page
    switch = re.search(r'href="([^"]+)" role="switch" aria-checked="true">Match the weekday', page)[1]
    _response, page = look(query=switch.replace("&amp;", "&").partition("?")[2])
    assert "against Sun 11 Jun 2023" in page
    assert 'aria-checked="false">Match the weekday' in page


def test_the_picker_says_that_the_grain_is_automatic(look):
    _response, page = look(query="from=2024-03-01&to=2024-05-31")
    assert "Automatic for 92 days: Week" in page
    _response, page = look(query="grain=week&from=2024-03-01&to=2024-05-31")
    assert "Automatic for" not in page


@pytest.mark.parametrize("name", ["why", "committed", "due"])
def test_every_link_of_a_card_keeps_what_the_page_is_about(look, name):
    _response, page = look(f"/cockpit/{name}/", "definition=tenure")
    links = re.findall(r'href="(/retain/(?!definitions)[^"]*)"', page)
    assert links
    assert [link for link in links if "definition=tenure" not in link] == []


def test_the_target_line_is_in_chart_and_table(look):
    services.set_target("mrr", "2024-12", "3000", by="Ada")
    services.annotate("2024-03-05", "New prices", "price", by="Ada")
    _response, page = look()
    found = Tables(page)
    chart = found.data["course-data"]
    styles = {series["style"]: series["values"] for series in chart["series"]}
    assert styles["target"][-1] == 3000
    assert len(styles["target"]) == len(chart["periods"]) > len(styles["actual"])
    assert [mark["text"] for mark in chart["marks"]] == ["New prices"]
    shown = [float(row[1].replace(",", "")) for row in reversed(found.tables[0][1:])]
    assert shown == styles["actual"]
    assert "New prices" in words(page)


def test_what_moved_each_figure(look):
    _response, page = look("/cockpit/why/")
    lines = {
        metric: re.findall(r'title="([^"]*)">[^<]*</a><span[^>]*>([^<]*)<', body)
        for metric, body in re.findall(r'id="why-(\w+)"[^>]*>(.*?)</ul>', page, re.DOTALL)
    }
    assert ("Plan: Team", "+50") in lines["mrr"]
    assert ("Region: East", "+33.33 points") in lines["customer_churn_rate"]
    link = re.search(r'href="(/retain/movements/\?[^"]*Team[^"]*)"', page)[1].replace("&amp;", "&")
    assert look.browser.get(link).status_code == 200


def test_what_is_due_this_week(look):
    _response, page = look("/cockpit/due/")
    text = words(page)
    assert re.search(r"Notice this week 1 contract .* a0", text)
    assert re.search(r"Notice day passed, undecided 1 contract .* a1 .* 22 days ago", text)


@pytest.mark.parametrize("name", ["renewal", "committed", "health"])
def test_the_other_cards(look, name):
    response, page = look(f"/cockpit/{name}/")
    assert response.status_code == 200
    assert 'class="tile"' in page


def test_a_card_that_fails_leaves_the_others(look, monkeypatch):
    from tenure.web.goals import cockpit

    real = cockpit.tile
    broken = lambda metric, *rest: 1 // 0 if metric.name == "nrr" else real(metric, *rest)  # noqa: E731
    monkeypatch.setattr(cockpit, "tile", broken)
    response, page = look()
    assert response.status_code == 200
    assert page.count("This figure could not be made") == 1
    assert re.search(r"send the number [0-9a-f]{8} ", page)
    assert "Net new MRR $ 50" in words(page)


def test_an_empty_workspace_says_the_next_step(signed_in, home):
    page = signed_in("viewer").get("/").content.decode()
    assert "tenure import subscriptions" in page


def test_a_member_who_sees_a_part_sees_no_target(member, client, firm):
    services.set_target("mrr", "2024-12", "3000", by="Ada")
    accounts.add("accounts", {"account_id": "a0", "owner": "success@example.com"}, by="Ada")
    client.force_login(member("success", scope="own"))
    assert "MRR, without a target" in words(client.get("/").content.decode())


def test_a_target_is_set_on_its_page(look):
    response = look.browser.post("/targets/", {"metric": "mrr", "period": "2024-12", "value": "3000"})
    assert response.status_code == 302
    _response, page = look("/targets/")
    assert "Dec 2024" in page
    refused = look.browser.post("/targets/", {"metric": "mrr", "period": "soon", "value": "3000"})
    assert refused.status_code == 422
    assert 'value="3000"' in refused.content.decode()
    assert look.browser.post("/targets/drop/", {"metric": "mrr", "period": "2024-12"}).status_code == 302
    assert "No target is set" in look("/targets/")[1]


def test_the_same_by_api(client, key, firm):
    headers = key("analyst")
    sent = {"content_type": "application/json", "headers": headers}
    made = client.post("/api/targets", json.dumps({"metric": "mrr", "period": "2024-12", "value": "3000"}), **sent)
    assert made.status_code == 201
    found = client.get("/api/cockpit?compare=year", headers=headers).json()
    figures = {one["metric"]: one for one in found["figures"]}
    assert (found["period"], found["compared"], figures["mrr"]["value"]) == ("2024-05", "2023-05", "1450.000000")
    assert found["course"]["on_course"] is False
    for query, compared in (
        ("compare=custom&against=2024-02", "2024-02"),
        ("grain=day&period=2024-05-11&compare=year", "2023-05-13"),
        ("grain=day&period=2024-05-11&compare=year&match=date", "2023-05-11"),
    ):
        assert client.get(f"/api/cockpit?{query}", headers=headers).json()["compared"] == compared
    assert client.get("/api/cockpit?match=moon", headers=headers).status_code == 422
    noted = client.post("/api/annotations", json.dumps({"day": "2024-05-01", "text": "3.0"}), **sent).json()
    assert [one["text"] for one in client.get("/api/annotations", headers=headers).json()] == ["3.0"]
    client.delete(f"/api/annotations/{noted['annotation_id']}", headers=headers)
    client.delete("/api/targets/mrr/2024-12", headers=headers)
    assert client.get("/api/targets", headers=headers).json() == []


def test_chinese(look):
    services.set_target("mrr", "2024-12", "3000", by="Ada")
    _response, page = look(**{"accept-language": "zh-CN"})
    text = words(page)
    assert "偏离：比应到少" in text
    english = set(re.findall(r"[A-Za-z]{3,}", text)) - {
        "MRR",
        "NRR",
        "GRR",
        "LTV",
        "UTC",
        "English",
        "Operator",
        "Ctrl",
        "Esc",
    }
    assert not english


def test_no_query_to_the_store_grows_with_the_rows(look, django_assert_max_num_queries):
    look()
    with django_assert_max_num_queries(12):
        look()
