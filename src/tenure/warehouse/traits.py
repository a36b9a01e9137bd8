"""What is known of the accounts and persons behind events: attributes, title, roles. Hides where they stand."""

from __future__ import annotations

import pyarrow as pa
from sqlglot import exp

from tenure.core.hashing import stable_hash
from tenure.warehouse.matchers import ACCOUNT_TRAITS, CONTACT_TRAITS, column
from tenure.warehouse.slices import ATTRIBUTES
from tenure.warehouse.snapshot import Snapshot


def trait(name: str) -> exp.Expression:
    """An attribute of the account, as `where` names it."""
    if name.startswith(ATTRIBUTES):
        pointer = exp.Literal.string("/" + name.removeprefix(ATTRIBUTES).replace("~", "~0").replace("/", "~1"))
        return exp.func("JSON_EXTRACT_STRING", column("attributes", "account"), pointer)
    return column(name) if name == "account_id" else column(name, "account")


def accounts(snapshot: Snapshot) -> pa.Table:
    """Attributes by account key."""
    names = ("account_key", *ACCOUNT_TRAITS, "attributes")
    if snapshot.has("accounts"):
        return snapshot.known(None).run("account_rows", names)
    return pa.table({name: pa.array([], pa.int64() if name == "account_key" else pa.string()) for name in names})


def contacts(snapshot: Snapshot, people: pa.Table) -> pa.Table:
    """Title and roles by user key; of several contacts with one user id, the last."""
    shape = pa.schema([("user_key", pa.int64()), *((name, pa.string()) for name in (*CONTACT_TRAITS, "role_marks"))])
    if not snapshot.has("contacts"):
        return shape.empty_table()
    table = snapshot.known(None).run("contact_users", ["user_id", *CONTACT_TRAITS])
    by_id = dict(zip(people["id_key"].to_pylist(), people["user_key"].to_pylist(), strict=True))
    found: dict[int, tuple[str | None, ...]] = {}
    keys = stable_hash(table["user_id"]).tolist()
    for key, title, roles in zip(keys, table["title"].to_pylist(), table["roles"].to_pylist(), strict=True):
        marks = f"|{'|'.join(roles)}|" if roles else None
        found[by_id.get(key, key)] = (title, ", ".join(roles) if roles else None, marks)
    texts = (pa.array([row[i] for row in found.values()], pa.string()) for i in range(3))
    return pa.Table.from_arrays([pa.array(found, pa.int64()), *texts], schema=shape)
