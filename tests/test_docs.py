"""What the documentation shows is what the product does: worked tables are asked, code and commands are run.

In a page,

- `<!-- rows TABLE -->` before a Markdown table gives rows of TABLE (an empty cell is left out; `[` and `{` begin JSON);
- a fence marked `json settings` gives the settings, one marked `json ask` a question;
- `<!-- answer -->` before a table is the question's whole answer in those columns, in any order of rows;
  `<!-- answer among -->` are some of its rows;
- a fence marked `csv file=NAME` is a file; one marked `console run` is typed into a shell, and what follows each `$`
  line is what it prints (`...` stands for any lines); one marked `python run` is run.

Rows and settings hold until the next heading; files hold for the page.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
MARK = re.compile(r"<!-- (rows|answer)(?: (\w+))? -->$")
FENCE = re.compile(r"```(\w+) ?(.*)$")

Row = dict[str, Any]


@dataclass
class Asked:
    """One question of a page with what stands before it and the answer shown."""

    where: str
    question: Row
    tables: dict[str, list[Row]]
    settings: Row
    answer: list[Row] = field(default_factory=list)
    whole: bool = True


@dataclass
class Typed:
    """The files and the code of one page, in order."""

    where: str
    files: dict[str, str] = field(default_factory=dict)
    blocks: list[tuple[str, str]] = field(default_factory=list)


def cell(text: str) -> Any:
    text = text.strip()
    return json.loads(text) if text[:1] in {"[", "{"} else text or None


def table(lines: Iterator[tuple[int, str]]) -> list[Row]:
    """The Markdown table that comes next."""
    found: list[list[str]] = []
    for _, line in lines:
        if line.startswith("|"):
            found.append(re.split(r"(?<!\\)\|", line.strip())[1:-1])
        elif found:
            break
    names = [name.strip().strip("`") for name in found[0]]
    return [dict(zip(names, map(cell, row), strict=True)) for row in found[2:]]


def fenced(lines: Iterator[tuple[int, str]]) -> str:
    body = []
    for _, line in lines:
        if line == "```":
            break
        body.append(line)
    return "\n".join(body) + "\n"


def read(page: Path) -> tuple[list[Asked], Typed]:
    """All examples of a page."""
    name = page.relative_to(ROOT).as_posix()
    asked: list[Asked] = []
    typed = Typed(name)
    tables: dict[str, list[Row]] = {}
    settings: Row = {}
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    for number, line in lines:
        if line.startswith("#"):
            tables, settings = {}, {}
        elif mark := MARK.match(line):
            if mark[1] == "rows":
                tables = {**tables, mark[2]: [{k: v for k, v in r.items() if v is not None} for r in table(lines)]}
            else:
                asked[-1].answer, asked[-1].whole = table(lines), mark[2] is None
        elif fence := FENCE.match(line):
            kind, note, body = fence[1], fence[2], fenced(lines)
            if (kind, note) == ("json", "settings"):
                settings = json.loads(body)
            elif (kind, note) == ("json", "ask"):
                asked.append(Asked(f"{name}:{number}", json.loads(body), tables, settings))
            elif note.startswith("file="):
                typed.files[note.removeprefix("file=")] = body
            elif note == "run":
                typed.blocks.append((kind, body))
    return asked, typed


SHOWN = re.compile(r"^\$ (tenure ask .*[^\\])$", re.MULTILINE)
PLAIN = re.compile(r"tenure (?!serve|demo|restore)[^|<>&;$*`~#]*$")
SHELL = """
import contextlib, io, json, os, sys
import django.db.models, tenure.warehouse.workspace
from tenure.config import cli
for page in iter(sys.stdin.readline, ""):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        print(flush=True)
        continue
    folder, environment = json.loads(page)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    print(flush=True)
    for line in iter(sys.stdin.readline, "\\n"):
        code, printed, said = 0, io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
            try:
                cli.main(json.loads(line))
            except SystemExit as ended:
                code = ended.code or 0
        print(json.dumps([code, printed.getvalue(), said.getvalue()]), flush=True)
    os._exit(0)
