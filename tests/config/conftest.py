"""The command line: in this process, and as a process of its own in a folder of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.forked import Forked


@dataclass(frozen=True, slots=True)
class Done:
    """What a command did."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Any]


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as the first command makes it: its tables take seconds, so they are made once."""
    home = tmp_path_factory.mktemp("new") / "home"
    made = Forked([("migrate",)], _environ(home), home.parent).wait()
    assert made.returncode == 0, made.stderr
    return home


@pytest.fixture
def environ(new_home: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh workspace, with a SQLite store whatever the tests run on."""
    shutil.copytree(new_home, tmp_path / "home")
    return _environ(tmp_path / "home")


def _environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "DJANGO_"))}
    return {**kept, "TENURE_HOME": str(home), "COLUMNS": "100", "TENURE_TRACKING_PORT": "0"}


@pytest.fixture
def started(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Forked]]:
    """Start `tenure ARGUMENTS...` and go on; what still runs at the end is killed."""
    running: list[Forked] = []

    def start(*arguments: str) -> Forked:
        running.append(Forked([arguments], environ, tmp_path))
        return running[-1]

    yield start
    for process in running:
        process.kill()


@pytest.fixture
def shell(environ: dict[str, str], tmp_path: Path) -> Run:
    """Run `tenure ARGUMENTS...` as a person does; further settings by name."""
    return lambda *arguments, **more: Forked([arguments], {**environ, **more}, tmp_path).wait()


@pytest.fixture
def script(environ: dict[str, str], tmp_path: Path) -> Run:
    """Run several commands in one process, one after the other, up to the first that refuses: much is read but once."""
    return lambda *commands, **more: Forked(commands, {**environ, **more}, tmp_path).wait()


EACH = """
import contextlib, io, json, sys
from tenure.config import cli
done = []
for arguments in json.loads(sys.argv[1]):
    code, said = 0, io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            cli.main(arguments)
        except SystemExit as ended:
            code = ended.code or 0
    done.append((code, said.getvalue()))
sys.stdout = sys.__stdout__
print("\\n" + json.dumps(done))
"""


@pytest.fixture
def each(environ: dict[str, str], tmp_path: Path) -> Callable[..., list[tuple[int, str]]]:
    """Run several commands in one process, also after one that refuses; (code, standard error) of each."""

    def run(*commands: Sequence[str]) -> list[tuple[int, str]]:
        command = [sys.executable, "-c", EACH, json.dumps(commands)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, cwd=tmp_path, env=environ, timeout=300
        )
        return [(code, said) for code, said in json.loads(done.stdout.splitlines()[-1])]

    return run


@pytest.fixture
def tenure(home: Path, db: None, monkeypatch: pytest.MonkeyPatch, capfd: Any, tmp_path: Path, settings: Any) -> Run:
    """Run `tenure ARGUMENTS...` in this process, on the test's workspace and store."""
    from tenure.config import cli

    monkeypatch.chdir(tmp_path)
    settings.ALLOWED_HOSTS = ["localhost"]  # and not the name of the tests' own server
    monkeypatch.setenv("TENURE_HOME", str(home))
    monkeypatch.setenv("TENURE_DATABASE_URL", "sqlite:///the-store-of-the-tests")

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        code: Any = 0
        try:
            cli.main(list(arguments))
        except SystemExit as ended:
            code = ended.code
        said = capfd.readouterr()
        return Done(int(code or 0), said.out, said.err)

    return run
