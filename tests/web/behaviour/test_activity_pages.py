"""The pages of retention, features, lifecycle, sleepers, stickiness and seats: figures, doors, files, who sees what."""

from __future__ import annotations

import html
import re
import shutil

import pytest
from django.utils import timezone

import tenure

MAY = "grain=week&from=2024-05-06&to=2024-05-13"
PEOPLE = "/behaviour/people/people.csv"


def table(page):
    """The cells of every row, by the row's head; what is under way is a row, too."""
    found = {}
    for row in re.findall(r"<tr[^>]*><th scope=\"row\"[^>]*>(.*?)</tr>", page, re.S):
        cells = [_text(cell) for cell in re.split(r"</t[hd]>", row)]
        found[cells[0]] = cells[1:]
    return found


def _text(cell):
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", cell))).strip()


def accounts_of(browser, query):
    text = b"".join(browser.get(f"{PEOPLE}?{query}")).decode("utf-8-sig")
    return [line.split(",")[0] for line in text.splitlines()[1:]]


def test_retention(signed_in, events):
    browser = signed_in("viewer")
    page = browser.get(f"/activate/retention/?s=signup&{MAY}").content.decode()
    # acme and birch signed up in the first week and did nothing in the second; cedar and dune began in it
    assert "0.0% come back after 1 week" in page
    shown = table(page)
    assert shown["Weighted average"][1:3] == ["100%", "0%"]
    assert shown["week of 6 May 2024"][:3] == ["2", "100%", "0%"]
    assert shown["week of 13 May 2024"][:2] == ["2", "100%"]
    assert accounts_of(browser, f"of=retention&s=signup&{MAY}&cell.cohort=2024-05-06&cell.column=0") == [
        "acme", "birch",
    ]  # fmt: skip


def test_what_is_not_over_is_open(signed_in, own_events):
    stretch = f"grain=month&from=2024-01&to={timezone.now():%Y-%m}"
    page = signed_in("viewer").get(f"/activate/retention/?{stretch}").content.decode()
    assert '<td class="is-running"><span title="Cohort' in page


def test_a_breakdown_has_a_triangle_for_each_value(signed_in, events):
    page = signed_in("viewer").get(f"/activate/retention/?s=signup&by=plan&{MAY}").content.decode()
    assert re.findall(r'<h2 id="cohorts-\d">(\w+)</h2>', page) == ["pro", "solo"]


def test_features(signed_in, events):
    browser = signed_in("viewer")
    page = browser.get(f"/activate/features/?{MAY}").content.decode()
    shown = table(page)
    # point, accounts, bar, reach, held, MRR, renewal rate, of the others, apart, the columns
    assert shown["signup"][1] == "4"
    assert shown["signup"][3:6] == ["80%", "0%", "400"]
    assert shown["pay"][1] == "2"
    assert shown["查看报表"][5] == "300"
    assert accounts_of(browser, f"of=features&{MAY}&cell.feature=pay") == ["acme", "birch"]
    file = b"".join(browser.get(f"/activate/features/features.csv?{MAY}")).decode("utf-8-sig").splitlines()
    assert file[0].startswith("Feature,Point,Used by,")
    assert file[1].startswith("signup,,4,0.8,")
    chosen = browser.get(f"/activate/features/?f1=pay&back=any&{MAY}").content.decode()
    assert set(table(chosen)) == {"pay"}


def test_lifecycle_adds_up(signed_in, events):
    browser = signed_in("viewer")
    page = browser.get(f"/activate/lifecycle/?{MAY}").content.decode()
    shown = table(page)
    assert shown["week of 6 May 2024"][:6] == ["2", "0", "0", "2", "0", "0"]
    assert shown["week of 13 May 2024"][:6] == ["3", "0", "0", "3", "2", "2"]
    assert shown["week of 13 May 2024"][6:8] == ["3 + 0 + 0 = 3", "0 + 2 = 2"]
    assert accounts_of(browser, f"of=lifecycle&{MAY}&cell.interval=2024-05-13&cell.state=dormant") == ["acme", "birch"]
    assert "/activate/sleepers/?" in page


