"""How leads are scored and by when they are answered: every change is a new version, with its entry in the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors, working_days
from tenure.apps.acquisition.models import DayKind, LeadPolicy, OwnDay
from tenure.apps.workspaces.services.values import plain_text, refuse
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core import leads as scoring
from tenure.core import sla
from tenure.core.errors import TenureError

KIND = "lead_policy"
MOST_DAYS = 2_000
_TEXTS = ("fit_line", "engagement_line", "half_life_days", "respond_minutes", "country")


def save(given: Mapping[str, Any], *, by: Actor) -> LeadPolicy:
    """Write rules of fit, points, lines, time to answer and working hours; what is not given stays as it is.

    Raises: ValueRefused; TenureError lead.bad_rule, sla.bad_hours.
    """
    now = selectors.lead_policy()
    values: dict[str, Any] = {
        "rules": [rule.as_dict() for rule in scoring.rules_from(given["rules"])] if "rules" in given else now.rules,
        "points": _points(given["points"]) if "points" in given else dict(now.points),
        "week": _week(given["week"]) if "week" in given else dict(now.week),
        "country": str(given.get("country", now.country)).strip().upper(),
        "fit_line": _number(given, "fit_line", now.fit_line, 0, 100),
        "engagement_line": _number(given, "engagement_line", now.engagement_line, 0, 100),
        "half_life_days": _number(given, "half_life_days", now.half_life_days, 1, 3_650),
        "respond_minutes": _number(given, "respond_minutes", now.respond_minutes, 1, 100_000),
    }
    if values["country"] and values["country"] not in working_days.countries():
        raise refuse("country", values["country"], _("Write a two-letter code such as CN or DE, or nothing."))
    with writing(by) as write:
        now = selectors.lead_policy()
        before = {name: getattr(now, name) for name in values}
        if now.pk is not None and before == values:
            return now
        changed = [name for name in values if before[name] != values[name]]
        made = LeadPolicy.objects.create(**values, made_at=write.now, by=write.member)
        told = {"before": _told(before, changed), "after": _told(values, changed)}
        write.audit("edited", KIND, str(made.pk), **told)
    return made


def set_day(day: Any, kind: str, name: str = "", *, by: Actor) -> OwnDay:
    """Say that a day is off, or worked, whatever the public calendar says.

    Raises: ValueRefused.
    """
    when = _day(day)
    if kind not in DayKind.values:
        raise refuse("kind", kind, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(DayKind.values)})
    with writing(by) as write:
        if OwnDay.objects.count() >= MOST_DAYS:
            raise refuse("day", when.isoformat(), _("Take old days out first."))
        known = OwnDay.objects.filter(day=when).first()
        before = {} if known is None else {"kind": known.kind, "name": known.name}
        called = plain_text("name", name)[:100]
        made, _new = OwnDay.objects.update_or_create(day=when, defaults={"kind": kind, "name": called})
        write.audit("edited", "own_day", when.isoformat(), before=before, after={"kind": kind, "name": called})
    return made


def drop_day(day: Any, *, by: Actor) -> None:
    """Leave a day to the public calendar again."""
    when = _day(day)
    with writing(by) as write:
        known = OwnDay.objects.filter(day=when).first()
        if known is not None:
            known.delete()
            write.audit("withdrew", "own_day", when.isoformat(), before={"kind": known.kind, "name": known.name})


def _day(day: Any) -> date:
    try:
        return day if isinstance(day, date) else date.fromisoformat(str(day).strip())
    except ValueError as error:
        raise refuse("day", str(day)[:40], _("Write dates as YYYY-MM-DD.")) from error


def _number(given: Mapping[str, Any], name: str, now: int, least: int, most: int) -> int:
    if name not in given:
        return now
    text = str(given[name]).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        told = {"lowest": least, "highest": most}
        raise refuse(name, text[:40], _("Write a number from %(lowest)s to %(highest)s.") % told)
    return int(text)


def _points(given: Mapping[str, Any]) -> dict[str, int]:
    return {kind: _number(given, kind, 0, 0, 100) for kind in scoring.SIGNALS}


def _week(given: Mapping[str, Any]) -> dict[str, str]:
    week = {}
    for day in map(str, range(7)):
        try:
            hours = sla.hours_from(str(given.get(day, "")))
        except TenureError as problem:
            problem.where["field"] = f"day_{day}"
            raise
        if hours:
            week[day] = sla.hours_text(hours)
    if not week:
        raise refuse("day_0", "", _("Give at least one weekday working hours."))
    return week


def _told(values: Mapping[str, Any], changed: list[str]) -> dict[str, Any]:
    """Values as the audit trail shows them."""
    texts = {"rules": lambda rules: [scoring.rules_text([scoring.rule_from(one)]) for one in rules]}
    return {name: texts.get(name, lambda value: value)(values[name]) for name in changed}
