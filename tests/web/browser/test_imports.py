"""A newcomer brings a file with faults, by the pages alone and in Chinese: checked, imported, repaired, undone."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from reference.cases import SHARED

PLAYBOOK = SHARED / "data/mrr_playbook/subscription_periods.csv"
HEAD = "subscription_id,customer_id,start_date,end_date,monthly_amount\n"
ROWS = [f"{n},{n},2019-0{n}-01,2019-1{n % 3}-01,50\n" for n in range(1, 9)]
LEDGER = HEAD + "".join(ROWS)


@pytest.fixture
def worked(monkeypatch: Any) -> None:
    """Jobs are done as soon as they are queued, by the process that queued them."""
    from tenure.apps.connectors import tasks

    for task in (tasks.import_file, tasks.check_draft):
        monkeypatch.setattr(type(task), "enqueue", lambda self, *args, **named: self.func(*args, **named))


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A file of which three rows cannot be imported."""
    table = list(csv.reader(LEDGER.splitlines()))
    table[2][4] = "五十"
    table[4][3] = "2018-01-01"
    table[6][2] = "2019-02-31"
    file = tmp_path / "台账.csv"
    with file.open("w", encoding="gb18030", newline="") as stream:
        csv.writer(stream).writerows(table)
    return file


def upload(page: Any, file: Path) -> None:
    page.set_input_files("#files", file)
    expect(page.locator("#files-chosen")).to_have_text(file.name)
    page.get_by_role("button", name="上传并对应列").click()


def test_import_a_file_with_faults_repair_and_undo_it(
    open_as: Any, home: Path, ledger: Path, picture: Any, barriers: Any, worked: Any
) -> None:
    page = open_as("operator", reverse("imports"), language="zh-hans", home=home)
    wrong = {}

    def step(name: str) -> None:
        picture(page, name)
        wrong[name] = barriers(page)

    expect(page.get_by_role("heading", name="还没有导入过")).to_be_visible()
    page.get_by_role("link", name="导入文件").first.click()
    step("imports-1-choose")
    upload(page, ledger)
    # the headings tell what it is, and which column is which
    expect(page.locator("#kind")).to_have_value("subscriptions")
    expect(page.get_by_label("「monthly_amount」对应到")).to_have_value("amount")
    expect(page.locator("[name=v-interval]")).to_have_value("month")
    step("imports-2-columns")
    page.get_by_role("button", name="检查文件").click()
    # what would be written, what cannot be, and why
    expect(page.locator(".causes li")).to_have_count(3)
    expect(page.locator(".cell-error")).to_have_count(3)
    step("imports-3-check")
    page.get_by_role("button", name="导入 5 行，跳过 3 行").click()
    expect(page.get_by_role("heading", name="修好没导入的 3 行")).to_be_visible()
    step("imports-4-result")
    # one cell is still wrong: nothing is lost, and the page says which
    page.get_by_label("第 3 行，monthly_amount").fill("还是不对")
    page.get_by_label("跳过第 5 行").check()
    page.get_by_label("跳过第 7 行").check()
    page.get_by_role("button", name="导入改好的行").click()
    expect(page.get_by_label("第 3 行，monthly_amount")).to_have_value("还是不对")
    page.watched.forgive("422")
    page.get_by_label("第 3 行，monthly_amount").fill("50")
    page.get_by_role("button", name="导入改好的行").click()
    expect(page.get_by_text("修好的 1 行已导入。")).to_be_visible()
    page.get_by_role("link", name="查看", exact=True).click()
    expect(page.get_by_text("修好的行作为第")).to_be_visible()
    # undo asks first, then says what it did
    page.get_by_role("link", name="撤销", exact=True).click()
    step("imports-5-undo")
    page.get_by_role("button", name="撤销这次导入").click()
    expect(page.get_by_text("已撤销：收回 5 行")).to_be_visible()
    page.goto(reverse("imports"))
    expect(page.locator(".listing tbody tr")).to_have_count(2)
    step("imports-6-list")
    assert not any(wrong.values()), wrong


def test_a_repaired_file_comes_back(open_as: Any, home: Path, ledger: Path, tmp_path: Path, worked: Any) -> None:
    page = open_as("operator", reverse("import_new"), language="zh-hans", home=home)
    upload(page, ledger)
    page.get_by_role("button", name="检查文件").click()
    page.get_by_role("button", name="导入 5 行，跳过 3 行").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载这些行").click()
    table = list(csv.reader(Path(downloading.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert table[0] == ["Tenure 行号", *HEAD.strip().split(","), "Tenure 问题"]
    table[1][5], table[2][4], table[3][3] = "50", "2020-01-01", "2019-02-28"
    repaired = tmp_path / "repaired.csv"
    with repaired.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows(table)
    page.set_input_files("#repaired", repaired)
    page.get_by_role("button", name="上传", exact=True).click()
    page.get_by_role("button", name="导入 3 行").click()
    expect(page.get_by_text("次导入里修好的行。")).to_be_visible()
    expect(page.locator(".strip dd").first).to_have_text("3")


def test_an_import_that_runs_shows_its_progress_survives_a_reload_and_is_cancelled(
    open_as: Any, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.csv"
    file.write_text(LEDGER)
    page = open_as("operator", reverse("import_new"), language="zh-hans", home=home)
    upload(page, file)
    page.get_by_role("button", name="检查文件").click()
    page.get_by_role("button", name="导入 8 行").click()
    expect(page.get_by_text("等待后台进程")).to_be_visible()  # there is none in this test
    page.reload()
    expect(page.get_by_text("等待后台进程")).to_be_visible()
    page.get_by_role("button", name="取消").click()
    expect(page.get_by_text("没有导入 ledger.csv，什么都没有写入。")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("空.csv", b"", "是空的", id="empty"),
        pytest.param("图.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "不是", id="a picture"),
        pytest.param("旧.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧", id="an old workbook"),
    ],
)
def test_a_broken_file_is_refused_in_the_readers_language(
    open_as: Any, home: Path, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    page = open_as("operator", reverse("import_new"), language="zh-hans", home=home)
    upload(page, file)
    expect(page.get_by_role("alert")).to_contain_text(said)
    page.watched.forgive("422")


@pytest.mark.skipif(not PLAYBOOK.is_file(), reason="the real data of the MRR playbook are not on this machine")
def test_the_real_ledger_of_the_playbook_in_few_clicks(open_as: Any, home: Path, worked: Any) -> None:
    page = open_as("operator", reverse("import_new"), language="zh-hans", home=home)
    upload(page, PLAYBOOK)
    page.get_by_role("button", name="检查文件").click()
    page.get_by_role("button", name="导入 121 行").click()
    expect(page.locator(".strip dd").first).to_have_text("121")
    page.goto(reverse("import_new"))
    upload(page, PLAYBOOK)
    expect(page.get_by_text("这个文件在")).to_be_visible()
    page.get_by_role("button", name="检查文件").click()
    expect(page.get_by_text("每一行都和已有的一样")).to_be_visible()
