"""Commands of `tenure` in processes of their own, forked from one that has read the libraries: they start at once."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess

from forks import forks

PATIENCE = 300


class Forked:
    """`tenure ARGUMENTS...`, running; several commands run one after the other, up to the first that refuses."""

    def __init__(self, commands: Sequence[Sequence[str]], environ: Mapping[str, str], folder: Path) -> None:
        self._said = Path(tempfile.mkdtemp(dir=folder, prefix=".said-"))
        given = ([list(command) for command in commands], dict(environ), str(folder), str(self._said))
        self._process = forks().Process(target=_run, args=given)
        self._process.start()

    @property
    def pid(self) -> int:
        return int(self._process.pid or 0)

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def stop(self) -> None:
        """Ask it to stop, as the system does."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self, seconds: float = PATIENCE) -> CompletedProcess[str]:
        """What it did."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            self.kill()
            raise TimeoutError(self._text("out") + self._text("err"))
        return CompletedProcess([], self._process.exitcode, self._text("out"), self._text("err"))

    def _text(self, name: str) -> str:
        return (self._said / name).read_text(encoding="utf-8")


def _run(commands: list[list[str]], environ: dict[str, str], folder: str, said: str) -> None:
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(Path(said) / name, os.O_WRONLY | os.O_CREAT), number)
    from tenure.config import cli

    for arguments in commands:
        sys.argv = ["tenure", *arguments]
        cli.main(arguments)
