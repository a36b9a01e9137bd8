"""Commands of the cockpit, of targets and of annotations."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.commands.records import BY, person
from tenure.config.texts import text as _


@click.command(help=_("Print the figures of the cockpit, and whether MRR is on course to its next target."))
@click.option("--period", default="", metavar="LABEL", help=_("Such as 2026-10. Default: the last finished month."))
@click.option("--grain", default="month", help=_("day, week, month, quarter or year."))
@click.option("--compare", default="previous", help=_("previous, year, custom or none."))
@click.option("--against", default="", metavar="LABEL", help=_("With --compare custom: the period, such as 2026-03."))
@click.option("--match", default="weekday", help=_("How a day finds the one it is compared with: weekday or date."))
@click.option("--json", "as_json", is_flag=True, help=_("Print it as JSON, as the API answers."))
def cockpit(period: str, as_json: bool, **chosen: str) -> None:
    cli.ready()
    import json

    from tenure.config.commands.output import print_rows
    from tenure.web import asking
    from tenure.web.goals import cockpit as page

    found = page.figures(asking.everything(), {"to": period, **chosen})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1, default=str))
        return
    click.echo(_("{period}, compared with {compared}").format(**found | {"compared": found["compared"] or "–"}))
    print_rows(found["figures"])
    course = found["course"]
    if course:
        text = _("Target {target} for {period}: {expected} should be there by {day}, {actual} is.")
        click.echo(text.format(**course))


@click.group(help=_("Set, list or take back targets: what a metric should be at the close of a period."))
def target() -> None:
    pass


@target.command(
    name="set", help=_("Set the target of METRIC for PERIOD, such as: tenure target set mrr 2026-12 3200000")
)
@click.argument("metric")
@click.argument("period")
@click.argument("value")
@BY
def set_target(metric: str, period: str, value: str, by: str) -> None:
    cli.ready()
    from tenure.apps.goals import services
    from tenure.core.money import trimmed

    written = services.set_target(metric, period, value, by=person(by))
    click.echo(f"{written.metric} {written.period} {trimmed(written.value):f}")


@target.command(name="list", help=_("List the targets in force."))
def list_targets() -> None:
    cli.ready()
    from tenure.apps.goals import selectors
    from tenure.config.commands.output import print_rows

    print_rows([{"metric": row.metric, "period": row.period, "value": row.value} for row in selectors.targets()])


@target.command(name="drop", help=_("Take the target of METRIC for PERIOD back; that it was there stays known."))
@click.argument("metric")
@click.argument("period")
@BY
def drop_target(metric: str, period: str, by: str) -> None:
    cli.ready()
    from tenure.apps.goals import services

    services.drop_target(metric, period, by=person(by))
    click.echo(_("The target is gone."))


@click.group(help=_("Say what happened on a day, for the charts over time; list or take back what was said."))
def annotation() -> None:
    pass


@annotation.command(help=_('Put TEXT on the charts at DAY, such as: tenure annotation add 2026-10-01 "New prices"'))
@click.argument("day", metavar="YYYY-MM-DD")
@click.argument("text")
@click.option("--kind", default="other", help=_("release, price, campaign or other."))
@BY
def add(day: str, text: str, kind: str, by: str) -> None:
    cli.ready()
    from tenure.apps.goals import services

    written = services.annotate(day, text, kind, by=person(by))
    click.echo(f"{written.annotation_id} {written.day} {written.text}")


@annotation.command(name="list", help=_("List what happened, in order."))
def list_annotations() -> None:
    cli.ready()
    from tenure.apps.goals import selectors
    from tenure.config.commands.output import print_rows

    rows = selectors.every_annotation()
    print_rows([{"id": one.annotation_id, "day": one.day, "kind": one.kind, "text": one.text} for one in rows])


@annotation.command(name="drop", help=_("Take the annotation with this ID from the charts."))
@click.argument("annotation_id", metavar="ID")
@BY
def drop(annotation_id: str, by: str) -> None:
    cli.ready()
    from tenure.apps.goals import services

    services.drop_annotation(annotation_id, by=person(by))
    click.echo(_("It is off the charts."))
