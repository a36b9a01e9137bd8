"""Paths: what is done one after the other in a session, from an event on or up to one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.warehouse.answer import Answer
from tenure.warehouse.questions.activity import DROP_OFF
from tenure.web import formatting as f
from tenure.web.behaviour import pictures, said
from tenure.web.behaviour.address import Place, Word
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table

MOST_NODES = 6
"""Nodes of a position that are drawn; the table has them all."""
PLACES = (Place("m", gettext_lazy("Events on the way"), usual="*"),)
ANCHORS = {
    "": gettext_lazy("From where a session begins"),
    "from": gettext_lazy("From this event on"),
    "to": gettext_lazy("Up to this event"),
}
WORDS = (
    Word("anchor", gettext_lazy("Paths"), options=ANCHORS),
    Word("at", gettext_lazy("The event they go from or to"), "text", offers="event-names"),
    Word("depth", gettext_lazy("Steps"), "whole", "5", hint=gettext_lazy("From 2 to 12.")),
    Word("gap", gettext_lazy("Minutes of quiet that end a session"), "whole", "30"),
)


def question(given: Given) -> dict[str, Any]:
    """The question of a page of paths."""
    (match,) = given.events("m")
    asked: dict[str, Any] = {"question": "paths", "unit": given["unit"], **given.days}
    asked["max_steps"] = given.whole("depth", 2, 12)
    asked |= {"match": match.matcher} if match.matcher != {"event": None} else {}
    gap = given.whole("gap", 1, 525_600)
    asked |= {"session_gap_seconds": gap * 60} if gap is not None and gap != 30 else {}
    return asked | ({f"{given['anchor']}_anchor": given["at"]} if given["anchor"] and given["at"] else {})


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The flow, and every edge as a table."""
    rows = answer.to_dicts()
    began = sum(row["count"] for row in rows if _node(row["from"])[0] == 1)
    return {
        "title": ngettext("%(count)s session", "%(count)s sessions", began) % {"count": f.exact(began)},
        "chart": pictures.flows(_("Paths"), _drawn(given, rows), _("ends")) if rows else None,
        "notes": said.notes(answer.notes),
        "rows": [
            {
                "at": _node(row["from"])[0],
                "from": _node(row["from"])[1],
                "to": _said(_node(row["to"])[1]),
                "count": f.exact(row["count"]),
                "href": given.people({"from": row["from"], "to": row["to"]}),
            }
            for row in rows
        ],
    }


def _node(text: str) -> tuple[int, str]:
    at, _underscore, name = text.partition("_")
    return int(at), name


def _said(name: str) -> str:
    return _("ends") if name == DROP_OFF else name


def _drawn(given: Given, rows: list[Row]) -> list[pictures.Flow]:
    """The edges between the nodes that most go through; the other nodes of a position are one."""
    through: dict[tuple[int, str], int] = {}
    for row in rows:
        origin, target = _node(row["from"]), _node(row["to"])
        through[origin] = through.get(origin, 0) + row["count"]
        if target[1] == DROP_OFF:
            through[target] = through.get(target, 0) + row["count"]
    kept = set()
    for place in {node[0] for node in through}:
        ranked = sorted((n for n in through if n[0] == place), key=lambda n: (-through[n], n[1]))
        kept |= set(ranked[:MOST_NODES]) | {n for n in ranked if n[1] == DROP_OFF}
    last = max((node[0] for node in through), default=0)
    joined: dict[tuple[tuple[int, str], tuple[int, str]], list[Row]] = {}
    for row in rows:
        origin, target = _node(row["from"]), _node(row["to"])
        ends = tuple(
            (node[0], _said(node[1])) if node in kept or node[0] > last else (node[0], _("others"))
            for node in (origin, target)
        )
        joined.setdefault((ends[0], ends[1]), []).append(row)
    return [_flow(given, ends, found) for ends, found in joined.items()]


def _flow(given: Given, ends: tuple[tuple[int, str], tuple[int, str]], rows: list[Row]) -> pictures.Flow:
    count = sum(row["count"] for row in rows)
    text = _("%(start)s → %(end)s: %(count)s") % {"start": ends[0][1], "end": ends[1][1], "count": f.exact(count)}
    href = given.people({"from": rows[0]["from"], "to": rows[0]["to"]}) if len(rows) == 1 else ""
    return pictures.Flow(*ends, count, text, href)


def table(given: Given, answer: Answer) -> Table:
    """Every edge."""
    return [said.column(name) for name in answer.table.column_names], [list(row.values()) for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What an edge is called."""
    names = [str(cell.get(end, "")).partition("_")[2] for end in ("from", "to")]
    return f"{names[0]} → {_said(names[1])}"


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """How many sessions there were."""
    began = sum(row["count"] for row in answer.to_dicts() if _node(row["from"])[0] == 1)
    return {"value": f.exact(began), "exact": str(began), "note": _("sessions"), "values": [], "running": False}


SHEET = Sheet(
    name="paths",
    path="activate/paths/",
    heading=gettext_lazy("Paths"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"match": "m", "max_steps": "depth", "session_gap_seconds": "gap", "from_anchor": "at", "to_anchor": "at"},
)
