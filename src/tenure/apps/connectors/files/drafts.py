"""A draft: a file that was uploaded and not decided on. Looked into, mapped and checked before anything is written.

Its file is kept as a job's is. A draft that nobody touches is thrown away after `KEPT_DAYS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils import timezone

from tenure.apps.connectors.files import importer, jobs, mapping, named, rejects
from tenure.apps.connectors.files.headings import KINDS, normal, ranks
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.mapping import Plan
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused, Problem
from tenure.apps.connectors.files.readers import Facts
from tenure.apps.connectors.files.reading import Given, Place, open_reader
from tenure.apps.connectors.files.source import opened
from tenure.apps.connectors.files.staging import Folder, imports_folder
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import custom, imports
from tenure.apps.workspaces.services.writing import Actor
from tenure.core.errors import TenureError

KEPT_DAYS = 7
SHOWN_VALUES = 3
MOST_REPAIRED = 200
"""So many refused rows can be repaired in the page; more are repaired in a file."""
_LOOKED_AT = 200
_HINTS: Mapping[str, tuple[str, ...]] = {
    "accounts": ("account", "customer", "客户", "公司"),
    "contacts": ("contact", "people", "联系人"),
    "subscriptions": ("subscription", "订阅"),
    "contracts": ("contract", "合同"),
    "discounts": ("discount", "coupon", "折扣", "优惠"),
    "invoice_lines": ("invoice", "发票", "账单"),
    "fx_rates": ("rate", "fx", "汇率"),
    "deals": ("deal", "opportunit", "pipeline", "商机"),
    "committee_members": ("committee", "决策链"),
    "tenders": ("tender", "招标", "投标"),
    "tender_items": ("tender_item", "标书清单"),
    "demands": ("demand", "需求"),
    "demand_links": ("demand_link", "需求反馈"),
    "activities": ("activit", "task", "跟进", "拜访"),
    "spend": ("spend", "cost", "campaign", "keyword", "花费", "消费", "投放", "推广"),
    "touches": ("touch", "触点"),
    "leads": ("lead", "线索", "名单"),
    "events": ("event", "事件"),
    "identities": ("identit", "身份"),
}
"""Words in a file's name that tell what it holds."""
_NEVER_TELLING = frozenset({"source", "row_id", "attributes"})


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen of a file before its rows are checked: headings, values under each, and how they would be read."""

    headings: list[str]
    values: list[list[str]]
    facts: Facts
    plan: Plan
    missing: list[str]
    rows: int
    """how many rows were looked at"""


@dataclass(frozen=True, slots=True)
class Opened:
    """The headings of a file and its first rows, whatever it holds."""

    headings: list[str]
    facts: Facts
    columns: list[list[str]] = field(default_factory=list)


def keep(
    given: Given,
    *,
    by: Actor,
    name: str | None = None,
    kind: str | None = None,
    options: Options | None = None,
    repairs: imports.ImportRun | None = None,
) -> imports.ImportRun:
    """Keep a file as a draft; without a kind, the one its headings tell.

    Raises: ImportRefused if it cannot be read at all; then nothing is kept.
    """
    if kind is not None:
        mapping.columns_for(kind)
    with jobs.kept(given, name) as upload:
        chosen = options or Options()
        head = _open(jobs.uploads_folder() / upload.name, chosen, upload.file_name)
        found = kind or likely_kinds(head.headings, upload.file_name)[0]
        if options is None:
            chosen = Options(mapping=_known_export(found, head.headings))
        return imports.keep_draft(
            found, upload.file_name, upload.digest, upload.name, asdict(chosen), by=by, repairs=repairs
        )


def likely_kinds(headings: Sequence[str], file_name: str = "") -> list[str]:
    """Every kind, the one that fits the headings best first."""
    words = [word for heading in headings if (word := normal(heading))]
    called = file_name.casefold()

    def fit(kind: str) -> float:
        table, taken, filled = ranks(kind), set[str](), set[str]()
        offers = sorted(
            (rank, column, word)
            for column in mapping.columns_for(kind)
            if column not in _NEVER_TELLING
            for word in words
            if (rank := table[column].get(word)) is not None
        )
        score = 0.0
        for rank, column, word in offers:
            if word not in taken and column not in filled:
                taken.add(word)
                filled.add(column)
                score += 0.4 if rank == 2 else 1.0
        score -= 0.25 * (len(words) - len(taken))
        score -= 3.0 * sum(1 for column in mapping.needed(kind) if column not in filled)
        return score + 1.5 * any(hint in called for hint in _HINTS[kind])

    return sorted(KINDS, key=fit, reverse=True)


def _known_export(kind: str, headings: Sequence[str]) -> str | None:
    """The built-in mapping of another program's export, if the headings are that program's."""
    exact = {mapping.normal_exact(h) for h in headings}
    for known in named.BUILT_IN.values():
        hits = sum(any(mapping.normal_exact(w) in exact for w in words) for words in known.columns.values())
        if (
            known.kind == kind
            and hits >= len(known.columns) / 2
            and exact & {mapping.normal_exact(w) for w in known.tells}
        ):
            return known.name
    return None


def options_of(run: imports.ImportRun) -> Options:
    """The choices about reading a draft's file."""
    return Options.of(run.options or {})


