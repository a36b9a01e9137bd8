"""`tenure import` and `tenure imports`: the connectors' commands, with the store made ready before they run."""

from __future__ import annotations

import copy
from typing import Any

import click

from tenure.apps.connectors import commands
from tenure.config import cli
from tenure.config.texts import text


def _with_store(command: click.Command) -> click.Command:
    """The command, run after the workspace is made ready."""
    inner = command.callback
    assert inner is not None

    def run(**arguments: Any) -> Any:
        cli.ready()
        return inner(**arguments)

    made = copy.copy(command)
    made.callback = run
    made.help = text(command.help or "")
    made.params = [_translated(parameter) for parameter in command.params]
    return made


def _translated(parameter: click.Parameter) -> click.Parameter:
    """The parameter with its help in the language of the installation."""
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    made = copy.copy(parameter)
    made.help = text(parameter.help)
    return made


import_files = _with_store(commands.import_files)
list_imports = _with_store(commands.list_imports)
