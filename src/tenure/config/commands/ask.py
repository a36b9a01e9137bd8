"""`tenure ask` and `tenure questions`: the same questions as in Python and by HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tenure.config import cli
from tenure.config.commands import output
from tenure.config.texts import text as _
from tenure.core.errors import QuestionRefused

_LISTS = {"by", "definitions"}


def question_of(name: str | None, given: Mapping[str, Any], whole: str | None) -> dict[str, Any]:
    """The JSON form of a question from the command's arguments."""
    question: dict[str, Any] = {}
    if whole is not None:
        try:
            question = json.loads(whole)
        except ValueError as error:
            raise QuestionRefused(
                "question.not_json",
                _("The question is not JSON: {reason}.").format(reason=error),
                fix=_('Write it as in --json \'{"question": "movements", "from": "2024-01"}\'.'),
            ) from error
        if not isinstance(question, dict):
            return question
    if name is not None:
        question["question"] = name
    for field, value in given.items():
        if value not in (None, (), ""):
            question[field] = list(value) if field in _LISTS else value
    return question


def pairs(texts: tuple[str, ...] | list[str], option: str) -> dict[str, Any]:
    """FIELD=VALUE, several for one field as a list."""
    found: dict[str, Any] = {}
    for text in texts:
        field, sign, value = text.partition("=")
        if not sign or not field.strip():
            raise QuestionRefused(
                "question.not_a_pair",
                _("{option} cannot be {value}.").format(option=option, value=repr(text)),
                fix=_("Write FIELD=VALUE, such as plan=pro."),
                field=option,
                value=text,
            )
        field = field.strip()
        if field in found:
            former = found[field]
            found[field] = [*(former if isinstance(former, list) else [former]), value]
        else:
            found[field] = value
    return found


def _value(text: str) -> Any:
    """A value of --set: JSON where it is some, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@click.command(
    help=_(
        "Ask a QUESTION about the workspace in TENURE_HOME and print the answer. "
        "`tenure questions` lists the questions with their fields.\n\n"
        "\b\nExamples:\n"
        "  tenure ask movements --from 2024-01 --to 2024-12 --by plan\n"
        "  tenure ask movements --from 2024-01 --to 2024-12 --rows-behind period=2024-03,kind=churn\n"
        "  tenure ask revenue_metrics --from 2024 --to 2024 --format csv -o metrics.csv"
    )
)
@click.argument("question", required=False)
@click.option("--from", "from_", metavar="PERIOD", help=_("First period, such as 2024-03, 2024-Q1 or 2024."))
@click.option("--to", metavar="PERIOD", help=_("Last period."))
@click.option("--grain", help=_("Length of a period: day, week, month, quarter or year."))
@click.option("--by", multiple=True, metavar="FIELD", help=_("Slice by a field; may be given several times."))
@click.option(
    "--where", multiple=True, metavar="FIELD=VALUE", help=_("Only rows with this value; several times for more.")
)
@click.option("--as-known-on", metavar="DAY", help=_("What was known at the end of that day."))
@click.option("--as-of", metavar="DAY", help=_("Leave out what comes after that day."))
@click.option("--definition", metavar="NAME", help=_("The metric definition."))
@click.option(
    "--set",
    "others",
    multiple=True,
    metavar="FIELD=VALUE",
    help=_("Any other field of the question; VALUE may be JSON."),
)
@click.option("--json", "whole", metavar="JSON", help=_("The whole question as JSON, as the API takes it."))
@click.option("--format", "form", type=click.Choice(output.FORMATS), help=_("How the answer is written."))
@click.option("-o", "--output", "out", type=click.Path(path_type=Path, dir_okay=False), help=_("File to write to."))
@click.option("--sql", is_flag=True, help=_("Print the SQL that was run instead of the answer."))
@click.option(
    "--rows-behind", metavar="CELL", help=_("Print the source rows behind a cell, such as period=2024-03,kind=churn.")
)
def ask(
    *,
    question: str | None,
    from_: str | None,
    whole: str | None,
    form: str | None,
    out: Path | None,
    sql: bool,
    rows_behind: str | None,
    where: tuple[str, ...],
    others: tuple[str, ...],
    **given: Any,
) -> None:
    given = {"from": from_, **given, "where": pairs(where, "--where")}
    given.update({field: _value(value) for field, value in pairs(others, "--set").items()})
    if question is None and whole is None:
        raise click.UsageError(_("Name a question, or give one with --json. `tenure questions` lists them."))
    answer = opened().ask(question_of(question, {k: v for k, v in given.items() if v}, whole))
    form = output.form_of(form, out)
    if sql:
        for part in answer.sql:
            click.echo(f"-- {part['name']}\n{part['sql'].strip()}\n")
        return
    if rows_behind is not None:
        cell = pairs(rows_behind.split(","), "--rows-behind")
        output.save(answer.rows_behind(cell), None, form, out)
        return
    output.save(answer.table, answer.to_json() if form == "json" else None, form, out)
    if form == "table" and out is None:
        for name, table in answer.of_figures.items():
            click.echo(f"\n{name}")
            output.print_rows(table.to_pylist(), table.column_names)
        _print_proof(answer)


def _print_proof(answer: Any) -> None:
    """Under a table: what failed, and what the reader should know."""
    for check in answer.checks:
        if not check["ok"]:
            click.echo(_("CHECK FAILED: {name}: {detail}").format(name=check["name"], detail=check["detail"]), err=True)
    for note in answer.notes:
        told = ", ".join(f"{key}={value}" for key, value in note.items() if key != "code")
        click.echo(f"* {note['code']}" + (f": {told}" if told else ""))


def opened() -> Any:
    """The workspace in TENURE_HOME, with every change of its store in the lake."""
    import tenure
    from tenure.config import environment

    values = environment.read()
    if (values["TENURE_HOME"] / "store.sqlite3").exists() or values["TENURE_DATABASE_URL"]:
        cli.ready()
        from tenure.apps.workspaces.services import lake

        lake.flush()
    return tenure.open(values["TENURE_HOME"], **environment.limits(values))


@click.command(help=_("List the questions with their fields and the allowed values."))
@click.argument("name", required=False)
def questions(name: str | None) -> None:
    from dataclasses import MISSING, fields

    from tenure.warehouse.questions import FAMILIES, parse
    from tenure.warehouse.questions.base import json_name

    if name is not None and name not in FAMILIES:
        parse({"question": name})
    for family in FAMILIES.values():
        if name not in (None, family.name):
            continue
        click.echo(f"{family.name}: {family.doc}")
        for f in fields(family):
            told = _field(json_name(f.name), f.metadata["doc"], f.metadata["allowed"], needed=f.default is MISSING)
            click.echo(f"  {told}")


def _field(name: str, meaning: str, allowed: Sequence[str], *, needed: bool) -> str:
    """What the list says of a field, as one sentence of its language."""
    if needed and allowed:
        line = _("{field} (required): {meaning} One of: {allowed}.")
    elif needed:
        line = _("{field} (required): {meaning}")
    elif allowed:
        line = _("{field}: {meaning} One of: {allowed}.")
    else:
        line = _("{field}: {meaning}")
    return line.format(field=name, meaning=meaning, allowed=", ".join(allowed))