@pytest.fixture
def sleepy(events, tmp_path, settings):
    """The workspace with contracts to be decided in June: of birch, which fell silent, and of fir, which never came."""
    folder = shutil.copytree(events, tmp_path / "sleepy")
    contracts = [
        {"contract_id": f"c-{name}", "account_id": name, "currency": "USD", "total": "1200", "start": start, "end": end}
        for name, start, end in (
            ("birch", "2023-07-01", "2024-07-01"), ("cedar", "2024-05-01", "2025-05-01"),
            ("fir", "2023-06-15", "2024-06-15"),
        )
    ]  # fmt: skip
    opened = tenure.open(folder)
    opened.load("accounts", [{"account_id": "fir", "name": "Fir"}])
    opened.load("contracts", contracts)
    settings.TENURE_HOME = folder
    return folder


def test_who_sleeps_and_must_decide(signed_in, sleepy):
    browser = signed_in("viewer")
    asked = f"silent=1&{MAY}"
    page = browser.get(f"/activate/sleepers/?{asked}").content.decode()
    assert "1 account asleep with a contract to be decided within 60 days: $200 a month" in page.replace(".00", "")
    assert "week of 13 May 2024" in page
    shown = table(page)
    # to be decided, runs on, none, all
    assert shown["Asleep"][:4] == ["1 $200", "0 $0", "1 $300", "2 $500"]
    assert shown["Never active"][0] == "1 $100"
    assert shown["New"][1] == "1 $100"
    assert accounts_of(browser, f"of=sleepers&{asked}&cell.state=asleep&cell.contract=due") == ["birch"]
    assert accounts_of(browser, f"of=sleepers&{asked}&cell.state=never") == ["fir"]
    assert "Fir" in browser.get(f"/behaviour/people/?of=sleepers&{asked}&cell.contract=due").content.decode()
    page = browser.get(f"/activate/sleepers/?due=20&{asked}").content.decode()
    assert "No account that sleeps has a contract to be decided within 20 days" in page


def test_stickiness(signed_in, events):
    browser = signed_in("viewer")
    page = browser.get("/activate/stickiness/?unit=user&grain=day&from=2024-05-06&to=2024-05-15").content.decode()
    shown = table(page)
    assert shown["on 1 day"][1:3] == ["4", "66.7%"]  # ann, abe, dot and eve
    assert shown["on 2 days"][1:3] == ["2", "33.3%"]
    more = browser.get("/activate/stickiness/?unit=user&more=yes&grain=day&from=2024-05-06&to=2024-05-15")
    assert table(more.content.decode())["on 1 day or more"][1] == "6"
    assert accounts_of(browser, f"of=stickiness&{MAY}&cell.k=1") == ["acme", "birch", "cedar", "dune", "elm"]


def test_users_and_seats(signed_in, events, tmp_path, settings):
    settings.TENURE_HOME = shutil.copytree(events, tmp_path / "seats")
    line = {"subscription_id": "s3", "currency": "USD", "amount": "1", "start": "2024-01-01", "quantity": 8}
    tenure.open(settings.TENURE_HOME).load("subscriptions", [{**line, "account_id": "acme"}])
    browser = signed_in("viewer")
    page = browser.get(f"/activate/seats/?{MAY}").content.decode()
    assert "2 active users of 8 seats bought, 25.0%" in page
    # MRR, users a day, in 7 days, in 28 days, stickiness, seats, bar, seats used, last seen
    assert table(page)["Acme S"][:6] == ["308", "0.1", "0", "2", "3.6%", "8"]
    assert table(page)["Acme S"][7] == "25%"
    assert table(page)["Birch A"][5] == "–"
    order = browser.get(f"/activate/seats/?sort=stickiness&{MAY}").content.decode()
    assert order.index("Birch") > order.index("Dune")


@pytest.mark.parametrize("name", ["retention", "features", "lifecycle", "stickiness", "seats", "sleepers"])
def test_a_page_is_of_the_accounts_one_sees(client, member, events, accounts, tmp_path, settings, name):
    from tenure.apps.crm import services

    settings.TENURE_HOME = shutil.copytree(events, tmp_path / "own")
    for account in accounts:
        services.add("accounts", account, by="the test")
    client.force_login(member("sales", scope="own"))
    own = b"".join(client.get(f"/activate/{name}/{name}.csv?{MAY}")).decode("utf-8-sig")
    client.force_login(member("owner"))
    address = f"/activate/{name}/{name}.csv?{MAY}"
    assert own == b"".join(client.get(f"{address}&f=owner~eq~sales@example.com")).decode("utf-8-sig")
    assert own != b"".join(client.get(address)).decode("utf-8-sig")