"""
"""A process for each page, with the libraries that all need: commands one after the other, each with what it prints."""

READ = [read(page) for page in PAGES]
QUESTIONS = [q for asked, _ in READ for q in asked]
CODE = [typed for _, typed in READ if typed.blocks]


def same(found: Any, shown: Any) -> bool:
    """Equal as shown: numbers to 6 places, lists item by item, everything else as text."""
    if found is None or shown is None:
        return found is shown
    if isinstance(shown, list):
        return len(found) == len(shown) and all(same(f, s) for f, s in zip(found, shown, strict=True))
    try:
        return abs(Decimal(str(found)) - Decimal(str(shown))) <= Decimal("0.000001")
    except InvalidOperation:
        return str(found) == str(shown)


def matches(found: Row, shown: Row) -> bool:
    return all(name in found and same(found[name], value) for name, value in shown.items())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_asks_can_be_asked(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the commands that are shown without being run."""
    from tenure.config.commands import ask
    from tenure.warehouse import questions

    class Enough(Exception):
        """The question was understood."""

    class Workspace:
        def ask(self, question: Row) -> None:
            questions.parse(question)
            raise Enough

    monkeypatch.setattr(ask, "opened", Workspace)
    for line in SHOWN.findall(page.read_text(encoding="utf-8")):
        with pytest.raises(Enough):
            ask.ask.main(shlex.split(line)[2:], standalone_mode=False)


@pytest.mark.parametrize("example", QUESTIONS, ids=lambda example: example.where)
def test_a_worked_table_is_what_the_question_answers(example: Asked) -> None:
    import tenure

    workspace = tenure.open(settings=example.settings)
    for name, rows in example.tables.items():
        workspace.load(name, rows)
    found = workspace.ask(example.question).to_dicts()
    assert example.answer, "the page shows no answer"
    columns = list(example.answer[0])
    shown_found = "\n".join(str({c: row.get(c) for c in columns}) for row in found)
    left = list(found)
    for row in example.answer:
        match = next((f for f in left if matches(f, row)), None)
        assert match is not None, f"no row {row} in\n{shown_found}"
        left.remove(match)
    if example.whole:
        assert not left, f"the page does not show {left}"


@pytest.fixture(scope="module")
def shells() -> Iterator[subprocess.Popen[str]]:
    """The process that all pages come from."""
    command = [sys.executable, "-c", SHELL]
    with subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process


@pytest.fixture
def shell(shells: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """The process of a page, once it is told its folder and environment.

    What is written for the next page before this one's process has ended would be read by that, and lost.
    """
    yield shells
    assert shells.stdin is not None
    assert shells.stdout is not None
    shells.stdin.write("\n")
    shells.stdin.flush()
    shells.stdout.readline()


def tell(shell: subprocess.Popen[str], what: Any) -> str:
    """The line that the process answers."""
    assert shell.stdin is not None
    assert shell.stdout is not None
    shell.stdin.write(json.dumps(what) + "\n")
    shell.stdin.flush()
    return shell.stdout.readline()


@pytest.mark.slow
@pytest.mark.parametrize("page", CODE, ids=lambda page: page.where)
def test_code_on_a_page_runs_as_shown(page: Typed, shell: subprocess.Popen[str], tmp_path: Path) -> None:
    for name, body in page.files.items():
        (tmp_path / name).write_text(body, encoding="utf-8")
    folder = Path(sys.executable).parent
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("TENURE_", "DJANGO_", "PYTEST_"))}
    environment |= {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "120", "NO_COLOR": "1"}
    environment |= {"TENURE_HOME": str(tmp_path / "tenure-data")}

    def typed(command: str) -> str:
        """A command of ours, in a process that has read what they all read; what it prints."""
        code, printed, said = json.loads(tell(shell, shlex.split(command)[1:]))
        assert code == 0, f"{command}\n{printed}{said}"
        return str(printed)

    def run(command: str | list[str]) -> str:
        if isinstance(command, str) and PLAIN.match(command):
            return typed(command)
        done = subprocess.run(
            command,
            shell=isinstance(command, str),
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    tell(shell, [str(tmp_path), environment])
    for kind, body in page.blocks:
        if kind == "python":
            run([sys.executable, "-c", body])
            continue
        for step in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
            command, _, printed = step.partition("\n")
            while command.endswith("\\"):
                following, _, printed = printed.partition("\n")
                command = command[:-1] + following.strip()
            expected = [re.escape(line.rstrip()) for line in printed.rstrip().splitlines()]
            pattern = "\n".join(expected).replace(re.escape("..."), r".*?")
            output = "\n".join(line.rstrip() for line in run(command).rstrip().splitlines())
            assert not printed.strip() or re.fullmatch(pattern, output, re.DOTALL), f"$ {command}\n{output}"


def test_there_are_examples() -> None:
    assert len(QUESTIONS) > 20, "the pages' examples are no longer found"
