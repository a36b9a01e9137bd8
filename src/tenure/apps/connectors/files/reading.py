"""One pass over a file: opened, mapped, read, checked and staged. Hides the order of these steps from both doors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.compute as pc

from tenure.apps.connectors.files import mapping, sniff
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.mapping import Plan
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused, Problem
from tenure.apps.connectors.files.readers import Facts, Reader
from tenure.apps.connectors.files.report import Report
from tenure.apps.connectors.files.rows import Rows
from tenure.apps.connectors.files.source import Source, file_name, opened
from tenure.apps.connectors.files.staging import Writer
from tenure.apps.connectors.files.survey import Survey

Given = str | Path | bytes | BinaryIO
SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file is read: `done` of `total` (bytes, or rows where the format knows them), and what was found."""

    rows: int
    done: int
    total: int
    bad: int = 0
    problems: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a file is read: zone of days, folder of saved mappings, and who wants to hear of it."""

    timezone: str = "UTC"
    mappings: Path | None = None
    limits: Limits = field(default_factory=Limits)
    progress: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    known_subscriptions: Callable[[list[str]], set[str]] | None = None

    def check(self) -> None:
        """Stop here if somebody wants it."""
        if self.cancelled is not None and self.cancelled():
            raise ImportRefused("import.cancelled")


@dataclass(slots=True)
class Outcome:
    """What one pass found."""

    kind: str
    file: str
    facts: Facts | None = None
    plan: Plan | None = None
    rows_read: int = 0
    rows_bad: int = 0
    rows_repeated: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    sample: list[dict[str, Any]] = field(default_factory=list)
    staged: Path | None = None

    @property
    def rows_good(self) -> int:
        return self.rows_read - self.rows_bad - self.rows_repeated


class _Teller:
    """Counts problems, keeps the first ones, writes all of them to the report."""

    def __init__(self, outcome: Outcome, keep: int, report: Report | None) -> None:
        self._outcome, self._keep, self._report = outcome, keep, report
        self._last_row: int | None = None
        self.unreadable = 0

    def tell(self, problem: Problem) -> None:
        problem = replace(problem, file=self._outcome.file)
        self._outcome.counts[problem.code] += 1
        if len(self._outcome.problems) < self._keep:
            self._outcome.problems.append(problem)
        if self._report is not None:
            self._report.add(problem)

    def tell_unreadable(self, problem: Problem) -> None:
        """A row that the reader left out."""
        if problem.severity == "error" and problem.row != self._last_row:
            self._last_row = problem.row
            self.unreadable += 1
        self.tell(problem)


def open_reader(source: Source, options: Options, place: Place) -> Reader:
    """The reader for what the file really is."""
    from tenure.apps.connectors.files.readers.delimited import DelimitedReader
    from tenure.apps.connectors.files.readers.parquet import ParquetReader
    from tenure.apps.connectors.files.readers.records import RecordsReader
    from tenure.apps.connectors.files.readers.workbook import WorkbookReader

    match sniff.sniff_format(source):
        case "workbook":
            return WorkbookReader(source, place.limits, options.sheet, options.heading_row, place.check)
        case "parquet":
            return ParquetReader(source, place.limits)
        case "records":
            return RecordsReader(source, place.limits, options.encoding)
        case _:
            return DelimitedReader(source, place.limits, options.encoding, options.separator, options.heading_row)


def read(
    given: Given,
    kind: str,
    options: Options,
    place: Place,
    folder: Path,
    name: str | None = None,
    report: Report | None = None,
) -> Outcome:
    """Read a file to its end and stage its good rows in `folder`.

    Raises: ImportRefused if the file as a whole cannot be read.
    """
    mapping.columns_for(kind)
    outcome = Outcome(kind, file_name(given, name))
    teller = _Teller(outcome, place.limits.problems_kept, report)
    with opened(given, place.limits, name, place.check) as source:
        reader = open_reader(source, options, place)
        outcome.facts = reader.facts
        outcome.plan = plan = mapping.plan(kind, reader.headings, options, place.mappings)
        for note in plan.notes:
            teller.tell(note)
        rows = Rows(plan, options, reader.facts, place.limits, place.timezone, reader.headings, teller.tell)
        survey = Survey(plan)
        writer = Writer(folder, rows.schema)
        try:
            for batch in reader.batches(teller.tell_unreadable):
                place.check()
                good = rows.read(batch)
                outcome.rows_read += len(batch.rows)
                outcome.rows_bad += len(batch.rows) - good.num_rows
                if outcome.rows_read > place.limits.rows:
                    raise ImportRefused("import.too_many_rows", file=outcome.file, limit=place.limits.rows)
                survey.see(good)
                writer.write(good)
                if len(outcome.sample) < SHOWN_ROWS:
                    outcome.sample += good.slice(0, SHOWN_ROWS - len(outcome.sample)).to_pylist()
                if place.progress is not None:
                    found = outcome.counts.total()
                    place.progress(Progress(outcome.rows_read, batch.position, reader.total, outcome.rows_bad, found))
        finally:
            writer.close()
    outcome.rows_read += teller.unreadable
    outcome.rows_bad += teller.unreadable
    _conclude(outcome, survey, writer, teller, options, place)
    return outcome


def _conclude(
    outcome: Outcome, survey: Survey, writer: Writer, teller: _Teller, options: Options, place: Place
) -> None:
    """What only the whole file shows; then the staged file gets its name."""
    verdicts, mixed = survey.duplicates(), survey.mixed_currencies()
    labels = survey.labels(writer.batches(), {v.row for v in verdicts} | set(mixed))
    for verdict in verdicts:
        key = labels.get(verdict.row, "")
        detail = {"rows": ", ".join(map(str, verdict.rows)), "first": verdict.rows[0], "key": key}
        teller.tell(Problem(verdict.code, row=verdict.row, value=key, detail=detail))
        if verdict.code == "import.duplicate_key":
            outcome.rows_bad += 1
        else:
            outcome.rows_repeated += 1
    for row, currencies in sorted(mixed.items()):
        value = labels.get(row, "")
        teller.tell(Problem("import.two_currencies", row=row, value=value, detail={"currencies": currencies}))
    if not options.end_inclusive and (problem := survey.end_problem()) is not None:
        teller.tell(problem)
    if outcome.kind == "discounts" and place.known_subscriptions is not None:
        _check_references(writer, teller, place.known_subscriptions)
    outcome.staged = writer.publish({v.row for v in verdicts})


def _check_references(writer: Writer, teller: _Teller, known: Callable[[list[str]], set[str]]) -> None:
    for table in writer.batches():
        ids = pc.unique(table["subscription_id"]).to_pylist()
        unknown = set(ids) - known(ids)
        for row in table.select(["file_row", "subscription_id"]).to_pylist() if unknown else ():
            if row["subscription_id"] in unknown:
                value = row["subscription_id"]
                teller.tell(
                    Problem("import.unknown_subscription", row=row["file_row"], column="subscription_id", value=value)
                )
