"""Telephone lists: taken in for a time, with the fields they may have and no others, calls made already among them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TextIO

from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Call, CallList, Outcome, Prospect, ProspectFact, ProspectState
from tenure.apps.acquisition.services import profile
from tenure.apps.acquisition.services.prospects import STATES
from tenure.apps.acquisition.services.sites import domain_of
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError
from tenure.core.personal_data import cleaned

FIELDS = ("name", "domain", "phone", "industry", "employees", "region")
"""What a list may hold of a company; `name` it always does."""
CALLED = ("outcome", "called_on")
"""What it may say of a call that was made already."""
MOST_DAYS = 366
MOST_ROWS = 100_000
_FACTS = ("industry", "employees", "region")
_LONGEST = {"name": 200, "phone": 40}
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the rows of a list."""

    added: int
    known: int
    """rows of companies that are prospects already, by their domain; they stay as they are"""
    without_name: int
    called: int
    dropped: Mapping[str, int]
    """column -> values that were not kept: columns that the list may not have, and persons in the others"""


def import_list(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    fields: Sequence[str],
    ground: str,
    expires_on: date,
    by: Actor,
) -> Taken:
    """Take a telephone list in, all or none; only the fields it may have are kept, until its day.

    Raises: TenureError (list.bad_name, list.bad_field, list.no_ground, list.bad_day, list.too_long).
    """
    with writing(by) as write:
        today = timezone.localdate(write.now)
        made = CallList(
            name=_name(name),
            ground=_ground(ground),
            fields=_fields(fields),
            expires_on=_day(expires_on, today),
            made_at=write.now,
            by=write.member,
        )
        made.save()
        counts = _Taking(made, write.now).take(rows)
        if counts.called or counts.added:
            profile_in_force, rules = selectors.profile(), selectors.rules()
            numbers = list(made.prospects.filter(facts__isnull=False).distinct().values_list("pk", flat=True))
            for at in range(0, len(numbers), _AT_ONCE):
                some = list(Prospect.objects.filter(pk__in=numbers[at : at + _AT_ONCE]))
                profile.score(some, profile_in_force, rules)
        after = {"added": counts.added, "expires_on": made.expires_on.isoformat(), "fields": ", ".join(made.fields)}
        write.audit("imported", "call list", made.name, after=after)
    return counts


def rows_of(file: TextIO) -> Iterator[dict[str, Any]]:
    """The rows of a CSV file as `import_list` takes them.

    Raises: TenureError (list.unreadable).
    """
    try:
        for row in csv.DictReader(file):
            day = str(row.get("called_on") or "").strip()
            yield {str(name): value for name, value in row.items() if name is not None} | {"called_on": _called(day)}
    except (csv.Error, UnicodeDecodeError) as problem:
        fix = _("Save the file as CSV in UTF-8, with the names of the columns in its first line.")
        raise _refused("unreadable", fix, "file", problem) from None


def _called(day: str) -> date | None:
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None


class _Taking:
    """The rows of one list on their way into the store."""

    def __init__(self, into: CallList, now: datetime) -> None:
        self._into, self._now = into, now
        self._dropped: dict[str, int] = {}
        self._known: set[str] = set()
        self._counts = {"added": 0, "known": 0, "without_name": 0, "called": 0}

    def take(self, rows: Iterable[Mapping[str, Any]]) -> Taken:
        batch: list[Mapping[str, Any]] = []
        for number, row in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise _refused("too_long", _("A list has at most %(most)s rows.") % {"most": MOST_ROWS}, "rows", number)
            batch.append(row)
            if len(batch) == _AT_ONCE:
                self._write(batch)
                batch = []
        self._write(batch)
        return Taken(**self._counts, dropped=self._dropped)

    def _write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        kept = [(row, values) for row in rows if (values := self._values(row)) is not None]
        domains = [values["domain"] for _row, values in kept if values["domain"]]
        self._known |= set(Prospect.objects.filter(domain__in=domains).values_list("domain", flat=True))
        made: list[tuple[Prospect, Mapping[str, Any], tuple[str, datetime] | None]] = []
        for row, values in kept:
            if values["domain"] and (values["domain"] in self._known or selectors.is_opted_out(values["domain"])):
                self._counts["known"] += 1
                continue
            self._known.add(values["domain"])
            call = self._call(row)
            prospect = Prospect(
                name=values["name"],
                domain=values["domain"] or None,
                phone=values["phone"],
                call_list=self._into,
                state=STATES[call[0]] if call else ProspectState.NEW,
                called_at=call[1] if call else None,
                found_at=self._now,
                expires_on=self._into.expires_on,
            )
            made.append((prospect, values, call))
        Prospect.objects.bulk_create([prospect for prospect, _values, _call in made])
        Call.objects.bulk_create(
            Call(prospect=prospect, at=call[1], outcome=call[0]) for prospect, _values, call in made if call
        )
        ProspectFact.objects.bulk_create(
            ProspectFact(
                prospect=prospect, subject=subject, value=values[subject], fetched_at=self._now, terms=self._into.name
            )
            for prospect, values, _call in made
            for subject in _FACTS
            if values[subject]
        )
        self._counts["added"] += len(made)
        self._counts["called"] += sum(call is not None for _prospect, _values, call in made)

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The values of a row that are kept; None where it does not name a company."""
        for column, value in row.items():
            if value and column not in self._into.fields and column not in CALLED:
                self._drop(str(column)[:40])
        given = {
            name: str(row.get(name) or "").replace("\0", "").strip() if name in self._into.fields else ""
            for name in FIELDS
        }
        for name in ("name", *_FACTS):
            if given[name] and not cleaned(given[name]).is_clean:
                self._drop(name)
                given[name] = ""
        if not given["name"]:
            self._counts["without_name"] += 1
            return None
        domain = domain_of(given["domain"]) if given["domain"] else None
        limits = {name: _LONGEST.get(name, 300) for name in given}
        return {**{name: value[: limits[name]] for name, value in given.items()}, "domain": domain or ""}

    def _call(self, row: Mapping[str, Any]) -> tuple[str, datetime] | None:
        outcome = str(row.get("outcome") or "")
        if outcome not in Outcome.values:
            return None
        day = row.get("called_on")
        if not isinstance(day, date):
            return outcome, self._now
        at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        return outcome, min(at, self._now)

    def _drop(self, column: str) -> None:
        self._dropped[column] = self._dropped.get(column, 0) + 1


def _name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= 100 or CallList.objects.filter(name=name).exists():
        raise _refused("bad_name", _("Write a name of 1 to 100 characters that no other list has."), "name", name)
    return name


def _fields(fields: Sequence[str]) -> list[str]:
    unknown = [one for one in fields if one not in FIELDS]
    if unknown:
        raise _refused(
            "bad_field", _("Use one of: %(allowed)s.") % {"allowed": ", ".join(FIELDS)}, "fields", unknown[0]
        )
    return [one for one in FIELDS if one in fields or one == "name"]


def _ground(ground: str) -> str:
    if len(ground.strip()) < 10:
        fix = _("Write where the list comes from and why its companies may be called.")
        raise _refused("no_ground", fix, "ground", ground)
    return ground.strip()[:2_000]


def _day(day: date, today: date) -> date:
    if not today < day <= today + timedelta(days=MOST_DAYS):
        raise _refused("bad_day", _("Choose a day from tomorrow on, within a year."), "expires_on", day)
    return day


def _refused(reason: str, fix: str, field: str, value: Any) -> TenureError:
    return TenureError(
        f"list.{reason}", _("This telephone list is not taken in."), fix=fix, field=field, value=str(value)[:80]
    )
