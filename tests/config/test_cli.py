"""The command line: what it prints, what it saves, what it refuses, and how fast it says what it can."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tenure.warehouse.lake import Lake

ROWS = (
    "account_id,subscription_id,amount,start,end,plan\na,s1,100,2024-01-01,,=pro\nb,s2,50,2024-01-01,2024-03-01,basic\n"
)


@pytest.fixture
def filled(tenure: Any, tmp_path: Path) -> Any:
    """The command on a workspace with two subscriptions."""
    (tmp_path / "rows.csv").write_text(ROWS, encoding="utf-8")
    done = tenure("import", "subscriptions", "rows.csv")
    assert done.returncode == 0, done.stderr
    return tenure


def test_help_names_every_command_and_loads_no_heavy_library(shell: Any) -> None:
    assert "close-month" in shell("--help").stdout
    heavy = ("django", "duckdb", "pyarrow", "numba", "numpy")
    code = f"import sys, tenure.config.cli; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_listed_command_exists_and_explains_itself() -> None:
    import click

    from tenure.config.cli import COMMANDS, cli

    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help, name


def test_an_answer_as_a_table(filled: Any) -> None:
    done = filled("ask", "movements", "--from", "2024-01", "--to", "2024-03")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0][:5] == ["period", "open", "new", "expansion", "contraction"]
    assert [line[:3] for line in lines[1:4]] == [
        ["2024-01", "0.00", "150.00"],
        ["2024-02", "150.00", "0.00"],
        ["2024-03", "150.00", "0.00"],
    ]


def test_further_tables_stand_under_the_answer(filled: Any) -> None:
    done = filled("ask", "retention", "--set", "first_interval=2024-01-01", "--set", "intervals=2")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["cohort", "size", "values", "rate", "complete"]
    assert lines[4:] == [["average"], ["column", "rate", "mean_of_cohorts"], ["0", "–", "–"], ["1", "–", "–"]]


def test_the_same_question_as_json(filled: Any) -> None:
    question = {"question": "movements", "from": "2024-03", "to": "2024-03", "by": ["plan"]}
    done = filled("ask", "--json", json.dumps(question), "--format", "json")
    answer = json.loads(done.stdout)
    assert answer["question"]["by"] == ["plan"]
    by_arguments = filled(
        "ask", "movements", "--from", "2024-03", "--to", "2024-03", "--by", "plan", "--format", "json"
    )
    assert json.loads(by_arguments.stdout)["rows"] == answer["rows"]
    assert {row["plan"]: row["churn"] for row in answer["rows"]} == {"=pro": "0.000000", "basic": "-50.000000"}


def test_a_saved_csv_runs_no_formula_and_keeps_negative_numbers(filled: Any, tmp_path: Path) -> None:
    filled("ask", "movements", "--from", "2024-03", "--to", "2024-03", "--by", "plan", "-o", "out.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8"))))
    assert {row["plan"]: row["churn"] for row in rows} == {"'=pro": "0.000000", "basic": "-50.000000"}


def test_parquet_and_sql_and_rows_behind(filled: Any, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    asked = ("ask", "movements", "--from", "2024-03", "--to", "2024-03")
    filled(*asked, "-o", "out.parquet")
    assert pq.read_table(tmp_path / "out.parquet")["churn"].to_pylist()[0] == -50
    assert "SELECT" in filled(*asked, "--sql").stdout.upper()
    behind = filled(*asked, "--rows-behind", "period=2024-03,kind=churn", "--format", "json")
    assert [row["account_id"] for row in json.loads(behind.stdout)] == ["b"]


def test_records_are_added_edited_ended_and_withdrawn(filled: Any) -> None:
    key = "c/s3/main/2024-01-01"
    assert (
        key
        in filled("add", "subscriptions", "account_id=c", "subscription_id=s3", "amount=1", "start=2024-01-01").stdout
    )
    filled("edit", "subscriptions", key, "quantity=7", "--by", "Olga")
    filled("end", "subscriptions", key, "2024-02-01")
    ask = ("ask", "movements", "--from", "2024-02", "--to", "2024-02", "--format", "json")
    assert json.loads(filled(*ask).stdout)["rows"][0]["churn"] == "-7.000000"
    filled("withdraw", "subscriptions", key, "--reason", "a test")
    assert json.loads(filled(*ask).stdout)["rows"][0]["churn"] == "0.000000"


def test_totals_of_another_system_are_reconciled(filled: Any, tmp_path: Path) -> None:
    (tmp_path / "billing.csv").write_text("month,mrr\n2024-01,150\n2024-02,160\nTotal,310\n", encoding="utf-8")
    refused = filled("reconcile", "billing.csv")
    assert (refused.returncode, "Line 4: “Total” is no month." in refused.stderr) == (2, True)
    done = filled("reconcile", "billing.csv", "--leave-out", "--by", "Olga")
    assert done.returncode == 0
    assert "2024-02" in done.stdout
    assert "10.00" in done.stdout
    assert done.stdout.endswith("Kept as number 1.\n")


def test_months_definitions_people_and_keys(tenure: Any) -> None:
    assert tenure("close-month", "2024-03", "--by", "Li Lei").stdout == "Closed 2024-03 by Li Lei.\n"
    assert tenure("reopen-month", "2024-03", "--by", "Li Lei").returncode == 0
    assert tenure("definitions", "define", "ours", "pause_policy=keep", "renewal_grace_days=10").stdout == "ours 1\n"
    assert "ours" in tenure("definitions").stdout
    assert tenure("create-owner", "olga@example.com").stdout.startswith("http://127.0.0.1:8000/")
    text = tenure("api-key", "create", "report").stdout.strip()
    prefix = text.split("_")[1]
    assert prefix in tenure("api-key", "list").stdout
    assert tenure("api-key", "revoke", prefix).returncode == 0


def test_views_for_everybody_are_saved_listed_and_removed(tenure: Any) -> None:
    assert "Saved view 1: To renew" in tenure("view", "save", "To renew", "accounts", "f=notice_by~lt~+90d").stdout
    assert "notice_by" in tenure("view", "list").stdout
    assert tenure("view", "save", "To renew", "accounts").returncode == 2
    assert tenure("view", "remove", "1").returncode == 0
    assert tenure("view", "remove", "1").returncode == 2


def test_the_first_owner_may_have_a_password(shell: Any, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("short\n")
    given = {"TENURE_OWNER_PASSWORD_FILE": str(secret)}
    refused = shell("create-owner", "olga@example.com", **given)
    assert (refused.returncode, "10 characters" in refused.stderr) == (2, True)
    secret.write_text("correct horse battery\n")
    done = shell("create-owner", "olga@example.com", **given)
    assert done.returncode == 0, "the refused password left no member behind"
    assert "correct horse" not in done.stdout + done.stderr


def test_a_workspace_is_well_after_a_replay_and_compaction(filled: Any) -> None:
    filled("create-owner", "olga@example.com")
    for command in ("mirror", "replay", "compact"):
        assert filled(command).returncode == 0
    done = filled("doctor")
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout


def test_questions_are_listed_with_their_fields(tenure: Any) -> None:
    done = tenure("questions", "movements")
    assert done.stdout.startswith("movements: ")
    assert "  from" in done.stdout


def test_fields_are_listed_in_sentences_of_the_readers_language(shell: Any) -> None:
    english, chinese = (shell("questions", TENURE_LANGUAGE=language).stdout for language in ("en", "zh_Hans"))
    assert "  grain: Length of the periods. One of: day, week, month, quarter, year.\n" in english
    assert "  grain：Length of the periods. 可取：day, week, month, quarter, year。\n" in chinese
    assert "  totals (required): " in english
    assert "  totals（必填）：" in chinese


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("ask", "movement"), "movements", id="unknown question"),
        pytest.param(("ask", "movements", "--set", "frm=2024"), "frm", id="unknown field"),
        pytest.param(("ask", "--json", "{"), "JSON", id="broken JSON"),
        pytest.param(("ask", "--json", "[]"), "JSON object", id="not an object"),
        pytest.param(("ask",), "--json", id="no question"),
        pytest.param(("ask", "movements", "--where", "plan"), "FIELD=VALUE", id="not a pair"),
        pytest.param(("ask", "movements", "--format", "parquet"), "-o", id="Parquet on the terminal"),
        pytest.param(("ask", "movements", "-o", "none/x.csv"), "none/x.csv", id="no such folder"),
        pytest.param(("add", "accounts", "colour=red"), "account_id", id="unknown column"),
        pytest.param(("edit", "accounts", "nobody", "name=x"), "nobody", id="unknown record"),
        pytest.param(("close-month", "March", "--by", "Li"), "2024-03", id="no month"),
        pytest.param(("login-link", "stranger@example.com"), "stranger@example.com", id="unknown member"),
        pytest.param(("import", "subscriptions", "none.csv"), "none.csv", id="no such file"),
        pytest.param(("questions", "movement"), "movements", id="unknown question in the list"),
        pytest.param(("definitions", "define", "ours", "colour=red"), "pause_policy", id="unknown setting"),
    ],
)
def test_a_refusal_is_one_message_with_its_remedy(tenure: Any, arguments: tuple[str, ...], said: str) -> None:
    done = tenure(*arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_of_a_definition_is_told_in_the_language_of_the_installation(shell: Any) -> None:
    done = shell("definitions", "define", "ours", "colour=red", TENURE_LANGUAGE="zh_Hans")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "没有名为 colour 的设置。")


def test_a_wrong_setting_stops_the_start(shell: Any) -> None:
    done = shell("mirror", TENURE_THREADS="many")
    assert (done.returncode, "TENURE_THREADS" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


def test_a_store_that_cannot_be_reached(shell: Any) -> None:
    done = shell("mirror", TENURE_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (done.returncode, "TENURE_DATABASE_URL" in done.stderr, "Traceback" in done.stderr) == (2, True, False)


@pytest.mark.parametrize(("language", "said"), [("en", "has something else in it"), ("zh_Hans", "里有别的内容")])
def test_the_demo_uses_no_folder_that_has_something_in_it(shell: Any, tmp_path: Path, language: str, said: str) -> None:
    (tmp_path / "tenure-demo").mkdir()
    (tmp_path / "tenure-demo" / "thesis.txt").write_text("years of work", encoding="utf-8")
    done = shell("demo", "--no-serve", TENURE_LANGUAGE=language)
    assert (done.returncode, "--home" in done.stderr, said in done.stderr) == (2, True, True), done.stderr
    assert [p.name for p in (tmp_path / "tenure-demo").iterdir()] == ["thesis.txt"]


def test_the_demo_prints_its_revenue_and_may_be_run_again(shell: Any, tmp_path: Path) -> None:
    first = shell("demo", "--no-serve", "--accounts", "60")
    assert first.returncode == 0, first.stderr
    assert "revenue_metrics" in first.stdout
    again = shell("demo", "--no-serve")
    assert again.stdout == first.stdout.replace("Simulating a company of 60 accounts\n", "")
    files = tmp_path / "tenure-demo" / "simulation"
    assert (files / "truths.json").exists()
    events = Lake(tmp_path / "tenure-demo" / "lake").count("events")
    assert events == pq.ParquetFile(files / "events.parquet").metadata.num_rows > 1000
    with sqlite3.connect(tmp_path / "tenure-demo" / "store.sqlite3") as store:
        written = "SELECT COUNT(*), COUNT(feature) FROM behaviour_evententryversion"
        assert store.execute(written).fetchone() == (29, 29)
        assert store.execute("SELECT page, cockpit FROM workspaces_savedview").fetchall() == [("funnels", 1)]


def test_a_firm_is_simulated_into_files(shell: Any, tmp_path: Path) -> None:
    small = ("--accounts", "12", "--months", "6", "--until", "2026-11-01")
    done = shell("simulate", "firm", *small)
    assert done.returncode == 0, done.stderr
    assert "accounts: " in done.stdout
    assert (tmp_path / "firm" / "events.parquet").exists()
    assert shell("simulate", "firm", *small, "--seed", "2").returncode == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    for wrong in (("mine",), ("other", "--until", "2060-01-01"), ("other", "--accounts", "0")):
        refused = shell("simulate", *wrong)
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False), wrong
