"""The page of movements: its figures, its empty and refused states, its file, and what it costs."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest
from openpyxl import load_workbook

import tenure
from reference.pages import Tables
from tenure.apps.goals import services
from tenure.apps.workspaces.models import Member
from tenure.web import asking
from tenure.web.subscriptions.figures import Series, tile
from tenure.web.subscriptions.words import METRICS

PAGE = "/retain/movements/"


@pytest.fixture
def look(signed_in, sample):
    browser = signed_in("viewer")

    def get(query="", **headers):
        response = browser.get(f"{PAGE}?{query}", headers=headers)
        return response, response.content.decode()

    return get


def test_the_figures_of_a_month(look):
    response, page = look("to=2024-04&from=2024-01")
    assert response.status_code == 200
    bridge = {row[0]: row[1:] for row in Tables(page).tables[0]}
    assert bridge["Opening"] == ["410.55", "400.55", "+10.00"]
    assert bridge["New"] == ["0.00", "+70.00", "−70.00"]
    assert bridge["Expansion"] == ["+20.00", "0.00", "+20.00"]
    assert bridge["Reactivation"] == ["+80.00", "0.00", "+80.00"]
    assert bridge["Churn"] == ["−50.00", "−60.00", "+10.00"]
    assert bridge["Close"] == ["460.55", "410.55", "+50.00"]
    assert "Apr 2024: MRR grew by 50" in page


def test_the_chart_and_its_table_are_the_same_figures(look):
    _response, page = look("to=2024-04&from=2024-01")
    found = Tables(page)
    chart, table = found.data["moves-data"], found.tables[1]
    heads = table[0][1:]
    for period, row in zip(chart["periods"], reversed(table[1:]), strict=True):
        assert period["tip"].splitlines()[0] == row[0]
    for series in chart["series"]:
        column = 1 + heads.index(series["name"])
        shown = [float(row[column].replace("−", "-").replace(",", "")) for row in reversed(table[1:])]
        assert shown == pytest.approx(series["values"], abs=0.005)
    steps = found.data["bridge-data"]["items"]
    assert [s["name"] for s in steps] == ["Opening", "Expansion", "Reactivation", "Churn", "Close"]
    assert all(a["to"] == pytest.approx(b["from"]) for a, b in pairwise(steps[:-1]))


def test_a_step_says_what_it_was_before(look):
    _response, page = look("to=2024-04&from=2024-01")
    found = Tables(page)
    before = {row[0]: row[2] for row in found.tables[0][1:]}
    for step in found.data["bridge-data"]["items"]:
        now, then = step["tip"].splitlines()
        assert now.startswith(step["name"] + ": ")
        assert then.startswith("Mar: ")
        assert Decimal(re.sub(r"[^\d.]", "", then)) == Decimal(re.sub(r"[^\d.]", "", before[step["name"]]))


def test_the_net_of_the_period_compared_with_is_in_chart_table_and_file(look, client):
    _response, page = look("to=2024-04&from=2024-02&compare=year")
    found = Tables(page)
    chart, table = found.data["moves-data"], found.tables[1]
    _response, earlier = look("to=2023-04&from=2023-02&compare=none")
    before = Tables(earlier)
    assert before.data["moves-data"]["compared"] == []
    assert chart["compared"] == before.data["moves-data"]["net"]["values"][:3]
    assert table[0][-1] == "Net new compared with"
    assert [Decimal(row[-1]) for row in table[1:]] == [Decimal(row[-1]) for row in before.tables[1][-3:]]
    tips = [period["tip"].splitlines()[-1].split(":")[0] for period in chart["periods"]]
    assert tips == ["Net new, Feb 2023", "Net new, Mar 2023", "Net new, Apr 2023"]


def test_a_period_to_come_is_not_compared_with(look):
    _response, page = look("to=2024-04&from=2024-03&compare=custom&against=2031-01")
    chart = Tables(page).data["moves-data"]
    assert chart["compared"] == []


def test_what_happened_is_marked_on_the_chart(look, own_sample):
    services.annotate("2024-03-05", "New prices", "price", by="Ada")
    _response, page = look("to=2024-04&from=2024-01")
    chart = Tables(page).data["moves-data"]
    assert [mark["text"] for mark in chart["marks"]] == ["New prices"]
    said = "5 Mar 2024, Price change: New prices"
    assert [said in period["tip"].splitlines() for period in chart["periods"]] == [False, False, True, False]
    lines = re.findall(r'<svg class="spark".*?</svg>', page, re.DOTALL)
    assert lines
    assert all(f"<title>{said}</title>" in line for line in lines)


def test_the_file_is_what_the_screen_shows(look, client):
    _response, page = look("to=2024-04&from=2024-01")
    table = Tables(page).tables[1]
    href = re.search(r'href="([^"]*movements\.csv[^"]*)"', page)[1].replace("&amp;", "&")
    client.force_login(Member.objects.get())
    file = client.get(href)
    assert file["Content-Disposition"] == 'attachment; filename="movements.csv"'
    assert file.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert rows[0] == ["Month", *table[0][1:], "Over"]
    for shown, written in zip(table[1:], rows[1:], strict=True):
        figures = [float(cell.replace("−", "-").replace(",", "")) for cell in shown[1:]]
        assert figures == [round(float(cell), 2) for cell in written[1:-1]]


def test_formulas_in_a_file_are_harmless(look, client):
    look()
    client.force_login(Member.objects.get())
    file = client.get("/retain/movements/rows/rows.csv?grain=month&period=2024-03&kind=new").content.decode("utf-8-sig")
    accounts = {row["account_id"] for row in csv.DictReader(io.StringIO(file))}
    assert accounts == {"'=dune()"}


def test_the_newest_month_is_shown_first(look):
    _response, page = look()
    assert "Every movement of Apr 2025" in page


@pytest.mark.parametrize(
    ("query", "says"),
    [
        pytest.param("grain=quarter&to=2024-Q2", "Q2 2024: MRR fell by 20", id="a quarter, end to end"),
        pytest.param("grain=year&to=2024", "2024: MRR grew by 240.55", id="a year"),
        pytest.param("to=2024-04&compare=year", "Apr 2023", id="against the year before"),
        pytest.param("to=2024-04&compare=none", "Compared with</span>nothing", id="against nothing"),
        pytest.param("to=2024-03", "came from one account: birch", id="who was lost"),
        pytest.param("to=2031-01", "MRR closed where it opened", id="a month to come"),
        pytest.param("to=2024-04", "50.0% of the contracts that expired were renewed", id="renewals"),
        pytest.param("to=2024-02", "no contract expires", id="no renewals"),
    ],
)
def test_what_the_page_says(look, query, says):
    _response, page = look(query)
    assert says in page


@pytest.mark.parametrize(
    "query",
    ["grain=hour", "to=yesterday", "from=2024-05&to=2024-01", "compare=%00", "to=2024-04&from=1990-01"],
)
def test_a_bad_address_is_refused_with_a_remedy(look, query):
    response, page = look(query)
    assert response.status_code == 422
    assert "state__id" in page


def test_a_period_that_runs_is_compared_with_the_same_days(signed_in, home, monkeypatch):
    opened = tenure.open(home, settings={"reporting_currency": "CNY"})
    opened.load(
        "subscriptions",
        [
            {"account_id": "a", "subscription_id": "s", "amount": "100", "currency": "CNY", "start": "2026-09-05"},
            {"account_id": "b", "subscription_id": "t", "amount": "40", "currency": "CNY", "start": "2026-10-28"},
            {"account_id": "c", "subscription_id": "u", "amount": "7", "currency": "CNY", "start": "2026-11-03"},
        ],
    )
    noon = datetime(2026, 11, 11, 12, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: noon)
    asked = asking._opened(home)
    monkeypatch.setattr(asked, "asking", lambda *of: type(asked).asking(asked, *of, now=noon))
    browser = signed_in("viewer")
    page = browser.get(f"{PAGE}?to=2026-11", headers={"accept-language": "zh-CN"}).content.decode()
    assert "进行中 · 至 11月10日" in page
    bridge = {row[0]: row[1:] for row in Tables(page).tables[0]}
    assert bridge["新增"] == ["+7", "0", "+7"]
    assert "10月同期" in page
    running = [p["running"] for p in Tables(page).data["moves-data"]["periods"]]
    assert running == [False] * 11 + [True]
    moves = Tables(page).data["moves-data"]
    assert moves["compared"] == []  # the net of the bar to the left is not drawn twice
    lines = [period["tip"].splitlines()[-1] for period in moves["periods"][-2:]]
    assert lines == ["净新增（9月）：+¥100", "净新增（10月同期）：¥0"]
    whole = browser.get(f"{PAGE}?to=2026-10&compare=custom&against=2026-11").content.decode()
    assert {row[0]: row[1:] for row in Tables(whole).tables[0]}["New"] == ["+40"]
    assert "against Nov 2026" not in whole


def test_an_empty_workspace_says_the_next_step(signed_in, home):
    page = signed_in("viewer").get(PAGE, headers={"accept-language": "zh-CN"}).content.decode()
    assert "还没有订阅数据" in page
    assert "tenure import subscriptions" in page


def test_hostile_names_stay_text(signed_in, home):
    name = "</script><script>alert(1)</script>"
    row = {"account_id": name, "subscription_id": "s", "amount": "10", "currency": "USD", "start": "2024-01-05"}
    tenure.open(home).load("subscriptions", [row])
    browser = signed_in("viewer")
    for address in (f"{PAGE}?to=2024-01", "/retain/movements/rows/?period=2024-01&kind=new"):
        assert "<script>alert" not in browser.get(address).content.decode()


def test_no_query_to_the_store_grows_with_the_rows(look, django_assert_max_num_queries):
    look("to=2024-04")
    with django_assert_max_num_queries(8):
        look("to=2024-04")


def test_chinese(look):
    _response, page = look("to=2024-04&from=2024-01", **{"accept-language": "zh-CN"})
    assert 'lang="zh-hans"' in page
    assert "2024年4月 MRR 增加 50" in page
    words = re.sub(r"<(script|style|code|pre)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    english = set(re.findall(r"[A-Za-z]{3,}", words)) - {
        "MRR",
        "NRR",
        "GRR",
        "LTV",
        "ARPA",
        "UTC",
        "English",
        "CSV",
        "Excel",
        "Ctrl",
        "Esc",
        "default",
    }
    assert not english - {
        "birch",
        "elm",
        "fir",
        "acme",
        "cedar",
        "dune",
        "Viewer",
        "team",
        "solo",
        "ChartMogul",
        "Ctrl",
        "Esc",
        "Stripe",
    }


def test_a_workbook_has_numbers_where_the_file_has_them(signed_in, sample):
    browser = signed_in("viewer")
    plain = browser.get(f"{PAGE}movements.csv?to=2024-04").content.decode("utf-8-sig")
    book = browser.get(f"{PAGE}movements.xlsx?to=2024-04")
    sheet = load_workbook(io.BytesIO(b"".join(book.streaming_content))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    for written, row in zip(csv.reader(io.StringIO(plain)), rows, strict=True):
        assert len(written) == len(row)
        assert all(text == (value or "") or float(text) == value for text, value in zip(written, row, strict=True))
    assert any(isinstance(value, float) for value in rows[1])


def test_what_is_made_of_few_cases_is_marked(look):
    _response, page = look("to=2024-04&from=2024-01")
    marked = re.findall(
        r'tile__head"><span class="clip"[^>]*>([^<]+)</span>(?:(?!</h3>).)*?fewer than 30 cases[^>]*>(n = \d+)<',
        page,
        re.DOTALL,
    )
    assert [name for name, _count in marked] == [
        "Customer churn rate",
        "Net revenue retention",
        "Gross revenue retention",
        "Customer lifetime value",
    ]
    assert {count for _name, count in marked} == {"n = 5"}


@pytest.mark.parametrize(("customers", "few"), [(29, "n = 29"), (30, ""), (31, "")])
def test_thirty_cases_are_enough(customers, few):
    metric = next(metric for metric in METRICS if metric.name == "nrr")
    row = {"nrr": Decimal("0.9"), "customers_open": customers}
    assert tile(metric, Series([row], row, None, "", running=False), "USD", "#").few == few
