"""What every edited record has in common: versions that are added and superseded, never changed or deleted.

Two clocks: a record's own days (start, end ...) say when it holds; `recorded_at` and `superseded_at` say when we knew
it so. A record is named by `version_key`: the text form of its table's key, or of (source, its own id) where the
source gave one. `row_id` names the one version, in the store and in the lake.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext as _

from tenure.core.errors import TenureError
from tenure.warehouse import schema

OWN = frozenset({"row_id", "recorded_at", "superseded_at"})
"""Columns of the public contract that the store fills itself."""


class VersionQuerySet(models.QuerySet[Any]):
    def live(self) -> VersionQuerySet:
        """The versions that are what we know now."""
        return self.filter(superseded_at=None)


class Version(models.Model):
    """One version of one record; the columns of its table in `schema.TABLES` follow in the concrete model."""

    KIND: ClassVar[str]
    PERSONAL: ClassVar[tuple[str, ...]] = ()
    """Columns that tell who a person is: the audit trail names them and keeps no value of theirs."""

    version_key = models.TextField()
    row_id = models.TextField()
    source = models.TextField(null=True)
    given_id = models.TextField(null=True)
    attributes = models.TextField(null=True)
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    run = models.ForeignKey("workspaces.ImportRun", models.PROTECT, null=True, related_name="+", db_index=False)
    superseded_run = models.ForeignKey(
        "workspaces.ImportRun", models.PROTECT, null=True, related_name="+", db_index=False
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False)

    objects = VersionQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(fields=["row_id"], name="%(app_label)s_%(class)s_row_id"),
            models.UniqueConstraint(
                fields=["version_key"],
                condition=models.Q(superseded_at=None),
                name="%(app_label)s_%(class)s_one_live",
            ),
            models.CheckConstraint(
                condition=models.Q(superseded_at=None) | models.Q(superseded_at__gte=models.F("recorded_at")),
                name="%(app_label)s_%(class)s_known_in_order",
            ),
        )

    def __str__(self) -> str:
        return self.version_key

    @classmethod
    def table(cls) -> schema.Table:
        """The lake table that mirrors this model."""
        return schema.TABLES[cls.KIND]

    @classmethod
    def content(cls) -> tuple[str, ...]:
        """Names of the columns that make two versions differ, in the order of the lake table."""
        names = [c.name for c in cls.table().columns if c.name not in OWN and c.kind != "derived"]
        moments = [c.name for c in cls.table().columns if c.kind == "derived" and c.name.endswith("_at")]
        return (*names, *moments)

    def told(self, *columns: str) -> dict[str, Any]:
        """The values of these columns (all that have one, if none is named) as the audit trail keeps them."""
        row = self.as_row()
        chosen = columns or tuple(name for name, value in row.items() if value is not None)
        return {name: "…" if name in self.PERSONAL and row[name] is not None else row[name] for name in chosen}

    def as_row(self) -> dict[str, Any]:
        """The content of this version, by column."""
        return {name: getattr(self, name) for name in self.content()}


def key_text(parts: Iterable[Any]) -> str:
    """The text form of a key: its parts joined by `/`, with `%` and `/` inside a part escaped."""
    return "/".join(_part(p) for p in parts)


def _part(value: Any) -> str:
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, (date, datetime)) else str(value)
    return text.replace("%", "%25").replace("/", "%2F")


def version_key(table: schema.Table, row: dict[str, Any]) -> str:
    """What names the record of a row: its own id within its source where it has one, else the table's key."""
    if row.get("given_id") is not None:
        return key_text(("row:", row.get("source"), row["given_id"]))
    by_name = table.by_name
    return key_text(by_name[name].default if row.get(name) is None else row[name] for name in table.key)


def key_columns(table: schema.Table, key: str) -> dict[str, str]:
    """The columns that a key names, as text; an empty part names none.

    Raises: TenureError record.bad_key; record.no_own_id if the key is an id that only an import gives.
    """
    parts = key.split("/")
    if parts[0] == "row:":
        raise TenureError(
            "record.no_own_id",
            _("A record that is named by the id of its source is made by an import only."),
            fix=_("Name the record by its columns: %(parts)s.") % {"parts": "/".join(table.key)},
            key=key,
        )
    if len(parts) != len(table.key):
        raise TenureError(
            "record.bad_key",
            _("%(key)s is no key of %(kind)s.") % {"key": repr(key), "kind": table.name},
            fix=_("Join its parts by a slash, as in %(parts)s.") % {"parts": "/".join(table.key)},
            kind=table.name,
            key=key,
        )
    told = (part.replace("%2F", "/").replace("%25", "%") for part in parts)
    return {name: text for name, text in zip(table.key, told, strict=True) if text}
