"""Make a mistake in a copy of the tree, run the tests that should notice it there, and say whether one did.

What the scripts that make mistakes share. The tree is copied once, with what is compiled in it; for each mistake that
copy is linked, not copied again, and one file of it is written anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "tenure"
PATIENCE = 900
"""Seconds after which a run counts as noticed: the mistake made a loop endless."""
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore", "--tb=no")


class Mutation(NamedTuple):
    name: str
    path: str
    old: str
    new: str


class Try(NamedTuple):
    """A mistake and what should notice it."""

    mutation: Mutation
    tests: tuple[tuple[str, ...], ...]
    """arguments for pytest; the next are taken only if those before notice nothing"""


class Tried(NamedTuple):
    mutation: Mutation
    noticed: str
    """the first test that failed; empty if none did"""
    seconds: float


def mutated(text: str, mutation: Mutation) -> str:
    """The text with the mistake in it.

    Raises: SystemExit if the text to be replaced is not there exactly once.
    """
    found = text.count(mutation.old)
    if found != 1:
        raise SystemExit(f"{mutation.name}: its text stands {found} times in {mutation.path}; rewrite the mutation")
    return text.replace(mutation.old, mutation.new)


def chosen(tries: Sequence[Try], only: Sequence[str] | None) -> list[Try]:
    """Those whose names have one of the given parts; all if none are given. All must fit the code."""
    found = [one for one in tries if not only or any(part in one.mutation.name for part in only)]
    for one in found:
        mutated((SOURCE / one.mutation.path).read_text(encoding="utf-8"), one.mutation)
    return found


def run(
    tries: Sequence[Try],
    healthy: Sequence[str],
    jobs: int,
    environment: Mapping[str, str] | None = None,
    made: Callable[[Path, str], None] = lambda _tree, _path: None,
) -> Iterator[Tried]:
    """Try each mistake, so many at a time, and print what came of it.

    tries: as `chosen` gives them
    healthy: arguments for pytest of tests that must pass without any mistake
    made: called with the tree and the path of its changed file before the tests run

    Raises: SystemExit if the healthy tests fail, or if the tests cannot run.
    """
    environment = os.environ if environment is None else environment
    with tempfile.TemporaryDirectory(prefix="tenure-mistakes-") as folder:
        template = _copied(Path(folder) / "template")
        failed = _noticed(template, healthy, environment)
        if failed:
            raise SystemExit(f"the tests fail without any mistake: {failed}")

        def tried(one: Try) -> Tried:
            start = time.monotonic()
            with tempfile.TemporaryDirectory(dir=folder) as own:
                tree = shutil.copytree(template, Path(own) / "tree", symlinks=True, copy_function=os.link)
                place = tree / "src" / "tenure" / one.mutation.path
                text = mutated(place.read_text(encoding="utf-8"), one.mutation)
                place.unlink()  # the link, not the template's file
                place.write_text(text, encoding="utf-8")
                made(tree, one.mutation.path)
                noticed = next(filter(None, (_noticed(tree, tests, environment) for tests in one.tests)), "")
            return Tried(one.mutation, noticed, time.monotonic() - start)

        with ThreadPoolExecutor(jobs) as pool:
            for done in pool.map(tried, tries):
                state = "noticed" if done.noticed else "SURVIVED"
                print(f"{state:<9}{done.seconds:6.0f} s  {done.mutation.name:<36} {done.noticed}", flush=True)
                yield done


def _copied(into: Path) -> Path:
    """A copy of the tree with the compiled kernels."""
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, into / name, symlinks=True, copy_function=shutil.copy2)
    for name in ("pyproject.toml", "hatch_build.py"):
        shutil.copy2(ROOT / name, into / name)
    return into


def _noticed(tree: Path, tests: Sequence[str], environment: Mapping[str, str]) -> str:
    """The first test that fails in a tree, or nothing."""
    try:
        done = subprocess.run(
            [sys.executable, *PYTEST, *tests],
            cwd=tree,
            env={**environment, "PYTHONPATH": str(tree / "src")},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {PATIENCE} s"
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode not in (0, 1, 2) or (done.returncode and not failed):
        raise SystemExit(f"the tests could not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[0][:110] if failed else ""
