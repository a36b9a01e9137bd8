"""What the pages of imports print: the check of a draft, a run with its progress and result, the rows to repair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.apps.connectors import files
from tenure.apps.connectors.files import Problem, drafts
from tenure.apps.connectors.files.rejects import Reject
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import ImportRun, ImportState
from tenure.web import formatting as f
from tenure.web.connectors import words
from tenure.web.connectors.matching import facts_said
from tenure.web.crm.duplicates import VERDICTS, reasons
from tenure.web.export import FORMS
from tenure.web.listing import Column, Empty, Listing
from tenure.web.listing.columns import Cell, Row

STEPS = (
    gettext_lazy("Choose files"),
    gettext_lazy("Match columns"),
    gettext_lazy("Check the rows"),
    gettext_lazy("Import"),
)
SHOWN_REJECTS = 20
"""Refused rows shown in the check."""
SHOWN_ROWS_OF_CAUSE = 8
MOST_FIELDS = 900
"""So many cells of refused rows can be written into one page."""
_BADGES = {"applied": "badge--better", "failed": "badge--urgent", "draft": "badge--line", "checking": "badge--line"}
_FATES = {
    "created": (gettext_lazy("new"), "badge--better"),
    "changed": (gettext_lazy("changed"), "badge--worse"),
    "unchanged": (gettext_lazy("unchanged"), ""),
}


def steps(current: int, *, broken: bool = False) -> list[dict[str, Any]]:
    """The four steps, of which one is current."""
    return [
        {"number": place, "label": label, "is_done": place < current, "is_current": place == current,
         "is_error": broken and place == current}
        for place, label in enumerate(STEPS, start=1)
    ]  # fmt: skip


def listing() -> Listing:
    """The list of imports."""
    return Listing(
        name="imports",
        label=_("Imports"),
        columns=(
            Column("file_name", _("File"), "link", href=_address, card="start"),
            Column("kind", _("Holds"), "choice", choices={code: words.kind(code) for code in words.KINDS}),
            Column("state", _("State"), "choice", choices=dict(ImportState.choices), dress=_badge, card="end"),
            Column("started_at", _("Started"), "moment"),
            Column("by", _("Who"), "text"),
            Column("rows_read", _("Rows"), "number"),
            Column("created", _("New rows"), "number"),
            Column("changed", _("Changed rows"), "number"),
            Column("unchanged", _("Unchanged"), "number", shown=False),
            Column("rows_bad", _("Rows left out"), "number", dress=_warned),
            Column("undone_at", _("Undone"), "moment", shown=False),
        ),
        sort="-started_at",
        search=("file_name",),
        counted=lambda count: ngettext("%(count)s import", "%(count)s imports", count) % {"count": f.exact(count)},
        empty=Empty(
            _("Nothing was imported yet"),
            _("Bring your accounts, subscriptions, contracts or invoices as files: CSV, Excel, Parquet or JSON Lines."
              " Nothing is written before you have seen what would be."),
            actions=({"label": _("Import files"), "href": reverse("import_new")},),
        ),
        row=_address,
        files={form: reverse("imports_file", args=[form]) for form in FORMS},
    )  # fmt: skip


def _address(row: Row) -> str:
    return reverse("import", args=[row["id"]])


def _badge(row: Row, cell: Cell) -> Cell:
    return Cell(cell.text, shape=f"badge {_BADGES.get(row['state'], '')}".strip())


def _warned(row: Row, cell: Cell) -> Cell:
    return Cell(cell.text, shape="urgent-ink") if row["rows_bad"] and row["state"] != "draft" else cell


# ---------------------------------------------------------------------- the check


def check(run: ImportRun, found: Mapping[str, Any]) -> dict[str, Any]:
    """What importing a draft would do."""
    good, bad = found["rows_good"], found["rows_bad"]
    heads, refused = drafts.refused_rows(run)
    sample = found["rows"]
    columns = [c["column"] for c in found["mapping"]["columns"]] + list(found["mapping"]["constants"])
    filled = [name for name in columns if any(name in row for row in sample)]
    return {
        "facts": facts_said(found["found"]),
        "rows": f.exact(found["rows_read"]),
        "good": f.exact(good),
        "bad": f.exact(bad) if bad else "",
        "counts": counted(found),
        "repeated": f.exact(found["rows_repeated"]) if found["rows_repeated"] else "",
        "causes": causes(found, run.kind, errors_only=True),
        "warnings": causes(found, run.kind, errors_only=False),
        "alike": _alike(found.get("duplicates")),
        "before": before(run),
        "changes_nothing": bool(good) and not found["created"] and not found["changed"],
        "label": _label(good, bad),
        "skip_bad": bool(bad),
        "refused": rejects_table(run, heads, refused[:SHOWN_REJECTS]),
        "refused_more": f.exact(bad - SHOWN_REJECTS) if bad > SHOWN_REJECTS else "",
        "heads": [words.column(run.kind, name) for name in filled],
        "sample": [
            {"row": row["file_row"], "cells": [_text(row.get(name)) for name in filled],
             "fate": _FATES[fate][0], "badge": _FATES[fate][1]}
            for row, fate in zip(sample, found["fates"], strict=True)
        ],
        "sample_more": max(good - len(sample), 0),
    }  # fmt: skip


def counted(found: Mapping[str, Any]) -> str:
    """New, changed and unchanged in one line."""
    return _("%(created)s new · %(changed)s changed · %(unchanged)s unchanged") % {
        name: f.exact(found[name]) for name in ("created", "changed", "unchanged")
    }


def _label(good: int, bad: int) -> str:
    if not bad:
        return ngettext("Import %(count)s row", "Import %(count)s rows", good) % {"count": f.exact(good)}
    said = ngettext("Import %(count)s row, leave out %(bad)s", "Import %(count)s rows, leave out %(bad)s", good)
    return said % {"count": f.exact(good), "bad": f.exact(bad)}


def _text(value: Any) -> str:
    return f.NOTHING if value is None else str(value)


def before(run: ImportRun) -> dict[str, str] | None:
    """The import of the very same file, if there was one."""
    former = selectors.applied_before(run.kind, run.digest)
    if former is None or former.pk == run.pk:
        return None
    said = _("This very file was imported on %(when)s as import %(number)s. The same rows change nothing.")
    when = f.moment(timezone.localtime(former.started_at))
    return {"href": reverse("import", args=[former.pk]), "text": said % {"when": when, "number": former.pk}}


def causes(found: Mapping[str, Any], kind: str, *, errors_only: bool) -> list[dict[str, Any]]:
    """Problems by what is wrong: how many, where, an example, and what to do; the most frequent first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for problem in found["problems"]:
        if (problem["severity"] == "error") == errors_only:
            groups.setdefault(problem["code"], []).append(problem)
    return sorted((_cause(code, some, found["counts"], kind) for code, some in groups.items()),
                  key=lambda cause: -cause["count"])  # fmt: skip


