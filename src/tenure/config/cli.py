"""The `tenure` command. Hides how a command is found, how the workspace is made ready, and how errors are told.

Commands are loaded when they are called, so that `tenure --help` answers at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import click

from tenure.config.texts import text as _
from tenure.core.errors import TenureError
from tenure.version import __version__

REFUSED = 2
"""Exit code of every refusal."""
UNREADY = frozenset({"setting.refused", "setting.unreadable_file"})
"""Refusals of the environment: Django, which translates, cannot be loaded with it."""

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("tenure.config.commands.demo:demo", _("Fill a fresh workspace with a simulated company and open it.")),
    "sample": ("tenure.config.commands.sample:sample", _("Fill an empty workspace with sample data, or remove it.")),
    "serve": (
        "tenure.config.commands.serve:serve",
        _("Run the pages, the API, the port for events and the worker."),
    ),
    "import": ("tenure.config.commands.files:import_files", _("Import a file, or undo an import.")),
    "imports": ("tenure.config.commands.files:list_imports", _("List the imports.")),
    "ask": ("tenure.config.commands.ask:ask", _("Ask a question and print or save the answer.")),
    "questions": ("tenure.config.commands.ask:questions", _("List the questions with their fields.")),
    "cockpit": ("tenure.config.commands.goals:cockpit", _("Print the figures of the cockpit.")),
    "target": ("tenure.config.commands.goals:target", _("Set, list or take back targets.")),
    "annotation": ("tenure.config.commands.goals:annotation", _("Say what happened, for the charts.")),
    "definitions": (
        "tenure.config.commands.records:definitions",
        _("List metric definitions, or write a new version."),
    ),
    "add": ("tenure.config.commands.records:add", _("Add a record.")),
    "edit": ("tenure.config.commands.records:edit", _("Change a record; the former version stays known.")),
    "end": ("tenure.config.commands.records:end", _("Set the first day without service of a record.")),
    "withdraw": ("tenure.config.commands.records:withdraw", _("Say that a record should never have been there.")),
    "undo": ("tenure.config.commands.records:undo", _("Take the newest step of a record back.")),
    "find-duplicates": (
        "tenure.config.commands.duplicates:find_duplicates",
        _("Compare all accounts and contacts, and keep the pairs that may be one."),
    ),
    "history": ("tenure.config.commands.records:history", _("Print everything that became of a record.")),
    "close-month": ("tenure.config.commands.records:close_month", _("Close a month in a person's name.")),
    "reconcile": (
        "tenure.config.commands.reconcile:reconcile",
        _("Compare the totals of a billing system with ours, each gap explained."),
    ),
    "reopen-month": ("tenure.config.commands.records:reopen_month", _("Open a closed month again.")),
    "collect-prospects": (
        "tenure.config.commands.prospects:collect_prospects",
        _("Read what companies say of themselves on their sites, politely."),
    ),
    "call-list": ("tenure.config.commands.prospects:call_list", _("Take a telephone list in, until a day.")),
    "create-owner": ("tenure.config.commands.people:create_owner", _("Make the first member, who may do everything.")),
    "login-link": ("tenure.config.commands.people:login_link", _("Make a one-time link that signs a member in.")),
    "member": ("tenure.config.commands.teams:member", _("List, invite or change members.")),
    "team": ("tenure.config.commands.teams:team", _("Make, list, rename or delete teams.")),
    "view": ("tenure.config.commands.saved:view", _("Save, list or remove views that everybody sees.")),
    "api-key": ("tenure.config.commands.people:api_key", _("Make, list or revoke keys for programs.")),
    "migrate": ("tenure.config.commands.upkeep:migrate", _("Make or update the tables of the store.")),
    "mirror": ("tenure.config.commands.upkeep:mirror", _("Bring the lake up to date with the store now.")),
    "replay": ("tenure.config.commands.upkeep:replay", _("Write the store's records into the lake again.")),
    "compact": ("tenure.config.commands.upkeep:compact", _("Merge small files of the lake and delete unused ones.")),
    "doctor": ("tenure.config.commands.upkeep:doctor", _("Check the workspace and say what to repair.")),
    "backup": ("tenure.config.commands.keeping:backup", _("Copy the workspace into one file, while it is in use.")),
    "restore": ("tenure.config.commands.keeping:restore", _("Make a workspace of a backup, in an empty folder.")),
    "export-all": ("tenure.config.commands.keeping:export_all", _("Write every table into one archive.")),
    "erase-person": (
        "tenure.config.commands.keeping:erase_person",
        _("Replace what is known of a person, everywhere, for good."),
    ),
    "work": ("tenure.config.commands.serve:work", _("Run the worker alone, without web pages.")),
    "compute": ("tenure.config.commands.serve:compute", _("Run the process that asks the cluster alone.")),
    "track": ("tenure.config.commands.serve:track", _("Run the port for events alone.")),
    "events": (
        "tenure.config.commands.events:events",
        _("List the events that came in, or write what one of them means."),
    ),
    "refused": (
        "tenure.config.commands.refused:refused",
        _("See the events that were refused, or read them once more."),
    ),
    "simulate": ("tenure.config.commands.simulate:simulate", _("Write a simulated company into files.")),
    "version": ("tenure.config.commands.upkeep:version", _("Print the version.")),
}
"""Name -> where the command is, and what it does."""


class Commands(click.Group):
    """The commands in COMMANDS, each loaded when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, does) for name, (_place, does) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def cli() -> None:
    """Tenure 长续: every revenue figure of a B2B product, with its proof.

    Settings are environment variables; TENURE_HOME names the folder of the workspace.
    """


def ready(*, migrated: bool = True, house: Callable[[], Mapping[str, str]] | None = None) -> None:
    """Load Django for the workspace in TENURE_HOME; make the folder, its file and the store's tables where absent.

    `house` gives the time zone and reporting currency of a new workspace; without it they are as in the environment.
    """
    from tenure.config import environment

    environment.read()["TENURE_HOME"].mkdir(parents=True, exist_ok=True)
    load()
    if migrated:
        from tenure.apps.workspaces.services import lake
        from tenure.config.commands import upkeep

        upkeep.bring_up_to_date()
        lake.prepare({} if house is None else house())


def load() -> None:
    """Load Django, without making a folder or tables."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tenure.config.settings"
    django.setup()
    _speak()


def _speak() -> None:
    """Let messages of the floors below come in the language of the installation."""
    from django.conf import settings
    from django.utils import translation

    translation.activate(settings.LANGUAGE_CODE)


def told(problem: TenureError) -> str:
    """A refusal for a person at the terminal: what happened, and what to do, in the language of the installation."""
    said: Any = problem
    if problem.code not in UNREADY and os.environ.get("TENURE_LANGUAGE", "en") != "en":
        with suppress(TenureError):  # another setting is wrong, too: the next try will tell
            load()
    if problem.code not in UNREADY and _is_loaded():
        from tenure.web import errors

        said = errors.translated(problem)
    return f"{said.message}\n{said.fix}".strip()


def _is_loaded() -> bool:
    registry = sys.modules.get("django.apps")
    return registry is not None and bool(registry.apps.ready)


def main(arguments: list[str] | None = None) -> Any:
    """Run the command; a refusal is one message with its remedy on stderr and exit code 2, never a traceback."""
    try:
        return cli.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo(_("Stopped."), err=True)
        sys.exit(130)
    except click.ClickException as problem:
        problem.show()
        sys.exit(REFUSED)
    except TenureError as problem:
        click.echo(told(problem), err=True)
        sys.exit(REFUSED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
