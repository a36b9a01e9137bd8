"""Data health: whether the figures can be trusted today. Anomalies, identities, freshness.

`summary(opened)` is the short form for other pages, such as the cockpit: a `Summary` with its sentence, how many checks
failed (`failing`), how many anomalies there are (`anomalies`), its `mood` (good, doubtful or broken) and the address of
the page (`href`); None where the reader may not see the whole. It asks two questions, `anomalies` and `movements` of
the last twelve months, both without further fields, so it costs nothing where a page has asked them already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import lake
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.behaviour import events
from tenure.web.export import exports
from tenure.web.subscriptions import anomalies, checks
from tenure.web.subscriptions.board import freshness
from tenure.web.subscriptions.checks import Check
from tenure.web.subscriptions.words import TABLES

Mood = Literal["good", "doubtful", "broken"]


@dataclass(frozen=True, slots=True)
class Summary:
    """Whether the data is sound, in one sentence and two counts."""

    sentence: str
    failing: int
    anomalies: int
    mood: Mood
    href: str


def summary(opened: Seen) -> Summary | None:
    """Whether the data is sound; None if the reader sees only a part of it."""
    if opened.limited:
        return None
    return _summary([*checks.movements(opened.ask)], len(anomalies.found(opened.ask)))


def _summary(tried: Sequence[Check], found: int) -> Summary:
    failing = sum(1 for check in tried if not check.ok)
    places = {"failing": f.exact(failing), "count": f.exact(len(tried)), "found": f.exact(found)}
    mood: Mood = "broken" if failing else "doubtful" if found else "good"
    if failing:
        sentence = ngettext(
            "%(failing)s check failed: do not rely on these figures before it is cleared up",
            "%(failing)s checks failed: do not rely on these figures before they are cleared up",
            failing,
        )
    elif found:
        sentence = ngettext(
            "All checks hold, and %(found)s anomaly in the rows counts in a way that should be looked at",
            "All checks hold, and %(found)s anomalies in the rows count in a way that should be looked at",
            found,
        )
    else:
        sentence = _("All checks hold, and no row looks wrong")
    return Summary(sentence % places, failing, found, mood, reverse("health"))


def board(opened: Seen, query: Mapping[str, str], names: anomalies.Names, owners: anomalies.Names) -> dict[str, Any]:
    """The whole page as values a template only has to print."""
    rows = anomalies.found(opened.ask)
    tried = sorted(_every(opened), key=lambda check: check.ok)
    tables = [] if opened.limited else standings()
    return {
        "facts": [freshness()],
        "summary": _summary(tried, len(rows)),
        "checks": tried_section(tried),
        "anomalies": anomalies.section(rows, query.get("kind", ""), names, owners),
        "drifting": events.drifting(opened),
        "tables": tables,
        "tables_title": _tables_title(tables),
        "exports": exports("health_file"),
    }


def tried_section(tried: Sequence[Check]) -> dict[str, Any]:
    """The identities as a table: those that failed first."""
    failing = sum(1 for check in tried if not check.ok)
    places = {"count": f.exact(len(tried)), "failing": f.exact(failing)}
    held = ngettext("The %(count)s check holds", "All %(count)s checks hold", len(tried)) % places
    broken = ngettext("%(failing)s of %(count)s checks failed", "%(failing)s of %(count)s checks failed", failing)
    return {
        "title": broken % places if failing else held,
        "rows": [
            {
                "said": check.said,
                "over": check.over,
                "ok": check.ok,
                "detail": "" if check.ok else check.detail,
                "at": f.moment(timezone.localtime(check.at)),
                "href": check.href,
            }
            for check in tried
        ],
    }


def checks_table(opened: Seen) -> tuple[list[Any], list[list[Any]]]:
    """The identities for a file."""
    heads = [_("Check"), _("Covers"), _("Result"), _("Detail"), _("When")]
    return heads, [
        [check.said, check.over, _("holds") if check.ok else _("failed"), check.detail, check.at.isoformat()]
        for check in _every(opened)
    ]


def _every(opened: Seen) -> list[Check]:
    """The identities of the answers, and, for who sees everything, of the records behind them."""
    return [*checks.every(opened.ask), *([] if opened.limited else [_mirrored()])]


def _mirrored() -> Check:
    """Whether the records people edit and the rows figures are made of are the same."""
    apart = lake.differences()
    detail = ", ".join(f"{table}: {stored} / {mirrored}" for table, (stored, mirrored) in apart.items())
    said = _("Store and lake hold the same versions of every record")
    return Check(said, _("every table"), not apart, detail, timezone.now(), reverse("health"))


def standings() -> list[dict[str, Any]]:
    """Each table of the lake: how many rows, when the last was recorded, the last import, the version."""
    imports = selectors.last_imports()
    out = []
    for standing in lake.standings():
        run = imports.get(standing.table)
        recorded = standing.recorded_at
        out.append(
            {
                "table": TABLES.get(standing.table, standing.table),
                "rows": f.exact(standing.rows),
                "recorded": f.moment(timezone.localtime(recorded)) if recorded else f.NOTHING,
                "recorded_exact": recorded.isoformat() if recorded else "",
                "file": run.file_name if run else "",
                "imported": f.moment(timezone.localtime(run.finished_at)) if run and run.finished_at else f.NOTHING,
                "version": standing.version,
                "waiting": f.exact(standing.waiting),
                "is_waiting": standing.waiting > 0,
            }
        )
    return out


def _tables_title(tables: Sequence[Mapping[str, Any]]) -> str:
    waiting = [row for row in tables if row["is_waiting"]]
    if waiting:
        return ngettext(
            "Changes of %(count)s table are on their way to the figures",
            "Changes of %(count)s tables are on their way to the figures",
            len(waiting),
        ) % {"count": len(waiting)}
    return _("Everything that was entered is in the figures")
