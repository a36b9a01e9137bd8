"""What became of a record: its versions as steps, each with who wrote it, when, why and what it changed.

A version tells what was known; who wrote it and why stands in the audit trail, or with the import it came by. A change
of a column of the key gives a record another key: the steps under the former keys belong to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from tenure.apps.workspaces.models import AuditEntry, ImportRun
from tenure.apps.workspaces.versions import Version

WITHDREW = "withdrew"
MERGED, UNMERGED = "merged", "undid merge"
"""A merge writes many records and one entry: of the others, the row ids of their versions begin with `MERGE_MARKS`."""
MERGE_MARKS = {"merge": MERGED, "unmerge": UNMERGED}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a record: a version that began, or (without one) its end. `former` is what it replaced."""

    verb: str
    at: datetime
    actor: str
    reason: str
    version: Any
    former: Any
    run: ImportRun | None
    batch: str = ""
    """the change of many records it was part of"""

    @property
    def fields(self) -> tuple[str, ...]:
        """The columns that changed, in the order of the table."""
        if self.version is None or self.former is None:
            return ()
        before, after = self.former.as_row(), self.version.as_row()
        return tuple(name for name in after if before[name] != after[name])


def steps(model: type[Version], key: str) -> list[Step]:
    """Everything that became of a record, the newest first, under whichever keys it had; nothing if it never was."""
    entries, versions = _chain(model, key)
    written = {entry.detail.get("row_id"): entry for entry in entries if not _is_end(entry)}
    ended = {entry.detail.get("row_id"): entry for entry in entries if _is_end(entry)}
    under: dict[str, list[Any]] = {}
    for one in versions:
        under.setdefault(one.version_key, []).append(one)
    found: list[Step] = []
    version = under[key][-1] if key in under else None
    if version is not None and version.superseded_at is not None:
        if not _was_ended(version, ended):
            moved = AuditEntry.objects.filter(kind=model.KIND, detail__former=version.row_id).first()
            return [] if moved is None else steps(model, moved.key)
        found.append(_ended(version, ended.get(version.row_id)))
    by_id = {one.row_id: one for one in versions}
    while version is not None:
        entry = written.get(version.row_id)
        named = by_id.get(entry.detail.get("former")) if entry is not None else None
        earlier = [one for one in under[version.version_key] if one.pk < version.pk]
        before = named or (earlier[-1] if earlier else None)
        follows = named is not None or (before is not None and before.superseded_at == version.recorded_at)
        found.append(_began(version, before if follows else None, entry))
        if before is not None and not follows:
            if not _was_ended(before, ended):
                break  # the record that had this key before went on under another one
            found.append(_ended(before, ended.get(before.row_id)))
        version = before
    return found


def edits(model: type[Version], versions: QuerySet[Any], most: int) -> list[Step]:
    """The newest steps that somebody wrote one by one on the records these versions are of, the newest first."""
    keys = versions.values("version_key")
    entries = list(AuditEntry.objects.filter(kind=model.KIND, key__in=keys).order_by("-at", "-pk")[:most])
    ids = {entry.detail[name] for entry in entries for name in ("row_id", "former") if entry.detail.get(name)}
    known = {version.row_id: version for version in model.objects.filter(row_id__in=ids)}
    found = []
    for entry in entries:
        version = known.get(entry.detail.get("row_id"))
        if version is None:
            continue
        reason = str(entry.detail.get("reason", ""))
        gone = _is_end(entry)
        former = version if gone else known.get(entry.detail.get("former"))
        found.append(Step(entry.verb, entry.at, entry.actor, reason, None if gone else version, former, None))
    return found


def imports(versions: QuerySet[Any], most: int) -> list[tuple[ImportRun, int]]:
    """The newest imports by which these versions came, with how many of them each brought."""
    counts = versions.exclude(run=None).values("run").annotate(rows=Count("pk")).order_by("-run")[:most]
    brought = {row["run"]: row["rows"] for row in counts}
    return [(run, brought[run.pk]) for run in ImportRun.objects.filter(pk__in=brought).defer("outcome")]


def _is_end(entry: AuditEntry) -> bool:
    """Whether an entry tells that a record ended: it was withdrawn, or went into another one."""
    return entry.verb == WITHDREW or (entry.verb == MERGED and not entry.detail.get("former"))


def _was_ended(version: Any, ended: Mapping[str, AuditEntry]) -> bool:
    """Whether a superseded version was withdrawn, or taken back with its import, and not replaced."""
    taken_back = version.run is not None and version.run.undone_at == version.superseded_at
    return version.row_id in ended or taken_back


def _chain(model: type[Version], key: str) -> tuple[list[AuditEntry], Sequence[Any]]:
    """The audit entries and the versions of a record under all the keys it had, in the order of writing."""
    keys, entries, versions = {key}, [], {}
    fresh = [key]
    while fresh:
        entries += list(AuditEntry.objects.filter(kind=model.KIND, key__in=fresh).order_by("pk"))
        found = model.objects.filter(version_key__in=fresh).select_related("by", "run__by", "run__undone_by")
        versions |= {version.row_id: version for version in found}
        named = {entry.detail["former"] for entry in entries if entry.detail.get("former")} - set(versions)
        before = model.objects.filter(row_id__in=named).values_list("version_key", flat=True).distinct()
        fresh = [other for other in before if other not in keys]
        keys.update(fresh)
    return entries, sorted(versions.values(), key=lambda version: (version.recorded_at, version.pk))


def _began(version: Any, former: Any, entry: AuditEntry | None) -> Step:
    if entry is not None:
        reason = str(entry.detail.get("reason", ""))
        batch = str(entry.detail.get("batch", ""))
        return Step(entry.verb, version.recorded_at, entry.actor, reason, version, former, None, batch)
    who = _name(version.by)
    if version.run is not None:
        return Step("imported", version.recorded_at, _name(version.run.by), "", version, former, version.run)
    mark = version.row_id.rpartition("@")[2].partition("-")[0]
    return Step(MERGE_MARKS.get(mark, "undid import"), version.recorded_at, who, "", version, former, None)


def _ended(version: Any, entry: AuditEntry | None) -> Step:
    if entry is None:
        who = _name(version.run.undone_by)
        return Step("undid import", version.superseded_at, who, "", None, version, version.run)
    reason = str(entry.detail.get("reason", ""))
    return Step(entry.verb, version.superseded_at, entry.actor, reason, None, version, None)


def _name(member: Any) -> str:
    return "" if member is None else f"{member.display_name} <{member.email}>"
