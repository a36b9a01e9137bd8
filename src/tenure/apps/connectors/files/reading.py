"""One pass over a file: opened, mapped, read, checked and staged. Hides the order of these steps from both doors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.apps.connectors.files import mapping, rejects, sniff
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.mapping import Plan
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused, Problem
from tenure.apps.connectors.files.readers import Batch, Facts, Reader, Tell
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
    own: Callable[[str], Sequence[Any]] = lambda kind: ()
    """the custom fields of a kind"""

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
    notation: dict[str, Any] = field(default_factory=dict)
    staged: Path | None = None

    @property
    def rows_good(self) -> int:
        return self.rows_read - self.rows_bad - self.rows_repeated


class _Teller:
    """Counts problems, keeps the first ones, writes all of them to the report, and the refused rows to `refused`."""

    def __init__(self, outcome: Outcome, keep: int, report: Report | None, refused: rejects.Writer | None) -> None:
        self._outcome, self._keep, self._report, self._refused = outcome, keep, report, refused
        self._last_row: int | None = None
        self._open: dict[int, list[Problem]] = {}
        self._left_out: dict[int, tuple[str, ...]] = {}
        self.unreadable = 0

    def tell(self, problem: Problem) -> None:
        problem = replace(problem, file=self._outcome.file)
        self._outcome.counts[problem.code] += 1
        if len(self._outcome.problems) < self._keep:
            self._outcome.problems.append(problem)
        if self._report is not None:
            self._report.add(problem)
        if self._refused is not None and problem.severity == "error" and problem.row is not None:
            self._open.setdefault(problem.row, []).append(problem)

    def tell_unreadable(self, problem: Problem) -> None:
        """A row that the reader left out."""
        if problem.severity == "error" and problem.row is not None:
            if problem.row != self._last_row:
                self._last_row = problem.row
                self.unreadable += 1
            if self._refused is not None:
                self._left_out[problem.row] = problem.cells
        self.tell(problem)

    def refuse(self, batch: Batch | None = None, rows: npt.NDArray[np.bool_] | None = None) -> None:
        """Write the rows the reader left out so far, and those of a batch, with what was told of them."""
        if self._refused is None:
            return
        found: list[tuple[int, Sequence[str | None]]] = list(self._left_out.items())
        self._left_out.clear()
        if batch is not None and rows is not None and rows.any():
            places = pa.array(np.flatnonzero(rows))
            columns = [column.take(places).to_pylist() for column in batch.columns]
            found += [(row, cells) for row, *cells in zip(batch.rows[rows].tolist(), *columns, strict=True)]
        for row, cells in sorted(found, key=lambda pair: pair[0]):
            self._refused.add(row, cells, self._open.pop(row, []))


def open_reader(source: Source, options: Options, place: Place) -> Reader:
    """The reader for what the file really is.

    Raises: ImportRefused if it cannot be read, or not in the encoding that was chosen.
    """
    try:
        return _reader(source, options, place)
    except UnicodeError as error:
        raise ImportRefused("import.wrong_encoding", file=source.name, value=options.encoding or "–") from error


def _reader(source: Source, options: Options, place: Place) -> Reader:
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
    refused: rejects.Writer | None = None,
) -> Outcome:
    """Read a file to its end and stage its good rows in `folder`; `refused` takes the others as they stand.

    Raises: ImportRefused if the file as a whole cannot be read.
    """
    mapping.columns_for(kind)
    outcome = Outcome(kind, file_name(given, name))
    teller = _Teller(outcome, place.limits.problems_kept, report, refused)
    with opened(given, place.limits, name, place.check) as source:
        reader = open_reader(source, options, place)
        outcome.facts = reader.facts
        outcome.plan = plan = mapping.plan(kind, reader.headings, options, place.mappings, place.own(kind))
        for note in plan.notes:
            teller.tell(note)
        if refused is not None:
            refused.begin(reader.headings)
        rows = Rows(plan, options, reader.facts, place.limits, place.timezone, reader.headings, teller.tell)
        survey = Survey(plan)
        writer = Writer(folder, rows.schema)
        try:
            for batch in _batches(reader, teller.tell_unreadable):
                place.check()
                good = rows.read(batch)
                teller.refuse(batch, ~np.isin(batch.rows, good["file_row"].to_numpy()))
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
            teller.refuse()
            outcome.notation = rows.notation
        finally:
            writer.close()
    outcome.rows_read += teller.unreadable
    outcome.rows_bad += teller.unreadable
    doubled = _conclude(outcome, survey, writer, teller, options, place)
    if refused is not None and doubled:
        _refuse_doubled(given, options, place, name, doubled, teller)
    return outcome


def _batches(reader: Reader, tell: Tell) -> Iterator[Batch]:
    """The batches of a file; in one of refused rows that comes back, without what protected texts from spreadsheets."""
    returned = rejects.row_place(reader.headings) is not None
    for batch in reader.batches(tell):
        if returned:
            plain = [pc.replace_substring_regex(c, rejects.QUOTED_FORMULA, r"\1") for c in batch.columns]
            yield Batch(plain, batch.rows, batch.position)
        else:
            yield batch


def _refuse_doubled(
    given: Given, options: Options, place: Place, name: str | None, doubled: set[int], teller: _Teller
) -> None:
    """Read the file once more for the rows of which only the whole file showed that they cannot be."""
    wanted = np.array(sorted(doubled), np.int64)
    with opened(given, place.limits, name, place.check) as source:
        for batch in _batches(open_reader(source, options, place), lambda _problem: None):
            place.check()
            teller.refuse(batch, np.isin(batch.rows, wanted))


def _conclude(
    outcome: Outcome, survey: Survey, writer: Writer, teller: _Teller, options: Options, place: Place
) -> set[int]:
    """What only the whole file shows; then the staged file gets its name. Gives the rows that differ under one key."""
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
    return {v.row for v in verdicts if v.code == "import.duplicate_key"}


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
