"""Drafts: a file is kept, looked into, mapped and checked; what is refused comes back repaired."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone, translation

from tenure.apps.connectors import files, tasks
from tenure.apps.connectors.files import drafts, jobs, rejects
from tenure.apps.connectors.files.options import Options
from tenure.apps.subscriptions.models import SubscriptionVersion
from tenure.apps.workspaces.models import ImportRun
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parent / "sample"
HEAD = b"account_id,subscription_id,amount,currency,start,end\n"
GOOD = HEAD + b"".join(b"a%d,s%d,100,USD,2024-01-0%d,\n" % (n, n, n) for n in range(1, 6))
BAD = GOOD + b"a6,s6,much,USD,2024-01-01,\na7,s7,100,USD,2024-01-01,2023-01-01\na8,s8,10,USD\n"


def keep(content: bytes = GOOD, name: str = "ledger.csv", **more: Any) -> ImportRun:
    return drafts.keep(content, by="Otto", name=name, **more)


def checked(run: ImportRun) -> dict[str, Any]:
    drafts.carry_out_check(run.pk)
    run.refresh_from_db()
    found = drafts.found_of(run)
    assert found is not None, drafts.refusal_of(run)
    return found


@pytest.mark.parametrize("kind", ["accounts", "contracts", "discounts", "fx_rates", "invoice_lines", "subscriptions"])
def test_the_headings_tell_what_a_file_holds(home: Path, kind: str) -> None:
    assert keep((SAMPLE / f"{kind}.csv").read_bytes(), "export.csv").kind == kind


@pytest.mark.parametrize(
    ("headings", "name", "kind"),
    [
        pytest.param("客户编号,客户名称,行业,地区", "", "accounts", id="Chinese accounts"),
        pytest.param("联系人ID,客户编号,姓名,邮箱,电话", "", "contacts", id="Chinese contacts"),
        pytest.param("合同编号,客户编号,合同金额,开始日期,结束日期", "", "contracts", id="Chinese contracts"),
        pytest.param("客户编号,订阅编号,月费,开始日期", "", "subscriptions", id="Chinese subscriptions"),
        pytest.param("日期,币种,汇率", "", "fx_rates", id="Chinese rates"),
        pytest.param("id,name,notes", "客户名单.xlsx", "accounts", id="the name of the file decides"),
    ],
)
def test_the_likely_kind(headings: str, name: str, kind: str) -> None:
    assert drafts.likely_kinds(headings.split(","), name)[0] == kind


def test_a_known_export_brings_its_mapping(home: Path) -> None:
    head = b"id,Customer ID,Plan,Product,Quantity,Currency,Amount,Interval,Start Date (UTC),Ended At (UTC)\n"
    run = keep(head + b"sub_1,cus_1,pro,p,1,usd,12.50,month,2024-01-01 10:00,\n")
    assert (run.kind, run.options["mapping"]) == ("subscriptions", "stripe-subscriptions")
    assert drafts.look(run).plan.stamps == "UTC"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "import.empty_file", id="empty"),
        pytest.param(b"\x00\x01\x02\x03" * 50, "import.unknown_format", id="no table at all"),
        pytest.param(b"PK\x03\x04broken", "import.damaged", id="a broken workbook"),
    ],
)
def test_a_file_that_cannot_be_read_is_not_kept(home: Path, content: bytes, code: str) -> None:
    with pytest.raises(files.ImportRefused) as refused:
        keep(content)
    assert refused.value.code == code
    assert ImportRun.objects.count() == 0
    assert list(jobs.uploads_folder().iterdir()) == []


def test_a_look_shows_headings_values_and_what_is_missing(home: Path) -> None:
    seen = drafts.look(keep(b"who,since,subscription\nacme,2024-01-01,s1\nbirch,2024-02-01,s2\n", kind="subscriptions"))
    assert seen.headings == ["who", "since", "subscription"]
    assert seen.values == [["acme", "birch"], ["2024-01-01", "2024-02-01"], ["s1", "s2"]]
    assert {c.column for c in seen.plan.chosen} == {"subscription_id"}
    assert seen.missing == ["account_id", "start", "amount"]


def test_a_look_leaves_open_what_several_headings_could_be(home: Path) -> None:
    seen = drafts.look(keep(b"account_id,subscription,start,seats,users,price\na,s,2024-01-01,1,2,3\n"))
    assert "quantity" not in {c.column for c in seen.plan.chosen}
    assert seen.missing == []


def test_a_check_says_what_an_import_would_do_and_writes_nothing(home: Path) -> None:
    files.run_import(HEAD + b"a1,s1,100,USD,2024-01-01,\na2,s2,90,USD,2024-01-02,\n", "subscriptions", by="Otto")
    found = checked(keep(BAD))
    assert (found["created"], found["changed"], found["unchanged"]) == (3, 1, 1)
    assert (found["rows_read"], found["rows_good"], found["rows_bad"]) == (8, 5, 3)
    assert found["fates"] == ["unchanged", "changed", "created", "created", "created"]
    assert SubscriptionVersion.objects.count() == 2


def test_a_check_that_cannot_read_the_file_says_why(home: Path) -> None:
    run = keep(b"who,what\na,b\n", kind="subscriptions")
    drafts.carry_out_check(run.pk)
    run.refresh_from_db()
    assert drafts.refusal_of(run).code == "import.missing_column"
    assert (run.state, drafts.found_of(run)) == ("draft", None)


def test_choosing_anew_forgets_the_check(home: Path) -> None:
    run = keep()
    checked(run)
    assert drafts.choose(run, "subscriptions", Options(end_inclusive=True))
    assert (drafts.found_of(run), drafts.options_of(run).end_inclusive) == (None, True)


def test_a_draft_is_imported_by_the_worker_once(home: Path, queued: Any) -> None:
    run = keep()
    assert tasks.queue_draft(run, Options(), by="Otto")
    assert not tasks.queue_draft(run, Options(), by="Otto")
    queued()
    run.refresh_from_db()
    assert (run.state, run.created, run.upload) == ("applied", 5, "")
    assert list(jobs.uploads_folder().iterdir()) == []


def test_a_large_draft_is_checked_by_the_worker(home: Path, queued: Any) -> None:
    run = keep()
    tasks.queue_check(run)
    run.refresh_from_db()
    assert run.state == "checking"
    queued()
    run.refresh_from_db()
    assert drafts.found_of(run)["created"] == 5


def test_a_check_that_is_stopped_leaves_the_draft(home: Path, queued: Any) -> None:
    run = keep()
    tasks.queue_check(run)
    assert files.cancel(run.pk, by="Otto").state == "checking"
    queued()
    run.refresh_from_db()
    assert (run.state, drafts.found_of(run), drafts.refusal_of(run)) == ("draft", None, None)
    assert checked(run)["created"] == 5


def test_a_draft_is_thrown_away_when_it_is_cancelled_and_when_nobody_touches_it(home: Path) -> None:
    one, other, young = keep(), keep(), keep()
    assert files.cancel(one.pk, by="Otto").state == "cancelled"
    ImportRun.objects.filter(pk=other.pk).update(started_at=timezone.now() - timedelta(days=8))
    tasks.sweep()
    states = dict(ImportRun.objects.values_list("pk", "state"))
    assert states == {one.pk: "cancelled", other.pk: "cancelled", young.pk: "draft"}
    assert len(list(jobs.uploads_folder().iterdir())) == 1


def test_a_check_whose_workers_died_leaves_the_draft(home: Path) -> None:
    run = keep()
    tasks.queue_check(run)
    tasks.DBTaskResult.objects.all().delete()
    tasks.sweep()
    run.refresh_from_db()
    assert (run.state, drafts.refusal_of(run).code) == ("draft", "import.killed")


# ---------------------------------------------------------------------- refused rows


def refused(content: bytes = BAD, **more: Any) -> ImportRun:
    done = files.run_import(content, "subscriptions", Options(skip_bad=True, **more), by="Otto", name="ledger.csv")
    return ImportRun.objects.get(pk=done.run)


def test_refused_rows_are_kept_as_they_stand_with_what_is_wrong(home: Path) -> None:
    heads, rows = drafts.refused_rows(refused())
    assert heads == ["account_id", "subscription_id", "amount", "currency", "start", "end"]
    assert [(r.row, r.cells[1], [p.code for p in r.problems]) for r in rows] == [
        (7, "s6", ["import.bad_number"]),
        (8, "s7", ["import.end_before_start"]),
        (9, "s8", ["import.too_few_cells"]),
    ]


def test_rows_of_one_key_that_differ_are_kept_too(home: Path) -> None:
    _heads, rows = drafts.refused_rows(refused(GOOD + b"a1,s1,200,USD,2024-01-01,\n"))
    assert [(r.row, r.cells[2], r.problems[0].code) for r in rows] == [
        (2, "100", "import.duplicate_key"),
        (7, "200", "import.duplicate_key"),
    ]


def test_the_file_of_refused_rows_speaks_the_readers_language_and_comes_back_repaired(home: Path) -> None:
    run = refused(BAD + b"'=x,s9,much,USD,2024-01-01,\n=cmd,s10,-,USD,2024-01-01,\n")
    with translation.override("zh-hans"):
        text = "".join(rejects.as_csv(drafts.rejects_of(run)))
    table = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert table[0] == ["Tenure 行号", "account_id", *HEAD.decode().strip().split(",")[1:], "Tenure 问题"]
    assert table[1][:4] == ["7", "a6", "s6", "much"]
    assert "这不是" in table[1][-1]
    assert table[5][1] == "'=cmd"
    for line in table[1:]:
        line[3], line[4], line[6] = "250", "USD", ""
        line[5] = line[5] or "2024-01-01"
    out = io.StringIO()
    csv.writer(out).writerows(table)
    back = drafts.keep(out.getvalue().encode("utf-8-sig"), by="Otto", kind="subscriptions", name="repaired.csv",
                       options=drafts.repair_options(run), repairs=run)  # fmt: skip
    found = checked(back)
    assert (found["rows_good"], found["rows_bad"], found["mapping"]["unused"]) == (5, 0, [])
    assert found["rows"][-1]["account_id"] == "=cmd"


def test_rows_repaired_in_the_page_are_a_run_of_their_own(home: Path) -> None:
    run = refused()
    _heads, rows = drafts.refused_rows(run)
    first = ["a6", "s6", "250", "USD", "2024-01-01", ""]
    done = drafts.repair(run, [(rows[0].row, first), (rows[1].row, rows[1].cells)], by="Otto")
    assert isinstance(done, files.ImportResult)
    second = ImportRun.objects.get(pk=done.run)
    assert (second.repairs_id, second.created, second.rows_bad, second.kind) == (run.pk, 1, 1, "subscriptions")
    assert [(r.row, r.cells) for r in drafts.refused_rows(second)[1]] == [(8, rows[1].cells)]
    third = drafts.repair(second, [(8, ["a7", "s7", "100", "USD", "2024-01-01", ""])], by="Otto")
    assert (third.created, third.outcome.rows_bad) == (1, 0)


def test_where_no_repaired_row_can_be_imported_nothing_is_written(home: Path) -> None:
    run = refused()
    _heads, rows = drafts.refused_rows(run)
    found = drafts.repair(run, [(r.row, r.cells) for r in rows], by="Otto")
    assert isinstance(found, files.Preview)
    assert ImportRun.objects.count() == 1


def test_repaired_rows_are_read_as_the_first_file_was(home: Path) -> None:
    content = (
        b"account_id;subscription_id;amount;currency;start\na1;s1;1.250,50;EUR;13/02/2024\na2;s2;x;EUR;03/04/2024\n"
    )
    run = refused(content)
    done = drafts.repair(run, [(3, ["a2", "s2", "1,500", "EUR", "03/04/2024"])], by="Otto")
    assert isinstance(done, files.ImportResult)
    version = SubscriptionVersion.objects.get(subscription_id="s2")
    assert (version.amount, version.start.isoformat()) == (1.5, "2024-04-03")


def test_a_row_keeps_its_number_in_keys_made_of_it(home: Path) -> None:
    content = b"account,amount,currency,start\na,1,USD,2024-01-01\nb,x,USD,2024-01-01\n"
    options = Options(constants={"subscription_id": "s-{row}"}, skip_bad=True)
    run = ImportRun.objects.get(pk=files.run_import(content, "subscriptions", options, by="Otto").run)
    drafts.repair(run, [(3, ["b", "2", "USD", "2024-01-01"])], by="Otto")
    assert sorted(SubscriptionVersion.objects.values_list("subscription_id", flat=True)) == ["s-2", "s-3"]


def test_only_a_draft_is_looked_into(home: Path) -> None:
    run = keep()
    files.cancel(run.pk, by="Otto")
    with pytest.raises(TenureError):
        drafts.look(ImportRun.objects.get(pk=run.pk))
