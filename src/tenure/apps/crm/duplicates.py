"""The search for duplicates over all accounts and contacts, and for those that are like one record.

Memory is bounded: the normal forms of the accounts are held (about 100 bytes each), and one strip of one block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils import timezone

from tenure.apps.crm import selectors
from tenure.apps.crm.models import AccountVersion, ContactVersion, DuplicatePair, DuplicateSearch, PairState
from tenure.apps.workspaces.permissions import Caller
from tenure.apps.workspaces.services.writing import writing
from tenure.core.matching import Companies, Company, Match, Person, compare_persons, same_persons

AT_ONCE = 1_000
MOST_SHOWN = 5
MOST_LOOKED_AT = 2_000
"""Accounts that begin like a name, of which so many are compared while somebody waits."""
_COMPARED = ("name", "legal_name", "uscc", "domain")


@dataclass(frozen=True, slots=True)
class Alike:
    """A record that is like one that is to be written."""

    record: Any
    match: Match


def begin() -> DuplicateSearch:
    """Note that a search is to be made."""
    return DuplicateSearch.objects.create(started_at=timezone.now())


def find(search: DuplicateSearch) -> DuplicateSearch:
    """Find every pair, and keep those that nobody has decided on; open ones that are none any more go.

    May be run again after a kill: it begins anew.
    """
    began = timezone.now()
    found = 0
    try:
        for kind, step in (("accounts", _account_pairs), ("contacts", _contact_pairs)):
            found += _keep(search, kind, step(search), began, found)
    except BaseException:
        DuplicateSearch.objects.filter(pk=search.pk).update(failed=True, finished_at=timezone.now())
        raise
    search.found, search.finished_at, search.step, search.failed = found, timezone.now(), "done", False
    search.save(update_fields=["found", "finished_at", "step", "failed"])
    return search


def _tell(search: DuplicateSearch, step: str, done: int, total: int) -> None:
    DuplicateSearch.objects.filter(pk=search.pk).update(step=step, done=done, total=total)


def _account_pairs(search: DuplicateSearch) -> Iterator[tuple[str, str, Match]]:
    rows = AccountVersion.objects.live().filter(merged_into=None).order_by("recorded_at", "pk")
    total = rows.count()
    _tell(search, "accounts", 0, total)
    speaking: dict[str, Company] = {}
    for account, *compared in rows.values_list("account_id", *_COMPARED).iterator(AT_ONCE):
        speaking[account] = Company.of(*compared)
    ids = list(speaking)
    for left, right, match in Companies(list(speaking.values())).pairs():
        yield ids[left], ids[right], match
    _tell(search, "accounts", total, total)


def _contact_pairs(search: DuplicateSearch) -> Iterator[tuple[str, str, Match]]:
    """The contacts of each account and of what was merged into it."""
    roots = _roots()
    rows = ContactVersion.objects.live().exclude(account_id=None)
    total = rows.count()
    _tell(search, "contacts", 0, total)
    merged = rows.filter(account_id__in=[*roots, *roots.values()])
    together = sorted((roots.get(row[0], row[0]), row) for row in merged.values_list(*_CONTACT))
    yield from _by_account(together)
    alone = rows.order_by("account_id", "pk").values_list(*_CONTACT).iterator(AT_ONCE)
    apart = set(roots) | set(roots.values())
    yield from _by_account((row[0], row) for row in alone if row[0] not in apart)
    _tell(search, "contacts", total, total)


_CONTACT = ("account_id", "contact_id", "name", "email", "phone")


def _by_account(rows: Iterable[tuple[str, tuple[Any, ...]]]) -> Iterator[tuple[str, str, Match]]:
    for _account, theirs in groupby(rows, key=lambda pair: pair[0]):
        yield from same_persons((row[1], Person.of(*row[2:])) for _root, row in theirs)


def _roots() -> Mapping[str, str]:
    """Merged account -> the account it is part of in the end."""
    merged = AccountVersion.objects.live().exclude(merged_into=None).order_by("recorded_at", "pk")
    into = dict(merged.values_list("account_id", "merged_into"))
    roots = {}
    for one in into:
        root, seen = one, {one}
        while root in into and into[root] not in seen:
            root = into[root]
            seen.add(root)
        roots[one] = root
    return roots


def _keep(search: DuplicateSearch, kind: str, pairs: Iterator[tuple[str, str, Match]], began: Any, before: int) -> int:
    """Write the pairs, piece by piece; how many of them are open."""
    decided = set(DuplicatePair.objects.filter(kind=kind).exclude(state=PairState.OPEN).values_list("left", "right"))
    count = 0
    while some := list(islice(pairs, AT_ONCE)):
        made = {}
        for one, other, match in some:
            left, right = min(one, other), max(one, other)
            if left < right and (left, right) not in decided:
                made[left, right] = DuplicatePair(
                    kind=kind, left=left, right=right, verdict=match.verdict, score=match.score,
                    reasons=list(match.reasons), found_at=began,
                )  # fmt: skip
        DuplicatePair.objects.bulk_create(
            made.values(),
            update_conflicts=True,
            unique_fields=["kind", "left", "right"],
            update_fields=["verdict", "score", "reasons", "found_at"],
        )
        count += len(made)
        DuplicateSearch.objects.filter(pk=search.pk).update(found=before + count)
    with writing("tenure"):
        DuplicatePair.objects.filter(kind=kind, state=PairState.OPEN, found_at__lt=began).delete()
    return count


# ---------------------------------------------------------------------- like one record


def like(caller: Caller, kind: str, values: Mapping[str, Any]) -> list[Alike]:
    """The records the caller sees that are like one that is to be written, at most `MOST_SHOWN`, the likest first."""
    found = _accounts_like(caller, values) if kind == "accounts" else _contacts_like(caller, values)
    return sorted(found, key=lambda one: (one.match.verdict != "same", -one.match.score))[:MOST_SHOWN]


def _accounts_like(caller: Caller, values: Mapping[str, Any]) -> list[Alike]:
    wanted = Company.of(*(_text(values, name) for name in _COMPARED))
    seen = selectors.accounts_visible_to(caller)
    near: dict[str, Any] = {}
    for column, value in (("uscc", wanted.uscc), ("domain", wanted.domain)):
        if value:
            near |= {row.account_id: row for row in seen.filter(**{f"{column}__icontains": value})[: MOST_SHOWN * 4]}
    if len(wanted.name) > 1:
        near |= {row.account_id: row for row in selectors.found_accounts(caller, wanted.name[:2], MOST_LOOKED_AT)}
    compared = (Alike(row, _match(wanted, row)) for row in near.values() if row.account_id != values.get("account_id"))
    return [one for one in compared if one.match.verdict != "different"]


def _match(wanted: Company, row: Any) -> Match:
    from_row = Companies([Company.of(*(getattr(row, name) for name in _COMPARED))])
    found = from_row.like(wanted)
    return found[0][1] if found else Match("different", 0, ())


def _contacts_like(caller: Caller, values: Mapping[str, Any]) -> list[Alike]:
    account = values.get("account_id")
    if not account:
        return []
    wanted = Person.of(_text(values, "name"), _text(values, "email"), _text(values, "phone"))
    theirs = selectors.visible_to(caller, ContactVersion).filter(account_id__in=selectors.family(str(account)))
    compared = (
        Alike(row, compare_persons(wanted, Person.of(row.name, row.email, row.phone)))
        for row in theirs.exclude(contact_id=values.get("contact_id"))[:MOST_LOOKED_AT]
    )
    return [one for one in compared if one.match.verdict != "different"]


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return None if value is None else str(value)


# ---------------------------------------------------------------------- rows of a file


@dataclass(frozen=True, slots=True)
class RowAlike:
    """A row of a file that would be a new record and is like one that is there."""

    row: int
    name: str
    key: str
    known: str
    match: Match


def in_file(kind: str, staged: Path, check: Callable[[], None] = lambda: None) -> list[RowAlike]:
    """The rows of a staged file that are like another record than the one they name, in the order of the file."""
    look = {"accounts": _accounts_in_file, "contacts": _contacts_in_file}.get(kind)
    if look is None:
        return []
    return sorted(look(pq.ParquetFile(staged), check), key=lambda one: one.row)


def settled(kind: str, staged: Path, choice: str, check: Callable[[], None] = lambda: None) -> Path:
    """The staged file as a choice about such rows leaves it: `import` all, `leave_out`, or `update` what is there.

    Only a row that is certainly the same updates a record, and fills what the file says nothing of from it; the others
    stay out. Nothing is asked for a row whose record is there already, so the same file again changes nothing.
    """
    alike = in_file(kind, staged, check) if choice in ("leave_out", "update") else []
    if not alike:
        return staged
    model, column = _TABLES[kind]
    table = pq.read_table(staged)
    updated = {one.row: one.key for one in alike if choice == "update" and one.match.verdict == "same"}
    known = {
        getattr(row, column): row for row in model.objects.live().filter(**{f"{column}__in": set(updated.values())})
    }
    plain = {row: key for row, key in updated.items() if known[key].given_id is None}
    out = pa.array({one.row for one in alike} - set(plain), pa.int64())
    table = table.filter(pc.invert(pc.is_in(table["file_row"].cast(pa.int64()), out)))
    places = {row: at for at, row in enumerate(table["file_row"].to_pylist()) if row in plain}
    for name in table.column_names:
        if not places or name in ("file_row", "row_id"):
            continue
        cells = table[name].to_pylist()
        for row, at in places.items():
            former = getattr(known[plain[row]], name, None)
            cells[at] = plain[row] if name == column else former if cells[at] is None else cells[at]
        table = table.set_column(table.column_names.index(name), name, pa.array(cells, table.schema.field(name).type))
    place = staged.with_name(f"settled-{staged.name}")
    pq.write_table(table, place)
    return place


_TABLES: Mapping[str, tuple[Any, str]] = {
    "accounts": (AccountVersion, "account_id"),
    "contacts": (ContactVersion, "contact_id"),
}


def _rows(file: pq.ParquetFile, columns: tuple[str, ...], check: Callable[[], None]) -> Iterator[tuple[Any, ...]]:
    has = set(file.schema_arrow.names)
    for batch in file.iter_batches(AT_ONCE):
        check()
        cells = [batch[name].to_pylist() if name in has else [None] * batch.num_rows for name in columns]
        yield from zip(*cells, strict=True)


def _accounts_in_file(file: pq.ParquetFile, check: Callable[[], None]) -> Iterator[RowAlike]:
    rows = AccountVersion.objects.live().order_by("recorded_at", "pk")
    known = {one[0]: one for one in rows.values_list("account_id", "name", *_COMPARED).iterator(AT_ONCE)}
    if not known:
        return
    ids = sorted(known)  # of equals always the same one is updated, whenever it was written
    companies = Companies([Company.of(*known[one][2:]) for one in ids])
    for row, account, *compared in _rows(file, ("file_row", "account_id", *_COMPARED), check):
        if account in known:
            continue
        found = companies.like(Company.of(*compared))
        if found:
            place, match = found[0]
            yield RowAlike(row, compared[0] or account, ids[place], known[ids[place]][1] or ids[place], match)


def _contacts_in_file(file: pq.ParquetFile, check: Callable[[], None]) -> Iterator[RowAlike]:
    theirs: dict[str, list[tuple[str, str | None, Person]]] = {}
    ids = set()
    for contact, account, *told in ContactVersion.objects.live().values_list(
        "contact_id", "account_id", "name", "email", "phone"
    ):
        ids.add(contact)
        theirs.setdefault(account or "", []).append((contact, told[0], Person.of(*told)))
    for row, contact, account, *told in _rows(
        file, ("file_row", "contact_id", "account_id", "name", "email", "phone"), check
    ):
        if contact in ids or not account:
            continue
        one = Person.of(*told)
        near = [(other, name, compare_persons(one, person)) for other, name, person in theirs.get(account, [])]
        near = [found for found in near if found[2].verdict != "different"]
        if near:
            other, name, match = min(near, key=lambda found: (found[2].verdict != "same", -found[2].score, found[0]))
            yield RowAlike(row, told[0] or contact, other, name or other, match)
