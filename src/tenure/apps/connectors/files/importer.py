"""Preview, import and undo of one file: the two doors' single service. Hides runs, staging and the order of commits.

By default nothing is imported if any row is bad. The store is written in one transaction at the end, from rows that are
staged whole, so an error or a kill at any moment leaves either all of a file or nothing of it.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

from tenure.apps.acquisition.services import leads, reach
from tenure.apps.behaviour import arrived
from tenure.apps.connectors.files import named, rejects
from tenure.apps.connectors.files.leftovers import sweep_abandoned
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.mapping import Plan
from tenure.apps.connectors.files.named import NamedMapping
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.reading import Given, Outcome, Place, Progress, read
from tenure.apps.connectors.files.report import Report
from tenure.apps.connectors.files.signs import Signs
from tenure.apps.connectors.files.source import file_name
from tenure.apps.connectors.files.staging import Folder, imports_folder
from tenure.apps.crm import duplicates
from tenure.apps.crm import services as crm
from tenure.apps.crm.duplicates import RowAlike
from tenure.apps.subscriptions import selectors as subscription_reads
from tenure.apps.subscriptions import services as subscriptions
from tenure.apps.workspaces import selectors as workspace_reads
from tenure.apps.workspaces.services import custom, imports, lake
from tenure.apps.workspaces.services.bulk import Foreseen
from tenure.apps.workspaces.services.writing import Actor
from tenure.core.errors import TenureError
from tenure.core.money import trimmed

_CHUNK = 1 << 20
SHOWN_ALIKE = 20
"""So many rows that look like another record are listed in a preview; all are counted."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be imported: the first rows as they would be, and what is wrong."""

    outcome: Outcome
    foreseen: Foreseen
    report: Path | None
    alike: tuple[RowAlike, ...] = ()
    """rows that look like another record"""

    def as_dict(self) -> dict[str, Any]:
        """The shape of the API."""
        counts = asdict(self.foreseen.counts)
        fates = [self.foreseen.fates[row["file_row"]] for row in self.outcome.sample]
        return {
            **_summary(self.outcome),
            **counts,
            "rows": [_plain(row) for row in self.outcome.sample],
            "fates": fates,
            "duplicates": {
                "same": sum(one.match.verdict == "same" for one in self.alike),
                "review": sum(one.match.verdict != "same" for one in self.alike),
                "rows": [
                    {"row": one.row, "name": one.name, "key": one.key, "known": one.known,
                     "verdict": one.match.verdict, "score": one.match.score, "reasons": list(one.match.reasons)}
                    for one in self.alike[:SHOWN_ALIKE]
                ],
            },
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did."""

    run: int
    outcome: Outcome
    created: int
    changed: int
    unchanged: int
    report: Path | None

    def as_dict(self) -> dict[str, Any]:
        """The shape of the API."""
        counts = {"created": self.created, "changed": self.changed, "unchanged": self.unchanged}
        return {"run": self.run, **counts, **_summary(self.outcome)}


def preview(
    given: Given,
    kind: str,
    options: Options | None = None,
    *,
    name: str | None = None,
    report: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: Limits | None = None,
) -> Preview:
    """Read the whole file and say what an import would do now; nothing is written but the report, if one is wanted.

    Raises: ImportRefused if the file as a whole cannot be read.
    """
    place = _place(progress, cancelled, limits)
    folder = Folder(imports_folder() / f"preview-{uuid.uuid4().hex}")
    with folder.held():
        outcome = _read(given, kind, options or Options(), place, folder.path, name, report, None)
        alike = _alike(outcome, place)
        return Preview(outcome, _foresee(outcome, place), report, alike)


def check(run: imports.ImportRun, given: Given, options: Options) -> Preview:
    """What importing a draft would do now. Its refused rows are kept with it; it gives the signs of `Signs`.

    Raises: as `preview`; ImportRefused import.cancelled if it was told to stop.
    """
    signs = Signs(run.pk)
    place = _place(signs.tell, lambda: signs.asked_to_stop, None)
    folder = Folder(imports_folder() / str(run.pk))
    try:
        with folder.held():
            outcome = _read(given, run.kind, options, place, folder.path, run.file_name, None, folder.rejects)
            alike = _alike(outcome, place)
            return Preview(outcome, _foresee(outcome, place), None, alike)
    finally:
        signs.clear()


def _alike(outcome: Outcome, place: Place) -> tuple[RowAlike, ...]:
    """The staged rows that look like another record than their own."""
    return () if outcome.staged is None else tuple(duplicates.in_file(outcome.kind, outcome.staged, place.check))


def _foresee(outcome: Outcome, place: Place) -> Foreseen:
    """What the staged rows would do, those of the sample one by one."""
    if outcome.staged is None:
        raise ImportRefused("import.cancelled")
    shown = [row["file_row"] for row in outcome.sample]
    found = _door(outcome.kind).foresee_import(outcome.kind, outcome.staged, shown, place.check)
    outcome.staged = None
    return found


def _door(kind: str) -> Any:
    """The services of the app that keeps rows of a kind."""
    if kind in arrived.KINDS:
        return arrived
    if kind in reach.MODELS:
        return reach
    if kind in leads.MODELS:
        return leads
    return crm if kind in crm.MODELS else subscriptions


def run_import(
    given: Given,
    kind: str,
    options: Options | None = None,
    *,
    by: Actor,
    name: str | None = None,
    report: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: Limits | None = None,
    repairs: imports.ImportRun | None = None,
) -> ImportResult:
    """Import a file: all of it, or with `skip_bad` all but its bad rows. The same file twice changes nothing.

    `report` is where the list of problems goes; without it, it lies in the import's folder if there is any problem.
    Raises: ImportRefused; its code is `import.rejected` if rows are bad, and `where` has the counts and the report.
    """
    sweep_abandoned()
    chosen = options or Options()
    named_as, content = file_name(given, name), digest(given)
    run = imports.start_run(kind, named_as, content, by=by, options=asdict(chosen), repairs=repairs)
    return carry_out(
        run,
        given,
        chosen,
        by=by,
        name=name,
        report=report,
        progress=progress,
        cancelled=cancelled,
        limits=limits,
    )


def carry_out(
    run: imports.ImportRun,
    given: Given,
    options: Options,
    *,
    by: Actor,
    name: str | None = None,
    report: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    limits: Limits | None = None,
) -> ImportResult:
    """Read the file of a staged run and write it. While it runs it gives the signs of `Signs`, and heeds them.

    Raises: as `run_import`.
    """
    signs, kind = Signs(run.pk), run.kind

    def tell(found: Progress) -> None:
        signs.tell(found)
        if progress is not None:
            progress(found)

    def stopped() -> bool:
        return signs.asked_to_stop or (cancelled is not None and cancelled())

    place = _place(tell, stopped, limits)
    folder = Folder(imports_folder() / str(run.pk))
    try:
        with folder.held():
            outcome = _read(given, kind, options, place, folder.path, name, report or folder.report, folder.rejects)
            written = (report or folder.report) if outcome.counts else None
            if written is None:
                (report or folder.report).unlink(missing_ok=True)
            path = "" if written is None else str(written)
            imports.note_rows(run, rows_read=outcome.rows_read, rows_bad=outcome.rows_bad, report_path=path)
            if outcome.rows_bad and not options.skip_bad:
                raise ImportRefused(
                    "import.rejected",
                    bad=outcome.rows_bad,
                    rows=outcome.rows_read,
                    file=outcome.file,
                    run=run.pk,
                    report=path,
                    counts=dict(outcome.counts),
                    problems=[p.as_dict() for p in outcome.problems],
                )
            place.check()
            if outcome.staged is None:
                raise ImportRefused("import.cancelled")
            done = _door(kind).apply_import(kind, outcome.staged, run, by, place.check)
    except BaseException as error:
        imports.fail_run(run, error, by=by)
        signs.clear()
        raise
    result = ImportResult(run.pk, outcome, done.created, done.changed, done.unchanged, written)
    imports.note_outcome(run, result.as_dict())
    settle(run, by=by)
    return result


def settle(run: imports.ImportRun, *, by: Actor) -> None:
    """End a run that is written: somebody's wish to stop it, if it came too late to be heeded, takes it back.

    Raises: ImportRefused import.cancelled.
    """
    signs = Signs(run.pk)
    late = run.state == "applied" and signs.take_wish()
    if late:
        undo(run.pk, by=by)
        run.refresh_from_db()
    signs.end()
    if late:
        raise ImportRefused("import.cancelled")


def undo(run_id: int | str, *, by: Actor) -> Any:
    """Take an import back: what it wrote is withdrawn, what it replaced returns; later edits stay."""
    try:
        run = workspace_reads.import_run(int(run_id))
    except (ValueError, TenureError) as error:
        raise ImportRefused("import.unknown_run", value=str(run_id)) from error
    if run.state != "applied":
        raise ImportRefused("import.not_undoable", value=str(run_id), status=run.get_state_display())
    return _door(run.kind).undo_import(run, by)


def _place(
    progress: Callable[[Progress], None] | None, cancelled: Callable[[], bool] | None, limits: Limits | None
) -> Place:
    return Place(
        own=custom.fields,
        timezone=lake.timezone(),
        mappings=mappings_folder(),
        limits=limits or Limits(),
        progress=progress,
        cancelled=cancelled,
        known_subscriptions=subscription_reads.known_subscriptions,
    )


def save_mapping(name: str, plan: Plan) -> None:
    """Keep the mapping of a file under a name, for the next file of its kind."""
    columns = {c.column: (c.heading,) for c in plan.chosen}
    named.save(NamedMapping(name, plan.kind, columns, plan.constants, plan.stamps), mappings_folder())


def mapping_names() -> list[str]:
    """Every mapping that can be chosen."""
    return named.names(mappings_folder())


def mappings_folder() -> Path:
    """Where saved mappings lie."""
    return Path(settings.TENURE_HOME) / "mappings"


def _read(
    given: Given,
    kind: str,
    options: Options,
    place: Place,
    folder: Path,
    name: str | None,
    report: Path | None,
    refused: Path | None,
) -> Outcome:
    """One pass, with its report and its refused rows written whole or not at all."""
    listing = None if report is None else Report(report)
    writer = None if refused is None else rejects.Writer(refused)
    listings = [found for found in (listing, writer) if found is not None]
    try:
        outcome = read(given, kind, options, place, folder, name, listing, writer)
    except BaseException:
        for found in listings:
            found.discard()
        raise
    for found in listings:
        found.finish()
    return outcome


def digest(given: Given) -> str:
    """What names a file's content; empty if it cannot be read (reading it will say why)."""
    if isinstance(given, bytes):
        return hashlib.sha256(given).hexdigest()
    if isinstance(given, str | Path):
        try:
            with Path(given).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except (OSError, ValueError):
            return ""
    given.seek(0)
    return hashlib.file_digest(given, "sha256").hexdigest()


def _summary(outcome: Outcome) -> dict[str, Any]:
    return {
        "kind": outcome.kind,
        "file": outcome.file,
        "found": None if outcome.facts is None else outcome.facts.as_dict(),
        "mapping": None if outcome.plan is None else outcome.plan.as_dict(),
        "rows_read": outcome.rows_read,
        "rows_good": outcome.rows_good,
        "rows_bad": outcome.rows_bad,
        "rows_repeated": outcome.rows_repeated,
        "notation": outcome.notation,
        "counts": dict(outcome.counts),
        "problems": [p.as_dict() for p in outcome.problems],
    }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON takes it, without its empty columns; amounts without the zeros behind them."""
    shown: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Decimal):
            shown[name] = f"{trimmed(value):f}"
        elif value is not None:
            shown[name] = value if isinstance(value, int | bool) else str(value)
    return shown