def _cause(code: str, some: Sequence[Mapping[str, Any]], counts: Mapping[str, int], kind: str) -> dict[str, Any]:
    message, fix = words.problem(_problem(some[0]), kind)
    rows = list(dict.fromkeys(p["row"] for p in some if p["row"] is not None))
    values = list(dict.fromkeys(p["value"] for p in some if p["value"]))[:3]
    headings = list(dict.fromkeys(p["heading"] for p in some if p["heading"]))[:3]
    count = counts[code]
    named = ", ".join(f.exact(row) for row in rows[:SHOWN_ROWS_OF_CAUSE])
    more = count > min(len(rows), SHOWN_ROWS_OF_CAUSE)
    places = {"rows": named}
    if not rows:
        where = ""
    elif more:
        where = _("Rows %(rows)s …") % places
    else:
        where = ngettext("Row %(rows)s", "Rows %(rows)s", len(rows)) % places
    return {
        "count": count,
        "message": message,
        "fix": fix,
        "rows": where,
        "headings": ", ".join(headings),
        "values": values,
    }


def _problem(said: Mapping[str, Any]) -> Problem:
    """A problem made again from its `as_dict()`, to be said in the language of today's reader."""
    names = ("code", "row", "heading", "column", "value")
    return Problem(**{name: said[name] for name in names}, detail=said.get("detail") or {})


DUPLICATES: Mapping[str, Any] = {
    "import": gettext_lazy("Import them anyway, as new ones"),
    "leave_out": gettext_lazy("Leave them out"),
    "update": gettext_lazy("Update what is there where it is certainly the same; leave the others out"),
}
"""What can be done with rows that look like another record."""


