"""`tenure import` and `tenure imports`: as thin as views. Expects Django to be set up by the command line's entry."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from django.utils.translation import gettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tenure.apps.connectors.files import ImportRefused, Options, Progress
    from tenure.apps.connectors.files.reading import Outcome

REFUSED = 2
"""Exit code of a file that is not imported, as of every refusal."""
_SHOWN_PROBLEMS = 20


def _(sentence: str) -> str:
    """Marks a sentence for translation: help is translated where the command is registered, before Django is loaded."""
    return sentence


def _home(_context: click.Context, _parameter: click.Parameter, folder: Path | None) -> None:
    """Choose the workspace before anything of it is read."""
    if folder is not None:
        os.environ["TENURE_HOME"] = str(folder.absolute())


_at_home = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    callback=_home,
    is_eager=True,
    expose_value=False,
    help=_("Folder of the workspace; without it, TENURE_HOME."),
)


def _pairs(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """COLUMN=VALUE arguments as a dictionary."""
    found: dict[str, str] = {}
    for pair in given:
        column, separator, value = pair.partition("=")
        if not separator or not column.strip():
            raise click.BadParameter(f"{pair!r} is not COLUMN=VALUE")
        found[column.strip()] = value
    return found


@click.command(
    "import",
    help=_(
        "Import FILEs of rows of one KIND: accounts, contacts, subscriptions, contracts, discounts, "
        "invoice_lines, fx_rates, deals, committee_members, tenders, tender_items, demands, demand_links, "
        "activities, leads, spend, touches, events or identities. CSV, XLSX, Parquet and JSON Lines are read, plain or "
        "gzipped. A file is imported whole or not at all; the same file twice changes nothing."
    ),
)
@click.argument("kind", required=False)
@click.argument("paths", metavar="FILE...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--map",
    "columns",
    metavar="COLUMN=HEADING",
    multiple=True,
    callback=_pairs,
    help=_("Which heading fills a column; empty: none."),
)
@click.option(
    "--mapping",
    metavar="NAME",
    help=_("A named mapping: generic, stripe-subscriptions, stripe-invoices, or a saved one."),
)
@click.option("--save-mapping", metavar="NAME", help=_("Keep this file's mapping under a name for the next one."))
@click.option(
    "--set",
    "constants",
    metavar="COLUMN=VALUE",
    multiple=True,
    callback=_pairs,
    help=_("One value for every row; {HEADING} and {row} are filled in."),
)
@click.option("--dry-run", is_flag=True, help=_("Read and check everything, write nothing."))
@click.option("--skip-bad", is_flag=True, help=_("Import the good rows although others are bad."))
@click.option(
    "--encoding", metavar="NAME", help=_("utf-8, gb18030, big5, utf-16, cp1252 ...; found in the file if left out.")
)
@click.option("--separator", metavar="NAME", help=_("comma, semicolon, tab or pipe; found in the file if left out."))
@click.option("--sheet", metavar="NAME", help=_("The sheet of a workbook, by name or number; the first if left out."))
@click.option("--heading-row", type=click.IntRange(min=1), help=_("The row that holds the headings."))
@click.option(
    "--decimal-comma/--decimal-point", default=None, help=_("How decimals are written; found in the file if left out.")
)
@click.option(
    "--date-format",
    type=click.Choice(["auto", "ymd", "dmy", "mdy"]),
    default="auto",
    show_default=True,
    help=_("The order in dates such as 03/04/2026."),
)
@click.option("--end-inclusive", is_flag=True, help=_("Ends in the file are last days of service."))
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help=_("Where to write the list of all problems.")
)
@click.option("--undo", metavar="RUN", help=_("Take an import back, by its number."))
@_at_home
def import_files(
    kind: str | None,
    paths: tuple[Path, ...],
    save_mapping: str | None,
    dry_run: bool,
    report: Path | None,
    undo: str | None,
    **choices: Any,
) -> None:
    from tenure.apps.connectors import files

    with _refusals():
        if undo is not None:
            _undo(undo)
            return
        if kind is None or not paths:
            line = gettext("Say what the files hold and name them: tenure import KIND FILE. KIND is one of: {kinds}.")
            raise click.UsageError(line.format(kinds=", ".join(files.KINDS)))
        options = files.Options(**choices)
        for number, path in enumerate(paths, start=1):
            place = report if report is None or len(paths) == 1 else report.with_stem(f"{report.stem}-{number}")
            _import(path, kind, options, dry_run, place, save_mapping)


def _import(
    path: Path, kind: str, options: Options, dry_run: bool, report: Path | None, save_mapping: str | None
) -> None:
    from tenure.apps.connectors import files

    with _progress(path) as progress:
        if dry_run:
            found = files.preview(path, kind, options, report=report, progress=progress)
            outcome, written = found.outcome, found.report
        else:
            result = files.run_import(path, kind, options, by=_actor(), report=report, progress=progress)
            outcome, written = result.outcome, result.report
    if dry_run:
        _show_mapping(outcome)
        line = gettext("{file}: {good} of {rows} rows can be imported; nothing was written.")
        click.echo(line.format(file=outcome.file, good=outcome.rows_good, rows=outcome.rows_read))
        line = gettext("Importing them would make {created} new, {changed} changed, {unchanged} unchanged.")
        click.echo("  " + line.format(**asdict(found.foreseen.counts)))
    else:
        line = gettext(
            "{file}: {rows} rows read; {created} new, {changed} changed, {unchanged} unchanged, "
            "{bad} left out (import {run})."
        )
        click.echo(
            line.format(
                file=outcome.file,
                rows=outcome.rows_read,
                created=result.created,
                changed=result.changed,
                unchanged=result.unchanged,
                bad=outcome.rows_bad,
                run=result.run,
            )
        )
    _show_problems([p.as_dict() for p in outcome.problems], sum(outcome.counts.values()))
    if written is not None and outcome.counts:
        click.echo(gettext("All of them are listed in {path}.").format(path=written))
    if save_mapping and outcome.plan is not None:
        files.save_mapping(save_mapping, outcome.plan)
        click.echo(gettext("The mapping is kept as “{name}”.").format(name=save_mapping))
    if dry_run and outcome.rows_bad and not options.skip_bad:
        sys.exit(REFUSED)


def _show_mapping(outcome: Outcome) -> None:
    if outcome.plan is None:
        return
    for chosen in outcome.plan.chosen:
        click.echo(f"  {chosen.column:<20} {chosen.heading}  ({chosen.confidence:.0%})")
    for column, value in outcome.plan.constants.items():
        click.echo(f"  {column:<20} = {value}")
    if outcome.plan.unused:
        named = {index: f"{heading} ({field.key})" for index, heading in outcome.plan.unused
                 for place, field in outcome.plan.own if place == index}  # fmt: skip
        unused = ", ".join(named.get(index, heading) for index, heading in outcome.plan.unused)
        told = gettext("kept as attributes: {headings}").format(headings=unused)
        click.echo(f"  {told}")


def _show_problems(problems: list[dict[str, Any]], total: int) -> None:
    for problem in problems[:_SHOWN_PROBLEMS]:
        click.echo(f"  {_problem_line(problem)}", err=True)
    if total > _SHOWN_PROBLEMS:
        more = gettext("… and {count} more.").format(count=total - _SHOWN_PROBLEMS)
        click.echo(f"  {more}", err=True)


def _problem_line(problem: dict[str, Any]) -> str:
    """One problem with its place, as far as that is known, and its remedy."""
    match problem["row"] is not None, bool(problem["heading"]), bool(problem["value"]):
        case True, True, True:
            line = gettext("row {row} {heading} “{value}”: {message} {fix} [{code}]")
        case True, True, False:
            line = gettext("row {row} {heading}: {message} {fix} [{code}]")
        case True, False, True:
            line = gettext("row {row} “{value}”: {message} {fix} [{code}]")
        case True, False, False:
            line = gettext("row {row}: {message} {fix} [{code}]")
        case False, True, True:
            line = gettext("{heading} “{value}”: {message} {fix} [{code}]")
        case False, True, False:
            line = gettext("{heading}: {message} {fix} [{code}]")
        case _:
            line = gettext("{message} {fix} [{code}]")
    return line.format(**problem)


def _undo(run: str) -> None:
    from tenure.apps.connectors import files

    done = files.undo(run, by=_actor())
    line = gettext(
        "Import {run} is taken back: {withdrawn} rows withdrawn, {restored} restored, {kept} "
        "left because they changed since."
    )
    click.echo(line.format(run=run, withdrawn=done.withdrawn, restored=done.restored, kept=done.kept))


@click.command("imports", help=_("List the imports, the newest first."))
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help=_("How many, the newest first.")
)
@_at_home
def list_imports(limit: int) -> None:
    from tenure.apps.workspaces import selectors

    for run in selectors.import_runs()[:limit]:
        counts = f"+{run.created} ~{run.changed} ={run.unchanged} !{run.rows_bad}"
        state = str(run.get_state_display())
        click.echo(
            f"{run.pk:>6}  {run.started_at:%Y-%m-%d %H:%M}  {run.kind:<14} {state:<10} {counts:<28} {run.file_name}"
        )


def _actor() -> str:
    """Who types, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "command line"


@contextmanager
def _refusals() -> Iterator[None]:
    """A refused file is told with its first problems, in the reader's language, and ends the command."""
    from tenure.apps.connectors.files import ImportRefused

    try:
        yield
    except ImportRefused as refused:
        _show_refusal(refused)
        sys.exit(REFUSED)


def _show_refusal(refused: ImportRefused) -> None:
    message, fix = refused.localised()
    click.echo(f"{message} {fix} [{refused.code}]", err=True)
    _show_problems(refused.where.get("problems", []), sum(refused.where.get("counts", {}).values()))
    if refused.where.get("report"):
        click.echo(gettext("All of them are listed in {path}.").format(path=refused.where["report"]), err=True)


@contextmanager
def _progress(path: Path) -> Iterator[Callable[[Progress], None] | None]:
    """A bar on the terminal; nothing where there is none."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1000, label=path.name, file=sys.stderr) as bar:

        def show(progress: Progress) -> None:
            bar.update(1000 * progress.done // max(progress.total, 1) - bar.pos)

        yield show