def look(run: imports.ImportRun, options: Options | None = None) -> Look:
    """Look into a draft's file.

    Raises: ImportRefused if it cannot be read in the way that was chosen.
    """
    chosen = options or options_of(run)
    head = _open(jobs.place_of(run), chosen, run.file_name)
    plan = mapping.suggestion(run.kind, head.headings, chosen, importer.mappings_folder(), custom.fields(run.kind))
    values = [list(dict.fromkeys(v for v in column if v))[:SHOWN_VALUES] for column in head.columns]
    looked_at = max((len(column) for column in head.columns), default=0)
    return Look(head.headings, values, head.facts, plan, mapping.missing_columns(plan), looked_at)


def _open(place: Path, options: Options, name: str) -> Opened:
    with opened(place, Limits(batch_rows=_LOOKED_AT), name) as source:
        reader = open_reader(source, options, Place(limits=Limits(batch_rows=_LOOKED_AT)))
        batch = next(reader.batches(lambda _problem: None), None)
        columns = [] if batch is None else [[v or "" for v in c.to_pylist()[:_LOOKED_AT]] for c in batch.columns]
        return Opened(reader.headings, reader.facts, columns)


def choose(run: imports.ImportRun, kind: str, options: Options) -> bool:
    """Keep what was chosen about a draft; False if it is none any more."""
    mapping.columns_for(kind)
    return imports.change_draft(run, kind, asdict(options))


def save_mapping(run: imports.ImportRun, name: str) -> None:
    """Keep the mapping of a draft under a name, for the next file of its kind."""
    importer.save_mapping(name, look(run).plan)


def size_of(run: imports.ImportRun) -> int:
    """Bytes of a draft's file."""
    return jobs.place_of(run).stat().st_size


def carry_out_check(run_id: int) -> None:
    """Check a draft, and keep with it what importing it would do, or why it cannot be read."""
    run = selectors.import_run(run_id)
    if run.state not in {"draft", "checking"}:
        return
    try:
        said = importer.check(run, jobs.place_of(run), replace(options_of(run), skip_bad=True)).as_dict()
    except TenureError as refused:
        said = {} if refused.code == "import.cancelled" else {"refused": refused.as_dict()}
    imports.end_check(run, said)


def refusal_of(run: imports.ImportRun) -> TenureError | None:
    """Why the last check of a draft could not read it."""
    said = run.outcome or {}
    return ImportRefused.kept(said["refused"]) if run.state == "draft" and "refused" in said else None


def found_of(run: imports.ImportRun) -> dict[str, Any] | None:
    """What the last check of a draft found; None if it was not checked since it was changed."""
    said = run.outcome or {}
    return said if run.state == "draft" and "rows_read" in said else None


def forget_old(run: imports.ImportRun) -> None:
    """Throw a draft away that nobody has decided on for long."""
    if timezone.now() - run.started_at > timedelta(days=KEPT_DAYS):
        jobs.cancel(run.pk, by="tenure")


# ---------------------------------------------------------------------- refused rows


def rejects_of(run: imports.ImportRun) -> Path:
    """The file of the rows that a run, or the check of a draft, refused; missing if there were none."""
    return Folder(imports_folder() / str(run.pk)).rejects


def refused_rows(run: imports.ImportRun) -> tuple[list[str], list[rejects.Reject]]:
    """The headings and the refused rows in the order of the file, at most as many as can be repaired in the page."""
    place, found = rejects_of(run), []
    for reject in rejects.rows(place):
        found.append(reject)
        if len(found) == MOST_REPAIRED:
            break
    return rejects.headings(place), sorted(found, key=lambda reject: reject.row)


def repair_options(run: imports.ImportRun) -> Options:
    """How refused rows of a run are read when they come back: as the first file was, but for its form."""
    said = run.outcome or {}
    notation = said.get("notation") or {}
    first = replace(options_of(run), encoding=None, separator=None, sheet=None, heading_row=None, skip_bad=True)
    comma = first.decimal_comma if first.decimal_comma is not None else notation.get("decimal_comma")
    order = first.date_format if first.date_format != "auto" else notation.get("date_format", "auto")
    return replace(first, decimal_comma=comma, date_format=order)


def repair(
    run: imports.ImportRun, lines: Sequence[tuple[int, Sequence[str]]], *, by: Actor
) -> importer.ImportResult | importer.Preview:
    """Import rows of a run that were repaired: as a run of its own, without those that are still refused.

    Gives what a preview says, and writes nothing, where none of them can be imported.
    """
    heads, _rows = refused_rows(run)
    content, options = rejects.repaired(heads, lines), repair_options(run)
    found = importer.preview(content, run.kind, options, name=run.file_name)
    if found.outcome.rows_good == 0:
        return found
    return importer.run_import(content, run.kind, options, by=by, name=run.file_name, repairs=run)


def still_refused(lines: Sequence[tuple[int, Sequence[str]]], found: importer.Preview) -> list[rejects.Reject]:
    """Repaired rows of which none could be imported, with what is wrong with them now."""
    told: dict[int, list[Problem]] = {}
    for problem in found.outcome.problems:
        if problem.row is not None and problem.severity == "error":
            told.setdefault(problem.row, []).append(problem)
    first = 2  # the row after the headings
    return [
        rejects.Reject(row, tuple(cells), tuple(told.get(at, ()))) for at, (row, cells) in enumerate(lines, start=first)
    ]