def _alike(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The rows that look like another record, with why."""
    if not found or not found["same"] + found["review"]:
        return None
    count = found["same"] + found["review"]
    title = ngettext(
        "%(count)s row looks like a record that is there", "%(count)s rows look like records that are there", count
    )
    return {
        "title": title % {"count": f.exact(count)},
        "said": _("%(same)s certainly the same, %(review)s to be looked at.")
        % {"same": f.exact(found["same"]), "review": f.exact(found["review"])},
        "rows": [
            {**row, "verdict": VERDICTS[row["verdict"]], "why": reasons(row["reasons"], row["score"])}
            for row in found["rows"]
        ],
        "choices": [{"value": value, "label": label} for value, label in DUPLICATES.items()],
    }


# ---------------------------------------------------------------------- refused rows


def rejects_table(
    run: ImportRun, heads: Sequence[str], rejects: Sequence[Reject], given: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Refused rows as they stand; the cells to look at are marked, and those that may be repaired are fields."""
    width, posted = len(heads), given or {}
    whole = len(rejects) * width <= MOST_FIELDS
    left, rows = MOST_FIELDS, []
    for reject in rejects:
        wrong = {p.heading for p in reject.problems}
        all_of_it = whole or not wrong & set(heads)
        cells = [
            {
                "field": f"r{reject.row}-{place}" if all_of_it or heads[place] in wrong else "",
                "heading": heads[place],
                "value": posted.get(f"r{reject.row}-{place}", text),
                "is_wrong": heads[place] in wrong,
            }
            for place, text in enumerate([*reject.cells, *[""] * width][:width])
        ]
        left -= sum(1 for cell in cells if cell["field"])
        if left < 0:
            break
        said = [words.problem(problem, run.kind) for problem in reject.problems]
        rows.append(
            {
                "row": reject.row,
                "cells": cells,
                "leave": f"x{reject.row}",
                "is_left": f"x{reject.row}" in posted,
                "message": " ".join(message for message, _fix in said),
                "fix": " ".join(dict.fromkeys(fix for _message, fix in said)),
            }
        )
    return {
        "heads": list(heads),
        "rows": rows,
        "more": max(run.rows_bad - len(rows), 0) and f.exact(run.rows_bad - len(rows)),
    }


def repaired_lines(rejects: Sequence[Reject], width: int, given: Mapping[str, str]) -> list[tuple[int, list[str]]]:
    """The rows of a filled form: those that were shown and are not to be left out, with what was written into them."""
    lines = []
    for reject in rejects:
        if f"shown{reject.row}" not in given or f"x{reject.row}" in given:
            continue
        cells = [*reject.cells, *[""] * width][:width]
        lines.append((reject.row, [given.get(f"r{reject.row}-{place}", text) for place, text in enumerate(cells)]))
    return lines


# ---------------------------------------------------------------------- a run


def progress(run: ImportRun) -> dict[str, Any]:
    """How far a run or a check is."""
    found, share = files.progress_of(run), files.share_of(run)
    checking = run.state == "checking"
    if files.is_stopping(run):
        said = _("Stopping")
    elif found is None:
        said = _("Waiting for the worker")
    elif share == 1 and not checking:
        said = _("All rows are read; writing them")
    else:
        said = ngettext("%(count)s row read so far", "%(count)s rows read so far", found.rows)
        said %= {"count": f.exact(found.rows)}
    bad = found.bad if found else 0
    return {
        "run": run.pk,
        "address": reverse("import_progress", args=[run.pk]),
        "cancel": "" if files.is_stopping(run) else reverse("import_cancel", args=[run.pk]),
        "title": _("The file is being checked") if checking else _("The file is being imported"),
        "said": said,
        "bad": (ngettext("%(count)s cannot be imported", "%(count)s cannot be imported", bad) % {"count": f.exact(bad)})
        if bad else "",
        "percent": round(100 * share) if share is not None else 0,
        "is_known": share is not None,
        "note": _("It goes on if you leave this page, and you find it again in the list of imports."),
    }  # fmt: skip


def result(run: ImportRun, given: Mapping[str, str] | None = None, rejects: Any = None) -> dict[str, Any]:
    """What became of a run."""
    outcome = run.outcome or {}
    error = files.error_of(run)
    repairs = list(run.repaired_by.order_by("pk"))
    done = [one for one in repairs if one.state == "applied"]
    heads, refused = rejects if rejects is not None else drafts.refused_rows(run)
    when = f.moment(timezone.localtime(run.started_at))
    where = error.where if error is not None else outcome
    found = {"problems": where.get("problems", []), "counts": where.get("counts", {})}
    return {
        "state": run.state,
        "state_said": run.get_state_display(),
        "badge": _BADGES.get(run.state, ""),
        "when": when,
        "who": str(run.by or ""),
        "kind": words.kind(run.kind),
        "created": f.exact(run.created),
        "changed": f.exact(run.changed),
        "unchanged": f.exact(run.unchanged),
        "rows": f.exact(run.rows_read),
        "bad": f.exact(run.rows_bad) if run.rows_bad else "",
        "facts": facts_said(outcome["found"]) if outcome.get("found") else "",
        "error": words.refusal(error, run.kind) if error is not None else None,
        "causes": causes(found, run.kind, errors_only=True),
        "warnings": causes(found, run.kind, errors_only=False),
        "refused": rejects_table(run, heads, refused, given) if run.rows_bad and refused else None,
        "is_repaired": bool(done),
        "repaired_by": [
            {"href": reverse("import", args=[one.pk]), "number": one.pk, "state": one.get_state_display(),
             "rows": f.exact(one.created + one.changed)}
            for one in repairs
        ],
        "repairs": {"href": reverse("import", args=[run.repairs_id]), "number": run.repairs_id}
        if run.repairs_id
        else None,
        "undone": _undone(run),
        "waiting": [
            {"href": reverse("import", args=[one.pk]), "name": one.file_name, "kind": words.kind(one.kind)}
            for one in selectors.drafts_of(run.by) if one.pk != run.pk
        ],
    }  # fmt: skip


def _undone(run: ImportRun) -> str:
    if run.undone_at is None:
        return ""
    when = f.moment(timezone.localtime(run.undone_at))
    return _("Undone %(when)s by %(who)s") % {"when": when, "who": str(run.undone_by or _("Tenure"))}
