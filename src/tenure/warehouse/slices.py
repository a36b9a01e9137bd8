"""`where` and `by`: which rows and accounts a question is about, and how its answer is cut. Hides codes and look-ups.

Fields of rows choose rows before movements are made; account attributes choose accounts. A missing value is "(none)".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.errors import QuestionRefused
from tenure.core.sequences.spans import Spans
from tenure.warehouse.arrays import coded
from tenure.warehouse.book import Book
from tenure.warehouse.lines import FIELDS, NONE, meets
from tenure.warehouse.measures import Condition
from tenure.warehouse.snapshot import Snapshot

ACCOUNT_FIELDS = ("account_id", "name", "parent_id", "industry", "region", "employees", "tier", "owner")
ATTRIBUTES = "attributes."
OPS = ("eq", "ne", "in", "contains", "gt", "lt", "set", "not_set")

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on rows and conditions on accounts."""

    rows: tuple[Condition, ...] = ()
    accounts: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Slicing:
    """Codes of rows and accounts; slice = account code x row_slices + row code."""

    fields: tuple[str, ...]
    of_row: Codes
    of_account: Codes
    row_slices: int
    labels: list[tuple[str, ...]]
    """one value per field, by slice"""

    @property
    def count(self) -> int:
        return len(self.labels)


def known_field(name: str) -> bool:
    """May a question slice or select by this field?"""
    return name in FIELDS or name in ACCOUNT_FIELDS or (name.startswith(ATTRIBUTES) and len(name) > len(ATTRIBUTES))


def allowed_fields() -> list[str]:
    return [*FIELDS, *ACCOUNT_FIELDS, f"{ATTRIBUTES}NAME"]


def parse_where(given: Any, field: str = "where") -> Where:
    """Conditions from {field: value or list} or [{"prop", "op", "value"}].

    Raises: QuestionRefused for an unknown field, operator or form.
    """
    if given is None:
        return Where()
    if isinstance(given, dict):
        listed = [
            {"prop": k, "op": "in" if isinstance(v, (list, tuple)) else "eq", "value": v} for k, v in given.items()
        ]
    elif isinstance(given, (list, tuple)) and all(isinstance(c, dict) for c in given):
        listed = [dict(c) for c in given]
    else:
        raise _refused(field, given, 'Write {"plan": "Pro"} or [{"prop": "plan", "op": "eq", "value": "Pro"}].')
    rows: list[Condition] = []
    accounts: list[Condition] = []
    for entry in listed:
        unknown = set(entry) - {"prop", "op", "value"}
        if unknown or "prop" not in entry:
            raise _refused(field, entry, "A condition has prop, op and value.")
        name, op, value = str(entry["prop"]), str(entry.get("op", "eq")), entry.get("value")
        if not known_field(name):
            raise unknown_field(field, name)
        if op not in OPS:
            raise QuestionRefused(
                "question.unknown_operator",
                f"There is no operator {op!r} in `{field}`.",
                fix=f"Use one of: {', '.join(OPS)}.",
                field=field,
                value=op,
                allowed=list(OPS),
            )
        if op not in ("set", "not_set"):
            value = _plain(field, value, many=op in ("eq", "ne", "in"))
        (rows if name in FIELDS else accounts).append(Condition(name, op, value))
    return Where(tuple(rows), tuple(accounts))


def _plain(field: str, value: Any, *, many: bool) -> Any:
    """A value as text, or a tuple of texts."""
    if many and isinstance(value, (list, tuple)):
        return tuple(_plain(field, v, many=False) for v in value)
    if value is None:
        return NONE
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise _refused(field, value, "A value is a text or a number, or a list of them.")
    return str(value)


def unknown_field(field: str, name: str) -> QuestionRefused:
    """The refusal of a field that rows and accounts do not have."""
    return QuestionRefused(
        "question.unknown_field",
        f"`{field}` names {name!r}, which neither rows nor accounts have.",
        fix=f"Use one of: {', '.join(allowed_fields())}.",
        field=field,
        value=name,
        allowed=allowed_fields(),
    )


def _refused(field: str, value: Any, fix: str) -> QuestionRefused:
    return QuestionRefused(
        "question.bad_value",
        f"`{field}` cannot be read.",
        fix=fix,
        field=field,
        value=json.dumps(value, default=str)[:200],
    )


