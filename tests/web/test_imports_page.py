"""The pages of imports: choosing files, matching columns, checking, importing, repairing, undoing; and broken files."""

from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from reference.pages import text_of
from tenure.apps.connectors.files import drafts, jobs
from tenure.apps.subscriptions.models import SubscriptionVersion
from tenure.apps.workspaces.models import AuditEntry, ImportRun

pytestmark = pytest.mark.django_db
HEAD = "account_id,subscription_id,amount,currency,start,end\n"
GOOD = HEAD + "".join(f"a{n},s{n},100,USD,2024-01-0{n},\n" for n in range(1, 6))
BAD = GOOD + "a6,s6,much,USD,2024-01-01,\n"
WORKBOOK = Path(__file__).parents[1] / "apps/connectors"


@pytest.fixture
def browser(signed_in: Any, home: Path) -> Client:
    return signed_in("operator")


def named(content: str | bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    file.name = name
    return file


def send(browser: Client, *files: io.BytesIO, kind: str = "auto", **more: Any) -> Any:
    return browser.post(reverse("import_new"), {"files": list(files), "kind": kind}, **more)


def filled(page: str) -> dict[str, str]:
    """What the form of a page would send as it stands."""
    values = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name = re.search(r'name="([^"]+)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            value = re.search(r'value="([^"]*)"', tag)
            values[name[1]] = value[1] if value else "on" if 'type="checkbox"' in tag else ""
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option(?: value="([^"]*)")? selected>([^<]*)', inside)
        first = re.search(r'<option(?: value="([^"]*)")?>([^<]*)', inside)
        found = chosen or first
        values[name] = found[1] if found[1] is not None else found[2]
    return values


def check(browser: Client, number: int, **changed: str) -> Any:
    """Send the form of the columns with some of it changed; what comes then."""
    address = reverse("import_columns", args=[number])
    values = {**filled(browser.get(address).content.decode()), "do": "check", **changed}
    return browser.post(address, {name: value for name, value in values.items() if value is not None}, follow=True)


def drafted(browser: Client, content: str | bytes = BAD, name: str = "ledger.csv") -> ImportRun:
    response = send(browser, named(content, name))
    assert response.status_code == 302, response.content.decode()
    return ImportRun.objects.latest("pk")


