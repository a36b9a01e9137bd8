"""What an erasure does to what every app shares: the audit trail, what imports and jobs said, the store's pages.

The trail is append-only for everybody else. Here words about a person are replaced; who did what, and when, stays.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db import connection, models
from django_tasks_db.models import DBTaskResult

from tenure.apps.workspaces.models import AuditEntry, ImportRun

ERASED = "(erased)"
Words = Callable[[str], str]


def replacing(words: Collection[str]) -> Words:
    """A function that replaces each of the words in a text, the longest first."""
    longest_first = sorted(words, key=len, reverse=True)

    def replaced(text: str) -> str:
        for word in longest_first:
            text = text.replace(word, ERASED)
        return text

    return replaced


def blank_trail(kind: str, keys: Collection[str], fields: Collection[str], words: Words) -> int:
    """Replace values of the fields in entries on the objects, and the words in every entry; how many were changed."""

    def changed(entry: models.Model, value: Any) -> Any:
        own = isinstance(entry, AuditEntry) and entry.kind == kind and entry.key in keys
        return _walked(value, frozenset(fields) if own else frozenset(), words)

    return _rewrite(AuditEntry.objects.order_by("pk"), changed)


def blank_runs(words: Words) -> int:
    """Replace the words in what imports and jobs have said; how many were changed."""

    def changed(_row: models.Model, value: Any) -> Any:
        return _walked(value, frozenset(), words)

    return _rewrite(ImportRun.objects.order_by("pk"), changed) + _rewrite(DBTaskResult.objects.all(), changed)


def blank_columns(model: type[models.Model], columns: Collection[str], words: Words) -> int:
    """Replace the words in some text columns of a table; how many rows were changed."""
    count = 0
    for row in model._default_manager.order_by("pk").only("pk", *columns).iterator(2_000):
        new = {name: words(text) for name in columns if (text := getattr(row, name)) and words(text) != text}
        if new:
            count += model._default_manager.filter(pk=row.pk).update(**new)
    return count


def _rewrite(rows: models.QuerySet[Any], changed: Callable[[models.Model, Any], Any]) -> int:
    """Write what is changed in JSON and texts, past the model: the trail refuses every other way."""
    model = rows.model
    kinds = (models.JSONField, models.TextField, models.CharField)
    columns = [f for f in model._meta.concrete_fields if isinstance(f, kinds) and not (f.primary_key or f.choices)]
    table, count = connection.ops.quote_name(model._meta.db_table), 0
    for row in list(rows.iterator(2_000)) if model is DBTaskResult else rows.iterator(2_000):
        new = {f: changed(row, getattr(row, f.attname)) for f in columns if getattr(row, f.attname) is not None}
        new = {f: value for f, value in new.items() if value != getattr(row, f.attname)}
        if not new:
            continue
        sets = ", ".join(f"{connection.ops.quote_name(f.column)} = %s" for f in new)
        values = [json.dumps(v) if isinstance(f, models.JSONField) else v for f, v in new.items()]
        own = model._meta.pk.get_db_prep_value(row.pk, connection)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET {sets} WHERE {connection.ops.quote_name(model._meta.pk.column)} = %s",
                [*values, own],
            )
        count += 1
    return count


def _walked(value: Any, fields: frozenset[str], words: Words) -> Any:
    if isinstance(value, str):
        return words(value)
    if isinstance(value, dict):
        return {
            words(k): ERASED if k in fields and v not in (None, ERASED) else _walked(v, fields, words)
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_walked(v, fields, words) for v in value]
    return value


def overwrite_freed() -> None:
    """Before a write: let SQLite overwrite what is freed with zeros."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def rewrite_store(tables: Iterable[str]) -> bool:
    """After the commit: write the store anew, so that no page of it or of its log keeps former values.

    False if another process reads the store all the time, so that SQLite's log could not be cut.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for table in tables:
                cursor.execute(f"VACUUM FULL {connection.ops.quote_name(table)}")
            return True
        cursor.execute("VACUUM")
        for _try in range(60):
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            if not cursor.fetchone()[0]:
                return True
            time.sleep(0.5)
    return False


SHARED_TABLES = tuple(m._meta.db_table for m in (AuditEntry, ImportRun, DBTaskResult))