def account_values(snapshot: Snapshot, accounts: npt.NDArray[np.int64], name: str) -> list[str]:
    """An attribute of each account (by key, ascending); (none) where it is not known."""
    if name == "account_id":
        return account_ids(snapshot, accounts)
    out = np.full(len(accounts), NONE, object)
    if not snapshot.has("accounts") or not len(accounts):
        return list(out)
    column = "attributes" if name.startswith(ATTRIBUTES) else name
    table = snapshot.known(None).run("account_rows", ["account_key", column], [Condition(column, "set", None)])
    keys = np.asarray(table["account_key"].to_numpy(), np.int64)
    place = np.minimum(np.searchsorted(accounts, keys), len(accounts) - 1)
    for at, key, text in zip(place.tolist(), keys.tolist(), table[column].to_pylist(), strict=True):
        if accounts[at] == key:
            out[at] = text if column == name else _attribute(text, name.removeprefix(ATTRIBUTES))
    return list(out)


def _attribute(text: str, name: str) -> str:
    try:
        found = json.loads(text).get(name)
    except (ValueError, AttributeError):
        return NONE
    return NONE if found is None else str(found)


def account_ids(snapshot: Snapshot, accounts: npt.NDArray[np.int64]) -> list[str]:
    """The ids behind account keys, in their order; the key itself where no row names it."""
    unique = np.unique(accounts)
    keys = pa.table({"account_key": pa.array(unique)})
    found = snapshot.known(None).run("account_ids", beside={"keys": keys})
    names = dict(zip(found["account_key"].to_pylist(), found["account_id"].to_pylist(), strict=True))
    return [names.get(key) or str(key) for key in accounts.tolist()]


def select_accounts(snapshot: Snapshot, spans: Spans, where: Sequence[Condition]) -> Spans:
    """The spans of the accounts that meet all conditions."""
    stay = np.ones(len(spans.accounts), bool)
    for condition in where:
        values = account_values(snapshot, spans.accounts, condition.column)
        met = {v: meets(v, condition) for v in set(values)}
        stay &= np.array([met[v] for v in values], bool)
    return only(spans, stay)


def only(spans: Spans, stay: npt.NDArray[np.bool_]) -> Spans:
    """The spans of some of the accounts."""
    counts = np.diff(spans.first)
    chosen = np.repeat(stay, counts)
    first = np.concatenate([[0], np.cumsum(counts[stay])]).astype(np.int64)
    return Spans(
        spans.accounts[stay],
        first,
        spans.row[chosen],
        spans.start[chosen],
        spans.stop[chosen],
        spans.currency[chosen],
        spans.amount[chosen],
        spans.cause_start[chosen],
        spans.cause_stop[chosen],
        spans.discount[chosen],
    )


def slicing(
    snapshot: Snapshot,
    book: Book,
    spans: Spans,
    where: Where,
    by: Sequence[str],
    account_slice: tuple[Codes, list[str]] | None = None,
) -> Slicing:
    """Codes for the fields of `by`; `account_slice` adds one of our own in front (cohorts)."""
    row_fields = [f for f in by if f in FIELDS]
    row_codes, row_labels = _combined(
        [_encoded(book.trait(snapshot, where.rows, f)) for f in row_fields], len(book.row_key)
    )
    account_fields = [f for f in by if f not in FIELDS]
    encoded = [
        _encoded(pa.chunked_array([pa.array(account_values(snapshot, spans.accounts, f), pa.string())]))
        for f in account_fields
    ]
    if account_slice is not None:
        encoded.insert(0, account_slice)
        account_fields.insert(0, "")
    account_codes, account_labels = _combined(encoded, len(spans.accounts))
    fields = ([""] if account_slice is not None else []) + list(by)
    order = account_fields + row_fields
    places = [order.index(f) for f in fields]
    labels = [
        tuple((a + r)[p] for p in places) for a in account_labels for r in row_labels
    ]  # slice = account code x row slices + row code
    return Slicing(tuple(fields), row_codes, account_codes, len(row_labels), labels)


def _encoded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    return coded(pc.fill_null(column.cast(pa.string()), NONE))


def _combined(parts: list[tuple[Codes, list[str]]], count: int) -> tuple[Codes, list[tuple[str, ...]]]:
    """One code for several fields: only the combinations that occur."""
    if not parts:
        return np.zeros(count, np.int32), [()]
    code = np.zeros(count, np.int64)
    for codes, labels in parts:
        code = code * max(len(labels), 1) + codes
    present, dense = np.unique(code, return_inverse=True)
    out = []
    for number in present.tolist():
        texts: list[str] = []
        rest = number
        for _, labels in reversed(parts):
            rest, place = divmod(rest, max(len(labels), 1))
            texts.insert(0, labels[place])
        out.append(tuple(texts))
    return dense.reshape(-1).astype(np.int32), out or [tuple(NONE for _ in parts)]
