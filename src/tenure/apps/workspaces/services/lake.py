"""The lake of this workspace: where it lies, what it is set to, and the mirror of the store in it.

`flush` is what makes an answer whole: it is called before one is given, and about every second by the worker.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from tenure.apps.workspaces.services import bulk, outbox
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError
from tenure.core.periods import add_months
from tenure.warehouse import mirror
from tenure.warehouse.lake import Lake, lake_of
from tenure.warehouse.schema import STAMP
from tenure.warehouse.workspace import Workspace

KEPT_BY = {"events": "ts", "refused_events": "received_at"}
"""Tables whose old rows can be forgotten -> the moment by which they are old."""


def lake() -> Lake:
    """The lake of this workspace."""
    return _lake(Path(settings.TENURE_HOME), settings.TENURE_LAKE)


@lru_cache(maxsize=4)
def _lake(home: Path, place: str) -> Lake:
    return lake_of(home, place)


def _workspace() -> dict[str, Any]:
    file = Path(settings.TENURE_HOME) / "workspace.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def timezone() -> str:
    """The time zone in which days of the lake begin; fixed when the workspace is made."""
    return str(_workspace().get("lake_timezone", settings.TENURE_TIMEZONE))


def reporting_currency() -> str:
    """The currency that amounts without one are in."""
    return str(_workspace().get("settings", {}).get("reporting_currency", settings.TENURE_REPORTING_CURRENCY))


def prepare(house: Mapping[str, str] | None = None) -> None:
    """Make the workspace's file where there is none; `house` has other settings than those of the environment."""
    home = Path(settings.TENURE_HOME)
    if not (home / "workspace.json").exists():
        usual = {"timezone": settings.TENURE_TIMEZONE, "reporting_currency": settings.TENURE_REPORTING_CURRENCY}
        Workspace.open(home, {**usual, **(house or {})}, lake=settings.TENURE_LAKE)


def index() -> bool:
    """Bring the sequence index up to date with the lake; whether anything had to be done."""
    return workspace().index()


def workspace() -> Workspace:
    """The workspace with its engine, as a worker has it."""
    return _whole(Path(settings.TENURE_HOME))


@lru_cache(maxsize=4)
def _whole(home: Path) -> Workspace:
    return Workspace.open(home, **settings.TENURE_LIMITS)


def tidy() -> dict[str, dict[str, int]]:
    """Take out what is kept no longer, merge small files of the lake and delete those that are long out of use.

    Gives what was done, by table.
    """
    here, old = lake(), forget_old(now())
    done = {
        name: {"forgotten": old.get(name, 0), "merged": here.compact(name), "deleted": here.clean(name)}
        for name in here.versions()
    }
    return {name: counts for name, counts in done.items() if any(counts.values())}


def kept_since(table: str, at: datetime) -> datetime | None:
    """The beginning of the first local month of which a table keeps its rows; None if it keeps all."""
    months = settings.TENURE_KEEP_MONTHS[table]
    if not months:
        return None
    zone = ZoneInfo(timezone())
    first = add_months(at.astimezone(zone).date().replace(day=1), -months)
    return datetime.combine(first, time.min, zone).astimezone(UTC)


def forget_old(at: datetime) -> dict[str, int]:
    """Take rows of whole months out of the tables whose setting says so; how many, by table.

    Files of which nothing is left are only named no more; their bytes go when files out of use are deleted.
    """
    removed = {}
    for table, column in KEPT_BY.items():
        since = kept_since(table, at)
        if since is not None:
            count = lake().remove(table, ds.field(column) < pa.scalar(since, STAMP))
            if count:
                with writing("tenure") as write:
                    write.audit("forgot", table, "", rows=count, before=since.isoformat())
            removed[table] = count
    return removed


@dataclass(frozen=True, slots=True)
class Standing:
    """How a table of the lake stands: its rows (former versions included), the newest of them, its version, and the
    rows that are still on their way to it."""

    table: str
    rows: int
    recorded_at: datetime | None
    version: int
    waiting: int


def standings() -> list[Standing]:
    """How every table of the lake stands, in the order of the schema."""
    here, waiting = lake(), outbox.waiting()
    return [
        Standing(name, here.count(name, version), _newest(here, name, version), version, waiting.get(name, 0))
        for name, version in here.versions().items()
        if name != mirror.SUPERSESSIONS
    ]


def _newest(here: Lake, name: str, version: int) -> datetime | None:
    moment: datetime | None = pc.max(here.read(name, ["recorded_at"], version)["recorded_at"]).as_py()
    return moment


def flush() -> int:
    """Bring the lake up to date with the store; return how many changes it took in (0: it was up to date)."""
    if not outbox.pending():
        return 0
    here = lake()
    if mirror.applied(here) > _last_position():
        raise TenureError(
            "mirror.store_older_than_lake",
            "The lake has changes that this store does not know: the store was replaced or restored.",
            fix="Run `tenure replay`, which writes the store's records into the lake again.",
        )
    last = mirror.apply(here, outbox.changes(), timezone=timezone(), reporting_currency=reporting_currency())
    return outbox.drop(last)


def replay(*, by: Actor) -> dict[str, int]:
    """Write every version of the store into the lake again, in the place of what was mirrored; rows by table."""
    here = lake()
    with writing(by) as write:
        position = max(_last_position(), mirror.applied(here))
        _advance(position)
        models = version_models()
        written = mirror.replay(
            here,
            {model.KIND: bulk.every_row(model) for model in models},
            ((model.KIND, rows) for model in models for rows in bulk.superseded_rows(model)),
            position,
            timezone=timezone(),
            reporting_currency=reporting_currency(),
        )
        outbox.drop(position)
        write.audit("replayed", "lake", "", rows=written)
    return written


def version_models() -> list[type[Version]]:
    """Every table of versions, in the order of the apps."""
    return [model for model in apps.get_models() if issubclass(model, Version)]


def differences() -> dict[str, tuple[int, int]]:
    """Tables in which store and lake disagree after a flush: (versions in the store, rows from it in the lake)."""
    found = {}
    here = lake()
    superseded = 0
    for model in version_models():
        stored = model.objects.count()
        superseded += model.objects.exclude(superseded_at=None).count()
        mirrored = _mirrored(here, model.KIND)
        if stored != mirrored:
            found[model.KIND] = (stored, mirrored)
    entries = here.read(mirror.SUPERSESSIONS, ["row_key"]).num_rows
    if entries != superseded:
        found[mirror.SUPERSESSIONS] = (superseded, entries)
    return found


def _mirrored(here: Lake, name: str) -> int:
    origins = here.read(name, ["origin"])["origin"]
    return int(pc.sum(pc.equal(origins, "store")).as_py() or 0)


def _last_position() -> int:
    """The last position the outbox ever gave."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM workspaces_outboxentry_position_seq"
            )
        else:
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = 'workspaces_outboxentry'")
        row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def _advance(position: int) -> None:
    """Let the outbox go on after a position that the lake already has."""
    if position <= _last_position():
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval('workspaces_outboxentry_position_seq', %s)", [position])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'workspaces_outboxentry'")
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('workspaces_outboxentry', %s)", [position])
