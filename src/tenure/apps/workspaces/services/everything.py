"""Everything in one archive: each table of the lake with all its versions, and what the store has beside them.

It is for taking one's data elsewhere; a backup is for putting it back. Hides how nested and exact values are written.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import ApiKey, AuditEntry, ImportRun, Member, Team
from tenure.apps.workspaces.services import lake
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError

FORMS = ("csv", "parquet")
_FORMULA = r"^[=+\-@\t\r\n]"
_NUMBER = r"^[+\-]?\d+(\.\d+)?$"
_STORE = {
    "members": (Member, ("id", "email", "display_name", "role", "team_id", "scope", "owns_as", "language", "is_active",
                         "created_at", "last_login")),
    "teams": (Team, ("id", "name", "created_at")),
    "api_keys": (ApiKey, ("id", "name", "prefix", "role", "team_id", "scope", "created_by_id", "created_at",
                          "last_used_at", "revoked_at")),
    "imports": (ImportRun, ("id", "kind", "file_name", "digest", "state", "rows_read", "rows_bad", "created", "changed",
                            "unchanged", "by_id", "started_at", "finished_at", "undone_by_id", "undone_at")),
    "audit": (AuditEntry, ("id", "at", "member_id", "actor", "verb", "kind", "key", "door", "address", "detail")),
}  # fmt: skip
"""Tables of the store and their columns; secrets and their hashes stay where they are."""


def write_everything(target: IO[bytes], form: str, *, by: Actor) -> dict[str, int]:
    """Write an archive with every table in a form of `FORMS`; the rows of each.

    In CSV a text that a spreadsheet would take for a formula gets an apostrophe in front; Parquet is exact.
    """
    if form not in FORMS:
        raise TenureError(
            "export.unknown_form",
            _("There is no form %(value)s.") % {"value": repr(form)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(FORMS)},
            field="form",
            value=form,
        )
    lake.flush()
    rows: dict[str, int] = {}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in _tables():
            rows[name] = table.num_rows
            with archive.open(f"{name}.{form}", "w", force_zip64=True) as place:
                _write(table, place, form)
        archive.writestr("tables.json", json.dumps(rows, indent=1))
    with writing(by) as write:
        write.audit("exported everything", "workspace", "", form=form, tables=len(rows), rows=sum(rows.values()))
    return rows


def _tables() -> Iterator[tuple[str, pa.Table]]:
    here = lake.lake()
    for name, version in here.versions().items():
        yield name, here.read(name, version=version)
    for name, (model, columns) in _STORE.items():
        listed = model.objects.order_by("pk").values_list(*columns)
        values = list(zip(*listed, strict=True)) or [() for _column in columns]
        yield name, pa.table({c: _column(column) for c, column in zip(columns, values, strict=True)})


def _column(values: tuple[Any, ...]) -> pa.Array:
    if any(isinstance(value, dict) for value in values):
        return pa.array([json.dumps(value, ensure_ascii=False) for value in values], pa.string())
    return pa.array(values, None if any(value is not None for value in values) else pa.string())


def _write(table: pa.Table, place: IO[bytes], form: str) -> None:
    if form == "parquet":
        pq.write_table(table, place)
        return
    place.write(b"\xef\xbb\xbf")  # without it Excel reads Chinese as the system's old encoding
    pyarrow.csv.write_csv(pa.table({f.name: _text(table[f.name]) for f in table.schema}), place)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as CSV can hold it: exact numbers and moments as text, nested values as JSON."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column
    if pa.types.is_nested(kind):
        listed = [None if v is None else json.dumps(v, default=str, ensure_ascii=False) for v in column.to_pylist()]
        return pa.chunked_array([pa.array(listed, pa.string())])
    if not pa.types.is_string(kind):
        return column.cast(pa.string())
    telling = pc.and_(pc.match_substring_regex(column, _FORMULA), pc.invert(pc.match_substring_regex(column, _NUMBER)))
    return pc.if_else(pc.fill_null(telling, False), pc.binary_join_element_wise("'", column, ""), column)
