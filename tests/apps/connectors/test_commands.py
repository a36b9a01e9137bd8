"""`tenure import` and `tenure imports`, as they are typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from django.utils import translation

from apps.connectors.made_files import GOOD, table
from tenure.apps.connectors import commands
from tenure.apps.connectors.files import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.csv"
    path.write_bytes(table(GOOD))
    return path


def typed(*arguments: str | Path) -> Result:
    return CliRunner().invoke(commands.import_files, [str(a) for a in arguments])


def test_a_file_is_imported_listed_and_taken_back(home: Path, ledger: Path) -> None:
    done = typed("subscriptions", ledger)
    assert done.exit_code == 0
    assert "1 new, 0 changed, 0 unchanged" in done.stdout
    listed = CliRunner().invoke(commands.list_imports, []).stdout
    assert "ledger.csv" in listed
    run = listed.split()[0]
    assert "1 rows withdrawn" in typed("--undo", run).stdout


def test_a_dry_run_shows_the_mapping_and_writes_nothing(home: Path, ledger: Path) -> None:
    done = typed("subscriptions", ledger, "--dry-run")
    assert "account_id           account_id  (100%)" in done.stdout
    assert "nothing was written" in done.stdout
    assert CliRunner().invoke(commands.list_imports, []).stdout == ""


def test_bad_rows_are_shown_with_their_remedy_and_the_report(home: Path, ledger: Path) -> None:
    ledger.write_bytes(table(GOOD, GOOD.replace("S1", "S2").replace(",100,", ",x,")))
    done = typed("subscriptions", ledger)
    assert done.exit_code == commands.REFUSED
    assert "row 3 amount “x”: This is not a number." in done.stderr
    assert "report.csv" in done.stderr
    kept = typed("subscriptions", ledger, "--skip-bad", "--report", home / "bad.csv")
    assert "1 new, 0 changed, 0 unchanged, 1 left out" in kept.stdout
    assert (home / "bad.csv").exists()


@pytest.mark.parametrize(
    ("place", "line"),
    [
        pytest.param((3, "amount", "x"), "第 3 行 amount「x」：错了。改一改。 [c]", id="row, heading and value"),
        pytest.param((3, "amount", ""), "第 3 行 amount：错了。改一改。 [c]", id="an empty cell"),
        pytest.param((3, "", "a/s"), "第 3 行「a/s」：错了。改一改。 [c]", id="a row by its key"),
        pytest.param((3, "", ""), "第 3 行：错了。改一改。 [c]", id="a row"),
        pytest.param((None, "amount", "x"), "amount「x」：错了。改一改。 [c]", id="a column and a value"),
        pytest.param((None, "amount", ""), "amount：错了。改一改。 [c]", id="a column"),
        pytest.param((None, "", ""), "错了。改一改。 [c]", id="the file"),
    ],
)
def test_a_problem_is_one_sentence_of_the_readers_language(place: tuple[Any, ...], line: str) -> None:
    row, heading, value = place
    problem = {"row": row, "heading": heading, "value": value, "message": "错了。", "fix": "改一改。", "code": "c"}
    with translation.override("zh-hans"):
        assert commands._problem_line(problem) == line


def test_headings_and_constants_are_given_as_pairs(home: Path, ledger: Path) -> None:
    ledger.write_bytes(table("A,S,1,2026-01-01", headings="who,what,much,since"))
    pairs = ["--map", "account_id=who", "--map", "subscription_id=what", "--map", "amount=much", "--map", "start=since"]
    assert "1 new" in typed("subscriptions", ledger, *pairs, "--set", "currency=CNY", "--save-mapping", "ours").stdout
    assert "1 unchanged" in typed("subscriptions", ledger, "--mapping", "ours").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param([], "KIND is one of", id="nothing"),
        pytest.param(["subscriptions", "none.csv"], "There is no file “none.csv”", id="no such file"),
        pytest.param(["tea", "none.csv"], "“tea” cannot be imported", id="no such kind"),
        pytest.param(["subscriptions", "x", "--map", "start"], "not COLUMN=VALUE", id="half a pair"),
        pytest.param(["--undo", "77"], "There is no import “77”", id="no such import"),
    ],
)
def test_what_is_typed_wrongly_is_told(home: Path, arguments: list[str], told: str) -> None:
    done = typed(*arguments)
    assert done.exit_code == commands.REFUSED
    assert told in done.stderr


def test_the_help_names_every_kind() -> None:
    text = " ".join(typed("--help").stdout.split())
    assert all(kind in text for kind in KINDS)
