"""A workspace: a folder with a lake, its settings and its cache; the notebook's door and the server's.

`Workspace.open` needs no server and no application store. Hides versions, definitions, the cache and temporary folders.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from tenure.core.definition import OF_THE_HOUSE, PRESETS, Definition
from tenure.core.errors import QuestionRefused, TenureError
from tenure.warehouse import mirror, questions
from tenure.warehouse.answer import Answer, Result
from tenure.warehouse.book import Shelf
from tenure.warehouse.cache import AnswerCache, key
from tenure.warehouse.catalogue import Summaries
from tenure.warehouse.engines import routed
from tenure.warehouse.engines.names import ONE_MACHINE
from tenure.warehouse.ingest import LoadReport, conform
from tenure.warehouse.lake import lake_of
from tenure.warehouse.questions.base import Ask, Question
from tenure.warehouse.sequences.index import SequenceIndex
from tenure.warehouse.snapshot import ARRIVING, Snapshot

ABOUT = "workspace.json"
DEFAULT = "default"
FORMAT = 4


class Workspace:
    """Tables in, questions, answers out."""

    def __init__(
        self,
        path: Path,
        settings: Mapping[str, Any] | None = None,
        *,
        temporary: bool = False,
        engine: str = ONE_MACHINE,
        lake: str = "",
        **limits: Any,
    ) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        about = _about(path, settings)
        self.settings: dict[str, Any] = about["settings"]
        self.lake_timezone: str = about["lake_timezone"]
        self.lake = lake_of(path, lake)
        self.engine = routed.engine(self.lake, engine, spill=path / "cache" / "spill", **limits)
        # a temporary workspace is gone before anyone could share its cache
        cache = None if temporary else path / "cache"
        self._shelf = Shelf(None if cache is None else cache / "ledger")
        self._summaries = Summaries(self.lake, None if cache is None else cache / "catalogue")
        self.sequences = None if cache is None else SequenceIndex(cache / "sequences", self.lake)
        self._answers = AnswerCache(None if cache is None else cache / "answers")
        if temporary:
            weakref.finalize(self, shutil.rmtree, path, ignore_errors=True)

    @classmethod
    def open(
        cls, path: str | Path | None = None, settings: Mapping[str, Any] | None = None, **limits: Any
    ) -> Workspace:
        """The workspace in a folder (made if absent), or a temporary one; `settings` override its metric settings.

        Its lake is the folder `lake` in it, or the place in object storage that `lake` names (s3://BUCKET/PREFIX).
        """
        if path is None:
            return cls(Path(tempfile.mkdtemp(prefix="tenure-")), settings, temporary=True, **limits)
        return cls(Path(path), settings, **limits)

    # --------------------------------------------------------------------------------------------------- tables in

    def load(
        self, table: str, rows: Any, *, source: str | None = None, recorded_at: datetime | None = None
    ) -> LoadReport:
        """Append rows (Arrow table, frame, list of dicts, or a file) to a table of the lake.

        Lenient: a cell that cannot be read becomes null and a flaw, which `anomalies` lists; unknown columns are kept
        in `attributes` and reported.
        Raises: LoadRefused if the table is unknown or the rows are no table at all.
        """
        data, report = conform(
            table,
            rows,
            timezone=self.lake_timezone,
            reporting_currency=self.definition().reporting_currency,
            recorded_at=recorded_at or datetime.now(UTC),
            source=source,
            origin="load",
            batch=uuid.uuid4().hex[:16],
        )
        self.lake.append(table, data)
        return report

    # ------------------------------------------------------------------------------------------------- definitions

    def definitions(self) -> dict[str, Definition]:
        """The metric definitions by name: the workspace's own, the presets, and those people wrote.

        One that people wrote under the name of the workspace's own takes its place; the others lie over it.
        """
        own = PRESETS["tenure"].with_settings(self.settings, name=DEFAULT)
        written = self._written(own)
        base = _laid_over(own, written.pop(DEFAULT, None))
        house = {name: base.settings[name] for name in OF_THE_HOUSE}
        presets = {name: preset.with_settings(house) for name, preset in PRESETS.items()}
        return {DEFAULT: base, **presets, **{name: _laid_over(base, row) for name, row in written.items()}}

    def _written(self, own: Definition) -> dict[str, dict[str, Any]]:
        """The last version of each definition that people wrote, by name."""
        versions = self._versions()
        if "metric_definitions" not in versions:
            return {}
        snapshot = Snapshot(self.engine, versions, own, datetime.now(UTC), self.lake_timezone)
        return {row["name"]: row for row in snapshot.run("metric_definitions").to_pylist()}

    def definition(self, name: str | None = None) -> Definition:
        """A metric definition by name, the workspace's own if none is given.

        Raises: QuestionRefused if there is no such definition.
        """
        if name is None and "metric_definitions" not in self._versions():
            return PRESETS["tenure"].with_settings(self.settings, name=DEFAULT)
        found = self.definitions()
        wanted = DEFAULT if name is None else name
        if wanted not in found:
            raise QuestionRefused(
                "question.unknown_definition",
                f"There is no metric definition {name!r}.",
                fix=f"Use one of: {', '.join(found)}.",
                field="definition",
                value=name,
                allowed=list(found),
            )
        return found[wanted]

    # ----------------------------------------------------------------------------------------------- answers out

    def ask(self, question: Question | Mapping[str, Any], *, now: datetime | None = None) -> Answer:
        """The answer to a question, given as a value or as its JSON object.

        Raises: QuestionRefused for an unknown question, field or value.
        """
        return self.asking(question, now=now).answer()

    def asking(
        self,
        question: Question | Mapping[str, Any],
        cell: Mapping[str, Any] | None = None,
        *,
        now: datetime | None = None,
    ) -> Asking:
        """A question, or the rows behind a cell of its answer, before anything is computed.

        Raises: QuestionRefused for an unknown question, field or value.
        """
        asked = question if isinstance(question, Question) else questions.parse(question)
        era = self._answers.era()  # before anything is read
        definition = self.definition(getattr(asked, "definition", None))
        versions = self._versions()
        read = versions if asked.of_events else {name: v for name, v in versions.items() if name not in ARRIVING}
        snapshot = Snapshot(
            self.engine,
            read,
            definition,
            now or datetime.now(UTC),
            self.lake_timezone,
            threads=self.engine.threads,
            sequences=None if self._is_large(versions) else self.sequences,
        )
        always = {
            "question": asked.canonical(),
            "definition": definition.settings,
            "name": [definition.name, definition.version],
            "lake_timezone": self.lake_timezone,
            "format": FORMAT,
        } | ({} if cell is None else {"cell": dict(cell)})
        return Asking(
            question=asked,
            cell=cell,
            series=key(always),
            goes_to_cluster=self.engine.is_large(read),
            ask=Ask(snapshot, self._shelf, self.definition, self._summaries),
            place=key({**always, "versions": snapshot.versions, "clock": asked.clock(snapshot)}),
            answers=self._answers,
            era=era,
        )

    def versions(self) -> dict[str, int]:
        """The lake versions a question asked now would read."""
        return self._versions()

    def index(self) -> bool:
        """Bring the sequence index up to date with the lake; whether anything had to be done."""
        versions = self._versions()
        if self.sequences is None or self._is_large(versions):
            return False
        now = datetime.now(UTC)
        definition = self.definition()
        return self.sequences.refresh(
            Snapshot(self.engine, versions, definition, now, self.lake_timezone, self.engine.threads)
        )

    def _is_large(self, versions: Mapping[str, int]) -> bool:
        """Whether the events are the cluster's work; it needs no index."""
        return "events" in versions and self.engine.is_large({"events": versions["events"]})

    def read(self, table: str) -> pa.Table:
        """All rows of a table of the lake, as they lie there."""
        return self.lake.read(table)

    def _versions(self) -> dict[str, int]:
        return mirror.snapshot(self.lake)


@dataclass(frozen=True, slots=True)
class Asking:
    """A question with what it is asked of, and where its answers are kept; of a cell the answer's table is its rows."""

    question: Question
    cell: Mapping[str, Any] | None
    series: str
    """the key of its answers, whatever the lake has and whenever it is asked"""
    goes_to_cluster: bool
    """whether it may be the cluster's work: where not, the cluster is not asked for any part"""
    ask: Ask
    place: str
    """the key of its answer"""
    answers: AnswerCache
    era: str

    def answer(self) -> Answer:
        """The answer, computed where it is not kept."""
        found = self.answers.get(self.place)
        if found is None:
            snapshot = self.ask.snapshot
            if self.cell is None:
                result = self.question.answer(self.ask)
            else:
                result = Result(self.question.rows_behind(self.ask, self.cell))
            beside: dict[str, Any] = {
                "rows_read": snapshot.rows_read,
                "sql": snapshot.sql,
                "computed_at": snapshot.now.isoformat(),
                "versions": dict(snapshot.versions),
            }
            found = result, beside
            self.answers.put(self.place, result, beside, series=self.series, era=self.era)
        return self._answer(*found)

    def known(self) -> Answer | None:
        """The answer if it is kept."""
        found = self.answers.get(self.place)
        return None if found is None else self._answer(*found)

    def last(self) -> Answer | None:
        """The answer that was computed last, of whatever versions and hour, if it is kept."""
        found = self.answers.last(self.series)
        return None if found is None else self._answer(*found)

    def _answer(self, result: Result, beside: Mapping[str, Any]) -> Answer:
        question, ask, definition = self.question, self.ask, self.ask.snapshot.definition
        return Answer(
            question=question.canonical(),
            table=result.table,
            definition={"name": definition.name, "version": definition.version, "settings": definition.settings},
            versions=dict(beside["versions"]),
            rows_read=beside["rows_read"],
            sql=[{"name": name, "sql": sql} for name, sql in beside["sql"].items()],
            checks=result.checks,
            notes=result.notes,
            computed_at=datetime.fromisoformat(beside["computed_at"]),
            proof=lambda cell: question.rows_behind(ask, cell),
            beside=result.beside,
            by_unit=cache(lambda: question.by_unit(ask)),
        )


def _laid_over(base: Definition, row: Mapping[str, Any] | None) -> Definition:
    """A definition as it was written: what it says, and for the rest the one below it."""
    if row is None:
        return base
    return base.with_settings(json.loads(row["settings"] or "{}"), name=row["name"], version=row["version"] or 1)


def _about(path: Path, settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """The workspace's file: its settings, and the time zone in which the days of its lake were read (never changed)."""
    place = path / ABOUT
    about: dict[str, Any] = {}
    if place.exists():
        try:
            about = json.loads(place.read_text(encoding="utf-8"))
        except ValueError as error:
            raise TenureError(
                "workspace.unreadable",
                f"{place} is not a JSON file.",
                fix="Restore it from a backup, or delete it to start with default settings.",
                path=str(place),
            ) from error
    kept = dict(about.get("settings", {}))
    own = PRESETS["tenure"].with_settings({**kept, **(settings or {})})
    if not place.exists():
        about = {"settings": dict(settings or {}), "lake_timezone": own.timezone}
        work = path / f".{ABOUT}.{uuid.uuid4().hex}"
        work.write_text(json.dumps(about, indent=1, default=str), encoding="utf-8")
        work.rename(place)
    return {"settings": {**kept, **(settings or {})}, "lake_timezone": about.get("lake_timezone", own.timezone)}
