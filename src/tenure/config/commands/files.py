"""`tenure import` and `tenure imports`: the connectors' commands, with the store made ready before they run."""

from __future__ import annotations

import copy
from typing import Any

import click

from tenure.apps.connectors import commands
from tenure.config import cli


def _with_store(command: click.Command) -> click.Command:
    """The command, run after the workspace is made ready."""
    inner = command.callback
    assert inner is not None

    def run(**arguments: Any) -> Any:
        cli.ready()
        return inner(**arguments)

    made = copy.copy(command)
    made.callback = run
    return made


import_files = _with_store(commands.import_files)
list_imports = _with_store(commands.list_imports)