def test_from_a_file_to_its_rows_and_back(browser: Client, queued: Any) -> None:
    run = drafted(browser)
    assert "6 rows" in text_of(check(browser, run.pk))
    assert SubscriptionVersion.objects.count() == 0
    response = browser.post(reverse("import_check", args=[run.pk]), {"skip_bad": "yes"}, follow=True)
    assert "Waiting for the worker" in text_of(response)
    queued()
    assert "Repair the 1 that were left out" in text_of(browser.get(reverse("import", args=[run.pk])))
    assert SubscriptionVersion.objects.live().count() == 5
    response = browser.post(reverse("import_undo", args=[run.pk]), follow=True)
    assert "Taken back: 5 rows withdrawn" in text_of(response)
    assert SubscriptionVersion.objects.live().count() == 0
    verbs = list(AuditEntry.objects.filter(kind="subscriptions").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["imported", "undid import"]


def test_nothing_is_imported_while_a_row_is_bad_unless_it_is_left_out(browser: Client, queued: Any) -> None:
    run = drafted(browser)
    check(browser, run.pk)
    browser.post(reverse("import_check", args=[run.pk]))
    queued()
    page = text_of(browser.get(reverse("import", args=[run.pk])))
    assert "Repair the rows listed below, or import the others and leave these out." in page
    assert SubscriptionVersion.objects.count() == 0


def test_several_files_become_drafts_of_the_kinds_their_headings_tell(browser: Client) -> None:
    accounts = named("account_id,name,industry\na1,Acme,retail\n", "list.csv")
    assert send(browser, accounts, named(GOOD, "ledger.csv")).status_code == 302
    assert list(ImportRun.objects.order_by("pk").values_list("kind", "state")) == [
        ("accounts", "draft"),
        ("subscriptions", "draft"),
    ]
    assert "ledger.csv" in text_of(browser.get(reverse("import_new")))


def test_a_broken_file_among_good_ones_is_named_and_the_others_are_kept(browser: Client) -> None:
    response = send(browser, named(GOOD, "good.csv"), named(b"", "empty.csv"))
    assert response.status_code == 422
    assert "“empty.csv” is empty." in text_of(response)
    assert reverse("import_columns", args=[ImportRun.objects.get().pk]) in response.content.decode()


def bomb() -> bytes:
    """A workbook whose one sheet unpacks to a thousand times its size."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (64 * 1024 * 1024))
    return made.getvalue()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        pytest.param("empty.csv", b"", "import.empty_file", id="empty"),
        pytest.param("blank.csv", b"\n\n  \n", "import.no_heading", id="only blank lines"),
        pytest.param("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "import.unknown_format", id="picture"),
        pytest.param("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "import.old_workbook", id="old"),
        pytest.param("list.json", b'[{"account_id": "a1"}]', "import.json_array", id="a JSON array"),
        pytest.param("bomb.xlsx", bomb(), "import.unpacks_too_big", id="zip bomb"),
        pytest.param("cut.xlsx", b"PK\x03\x04cut", "import.damaged", id="cut off"),
        pytest.param("page.html", b"<!doctype html><p>no", "import.unknown_format", id="a web page"),
    ],
)
def test_a_broken_file_gets_a_clear_page_and_leaves_nothing(
    browser: Client, name: str, content: bytes, code: str, language: str
) -> None:
    browser.cookies["django_language"] = language
    response = send(browser, named(content, name))
    assert response.status_code == 422
    assert code in text_of(response)
    assert bool(re.search("[一-鿿]", text_of(response).split(code)[0][-60:])) == (language == "zh-hans")
    assert ImportRun.objects.count() == 0
    assert not list(jobs.uploads_folder().glob("*"))


def test_a_request_that_is_too_large_is_refused_before_it_is_read(browser: Client) -> None:
    response = browser.post(reverse("import_new"), {}, CONTENT_LENGTH=str(600 * 1024 * 1024))
    assert response.status_code == 422
    assert "512 MB" in text_of(response)


def test_no_file_at_all(browser: Client) -> None:
    assert "No file was chosen." in text_of(send(browser))


@pytest.mark.parametrize("route", ["import_new", "import_return"])
def test_an_upload_must_come_from_a_page_of_ours(member: Any, home: Path, route: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member("operator"))
    run = drafts.keep(GOOD.encode(), by="test", name="x.csv")
    address = reverse(route, args=[] if route == "import_new" else [run.pk])
    assert strict.post(address, {"files": [named(GOOD, "ledger.csv")]}).status_code == 403
    assert ImportRun.objects.count() == 1


def test_the_same_file_twice_is_said_and_linked(browser: Client, queued: Any) -> None:
    first = drafted(browser, GOOD)
    check(browser, first.pk)
    browser.post(reverse("import_check", args=[first.pk]))
    queued()
    second = drafted(browser, GOOD)
    response = check(browser, second.pk)
    assert f"as import {first.pk}" in text_of(response)
    assert reverse("import", args=[first.pk]) in response.content.decode()
    assert "importing changes nothing" in text_of(response)


def test_formulas_are_kept_as_text_and_warned_of(browser: Client) -> None:
    run = drafted(browser, HEAD.replace("end", "end,note") + "a1,s1,5,USD,2024-01-01,,=cmd|'x'!A1\n")
    assert "The text begins like a formula. It is kept as text." in text_of(check(browser, run.pk))


def test_a_wrong_encoding_can_be_chosen_and_taken_back(browser: Client) -> None:
    run = drafted(browser, "客户编号,订阅编号,单价,开始日期\n华鼎,s1,5,2024-01-01\n".encode("gb18030"))
    address = reverse("import_columns", args=[run.pk])
    assert "华鼎" in text_of(browser.get(address))
    values = {**filled(browser.get(address).content.decode()), "do": "again", "encoding": "utf-16"}
    assert browser.post(address, values).status_code == 302
    broken = browser.get(address)
    assert broken.status_code == 200
    assert "华鼎" not in text_of(broken)
    values = {**values, "encoding": ""}
    browser.post(address, values)
    assert "华鼎" in text_of(browser.get(address))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"c1": "account_id"}, "Several columns of the file are read as Account id", id="a column twice"),
        pytest.param({"c2": ""}, "No column of the file was recognised as Price per unit and period", id="none left"),
        pytest.param({"heading_row": "x"}, "“x” is no value for Row of the headings", id="no number"),
        pytest.param({"encoding": "klingon"}, "“klingon” is no encoding", id="no encoding"),
        pytest.param({"c3": "", "v-currency": "XYZ"}, "“XYZ” is no value for Currency", id="no currency"),
        pytest.param({"save_as": "a/b"}, "“a/b” is no name for a mapping", id="no name"),
        pytest.param({"stamps": "Mars"}, "Mars", id="no time zone"),
    ],
)
def test_a_wrong_choice_is_said_and_the_form_is_kept(browser: Client, changed: dict[str, str], said: str) -> None:
    run = drafted(browser)
    response = check(browser, run.pk, **changed)
    assert said in text_of(response)
    assert "How columns are read" in text_of(response) or "How the file is read" in text_of(response)
    assert SubscriptionVersion.objects.count() == 0


def test_a_matching_is_remembered_by_its_name(browser: Client) -> None:
    odd = "who,what,per month,since\nacme,s9,100,2024-01-15\n"
    run = drafted(browser, odd, "odd.csv")
    chosen = {"kind": "subscriptions", "c0": "account_id", "c1": "subscription_id", "c2": "amount", "c3": "start"}
    if run.kind != "subscriptions":
        check(browser, run.pk, kind="subscriptions")
    assert "1 new" in text_of(check(browser, run.pk, **chosen, save_as="ours"))
    other = drafted(browser, odd.replace("acme", "birch"), "odd-2.csv")
    check(browser, other.pk, kind="subscriptions")
    check(browser, other.pk, do="again", kind="subscriptions", mapping="ours")
    assert "1 new" in text_of(check(browser, other.pk))


def test_changed_headings_are_never_matched_by_place(browser: Client) -> None:
    run = drafted(browser)
    response = check(browser, run.pk, heading_row="3")
    assert response.redirect_chain[-1][0] == reverse("import_columns", args=[run.pk])


def test_a_large_file_is_checked_by_the_worker(browser: Client, queued: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("tenure.web.uploads.MOST_AT_ONCE", 10)
    run = drafted(browser)
    assert "The file is being checked" in text_of(check(browser, run.pk))
    progress = browser.get(reverse("import_progress", args=[run.pk]), headers={"HX-Request": "true"})
    assert "Waiting for the worker" in text_of(progress)
    queued()
    progress = browser.get(reverse("import_progress", args=[run.pk]), headers={"HX-Request": "true"})
    assert progress["HX-Redirect"] == reverse("import", args=[run.pk])
    response = browser.get(progress["HX-Redirect"], follow=True)
    assert "Import 5 rows, leave out 1" in text_of(response)


def test_a_draft_that_is_given_up_is_gone(browser: Client) -> None:
    run = drafted(browser)
    response = browser.post(reverse("import_cancel", args=[run.pk]), follow=True)
    assert "nothing was written" in text_of(response)
    assert not list(jobs.uploads_folder().glob("*"))
    assert browser.get(reverse("import_columns", args=[run.pk]), follow=True).status_code == 200


def test_the_list_is_searched_and_needs_few_queries(browser: Client, django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        drafted(browser, GOOD, f"ledger-{n}.csv")
    with django_assert_max_num_queries(12):
        response = browser.get(reverse("imports"))
    assert text_of(response).count("ledger-") >= 12
    assert "ledger-3.csv" not in text_of(browser.get(f"{reverse('imports')}?q=ledger-11"))


def test_the_list_is_a_file_that_equals_the_screen(browser: Client) -> None:
    for name in ("=first.csv", "second.csv"):
        drafted(browser, GOOD, name)
    shown = browser.get(f"{reverse('imports')}?q=first").content.decode()
    file = re.search(r'href="(/imports/imports\.csv[^"]*)"', shown)
    assert file is not None
    rows = list(csv.reader(io.StringIO(browser.get(html.unescape(file[1])).content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["File", "Holds", "State"]
    assert [row[:3] for row in rows[1:]] == [["'=first.csv", "Subscriptions", "Draft"]]
    assert browser.get(reverse("imports_file", args=["xlsx"])).status_code == 200


def test_more_refused_rows_than_fit_are_repaired_in_the_marked_cells_only(browser: Client, queued: Any) -> None:
    rows = "".join(f"a{n},s{n},x{n},USD,2024-01-01,\n" for n in range(240))
    run = drafted(browser, GOOD + rows)
    check(browser, run.pk)
    browser.post(reverse("import_check", args=[run.pk]), {"skip_bad": "yes"})
    queued()
    page = browser.get(reverse("import", args=[run.pk])).content.decode()
    assert len(re.findall(r'name="r\d+-2"', page)) == drafts.MOST_REPAIRED
    assert not re.findall(r'name="r\d+-1"', page)
    assert "and 40 more in the file to download" in page
    response = browser.post(
        reverse("import_rows", args=[run.pk]), {"shown7": "1", "r7-2": "9", "shown8": "1", "r8-2": "y"}, follow=True
    )
    assert "1 repaired row is imported." in text_of(response)
    assert "Repair the 1 that were left out" in text_of(response)
