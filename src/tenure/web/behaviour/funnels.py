"""Funnels: how many take one step after the other, where they stop, how long it takes them, and who they are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.core.errors import QuestionRefused
from tenure.core.metrics.mrr import ratio
from tenure.warehouse.answer import Answer
from tenure.web import formatting as f
from tenure.web.behaviour import pictures, said
from tenure.web.behaviour.address import Chosen, Place, Word
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table, whole
from tenure.web.meter import meter

SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
SAME_DAY = "day"
_WINDOW = re.compile(r"([0-9]{1,9})([smhdw])\Z")

ORDERS = {
    "ordered": gettext_lazy("In this order, others may lie between"),
    "strict": gettext_lazy("In this order, nothing between"),
    "unordered": gettext_lazy("In any order"),
}
ATTRIBUTIONS = {
    "first_touch": gettext_lazy("The first value"),
    "last_touch": gettext_lazy("The last value"),
    "all": gettext_lazy("Every value, a funnel each"),
    **{f"step {n}": format_lazy(gettext_lazy("The value at step {number}"), number=n) for n in range(1, 11)},
}
STEP_WORDS = (
    Word("optional", gettext_lazy("May be left out"), "flag"),
    Word("people", gettext_lazy("At least so many people"), "whole"),
    Word("role", gettext_lazy("Role in the buying committee"), "text"),
)
EXCLUDED_WORDS = (
    Word("after", gettext_lazy("After step"), "whole", usual="1"),
    Word("before", gettext_lazy("Before step"), "whole"),
)
PLACES = (
    Place("s", gettext_lazy("Step"), most=20, least=2, words=STEP_WORDS, add=gettext_lazy("Add a step")),
    Place("x", gettext_lazy("Must not happen"), 5, 0, "", EXCLUDED_WORDS, gettext_lazy("Add what must not happen")),
)
WORDS = (
    Word("window", gettext_lazy("Within"), "text", "14d", hint=gettext_lazy("30m, 8h, 14d, 4w; day: the same day.")),
    Word("order", gettext_lazy("Order"), usual="ordered", options=ORDERS),
    Word("by", gettext_lazy("Broken down by"), "text", offers="event-props"),
    Word("value", gettext_lazy("Which value counts"), usual="first_touch", options=ATTRIBUTIONS),
    Word("same", gettext_lazy("The same in all steps"), "text", offers="event-props"),
    Word("first", gettext_lazy("Only the first entry counts"), "flag"),
    Word("later", gettext_lazy("Each step strictly later"), "flag"),
)


def question(given: Given) -> dict[str, Any]:
    """The question of a page of funnels."""
    steps = [_step(one, f"s{n}") for n, one in enumerate(given.events("s"), 1)]
    asked: dict[str, Any] = {"question": "funnel", "unit": given["unit"], **given.days, "steps": steps}
    asked |= _window(given["window"])
    asked |= {"order": given["order"]} if given["order"] != "ordered" else {}
    asked |= {"reentry": "first"} if given["first"] else {}
    asked |= {"strict_time": True} if given["later"] else {}
    excluded = [_exclusion(one, f"x{n}", len(steps)) for n, one in enumerate(given.events("x"), 1)]
    asked |= {"exclusions": excluded} if excluded else {}
    if given["by"]:
        asked["breakdown"] = {"prop": given["by"], "attribution": given["value"], "limit": 10}
    if given["same"]:
        return {**asked, "hold_constant": given["same"]}
    return asked if given["by"] and given["value"] == "all" else {**asked, "trend": given.stretch.grain}


def _step(one: Chosen, prefix: str) -> dict[str, Any]:
    people = whole(one.word("people"), f"{prefix}.people", 1, 1_000)
    out = one.matcher
    out |= {"optional": True} if one.word("optional") else {}
    out |= {"min_users": people} if people is not None and people > 1 else {}
    return out | ({"role": one.word("role")} if one.word("role") else {})


def _exclusion(one: Chosen, prefix: str, steps: int) -> dict[str, Any]:
    """Steps are counted from 1 in an address, from 0 in a question."""
    after = whole(one.word("after"), f"{prefix}.after", 1, max(steps - 1, 1)) or 1
    before = whole(one.word("before"), f"{prefix}.before", after + 1, max(steps, after + 1)) or steps
    return {**one.matcher, "from_step": after - 1, "to_step": before - 1}


def _window(text: str) -> dict[str, Any]:
    if text == SAME_DAY:
        return {"window": "same_day"}
    found = _WINDOW.match(text)
    if found is None:
        raise QuestionRefused(
            "page.window",
            f"{text[:40]!r} is no length of time.",
            fix="Write 30m, 8h, 14d or 4w, or day for the same day.",
            field="window",
            value=text[:40],
        )
    return {"window_seconds": int(found[1]) * SECONDS[found[2]]}


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The bars, the share that goes through over time, and how long it takes."""
    rows, prop = answer.to_dicts(), given["by"]
    groups = [_group(given, [row for row in rows if row.get(prop) == cut], prop) for cut in _cuts(rows, prop)]
    return {
        "title": said.through(rows, given["unit"])
        if not prop
        else _("Through all steps, by %(prop)s") % {"prop": prop},
        "groups": groups,
        "prop": prop,
        "is_open": any(not row["complete"] for row in rows),
        "notes": said.notes(answer.notes),
        "times": _times(answer),
        "trend": _trend(given, answer) if "trend" in answer.beside else None,
    }


def _cuts(rows: Sequence[Row], prop: str) -> list[Any]:
    return list(dict.fromkeys(row.get(prop) for row in rows))


def _group(given: Given, rows: Sequence[Row], prop: str) -> dict[str, Any]:
    widest = Decimal(rows[0]["units"])
    own = {prop: rows[0][prop]} if prop else {}
    steps = given.events("s")
    any_order = given["order"] == "unordered"
    return {
        "name": said.value(rows[0][prop]) if prop else "",
        "rows": [
            {
                "step": row["step"],
                "name": _("%(count)s of them") % {"count": row["step"]}
                if any_order
                else said.events(steps[row["step"] - 1]),
                "is_optional": bool(steps[row["step"] - 1].word("optional")),
                "units": f.exact(row["units"]),
                "href": given.people({"step": row["step"], **own}),
                "bar": meter(widest, Decimal(row["units"]), widest),
                "of_first": f.percent(row["of_first"]),
                "of_previous": f.percent(row["of_previous"]) if row["step"] > 1 else "",
                "dropped": _dropped(rows, at, steps) if at else None,
                "dropped_href": given.people({"step": row["step"], "outcome": "dropped", **own}) if at else "",
                "median": f.duration(row["seconds_median"]) if at else "",
                "p90": f.duration(row["seconds_p90"]) if at else "",
            }
            for at, row in enumerate(rows)
        ],
    }


def _dropped(rows: Sequence[Row], at: int, steps: Sequence[Chosen]) -> str:
    """How many of those at the required step before did not take this one."""
    before = next(k for k in range(at - 1, -1, -1) if not steps[k].word("optional"))
    return f.exact(rows[before]["units"] - rows[at]["units"])


def _times(answer: Answer) -> dict[str, Any] | None:
    """How long the whole way took, bracket by bracket; None where nobody went it."""
    rows = answer.times.to_pylist()
    places = [at for at, row in enumerate(rows) if row["units"]]
    if not places:
        return None
    shown = rows[places[0] : places[-1] + 1]
    whole = sum(row["units"] for row in rows)
    widest = Decimal(max(row["units"] for row in shown))
    (through,) = answer.through.to_pylist()
    return {
        "title": _("Half went the whole way in less than %(time)s, nine in ten in less than %(most)s")
        % {"time": f.duration(through["seconds_median"]), "most": f.duration(through["seconds_p90"])},
        "rows": [
            {
                "name": _bracket(row),
                "units": f.exact(row["units"]),
                "bar": meter(Decimal(row["units"]), Decimal(row["units"]), widest),
                "share": f.percent(ratio(row["units"], whole)),
            }
            for row in shown
        ],
    }


def _bracket(row: Row) -> str:
    places = {"low": f.duration(row["seconds_from"]), "high": f.duration(row["seconds_to"])}
    if row["seconds_to"] is None:
        return _("%(low)s or more") % places
    return _("less than %(high)s") % places if not row["seconds_from"] else _("%(low)s to %(high)s") % places


def _trend(given: Given, answer: Answer) -> dict[str, Any]:
    rows = answer.beside["trend"].to_pylist()
    shares = [ratio(row["converted"], row["entered"]) for row in rows]
    periods = [row["period"] for row in rows]
    line = pictures.Line(_("Through all steps"), shares, over=[row["mature"] for row in rows])
    return {
        "chart": pictures.lines(_("Share that goes through all steps, by entry"), periods, given, [line], percent=True),
        "rows": [
            {
                "period": f.period(row["period"], given.stretch.grain),
                "entered": f.exact(row["entered"]),
                "converted": f.exact(row["converted"]),
                "share": f.percent(share),
                "open": not row["mature"],
            }
            for row, share in reversed(list(zip(rows, shares, strict=True)))
        ],
    }


def table(given: Given, answer: Answer) -> Table:
    """The bars, exact."""
    names = [name for name in answer.table.column_names if name != "complete"]
    heads = [_("Event"), *(said.column(name) for name in names)]
    steps = given.events("s")
    rows = [[said.events(steps[row["step"] - 1]), *(row[name] for name in names)] for row in answer.to_dicts()]
    return heads, rows


def behind(given: Given, cell: Row) -> str:
    """What a bar is called."""
    step = cell.get("step", "")
    if cell.get("outcome") == "dropped":
        return _("Did not go on to step %(step)s") % {"step": step}
    return _("Reached step %(step)s") % {"step": step}


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The share that goes through all steps."""
    last = answer.to_dicts()[-1:] if not given["by"] else []
    share = last[0]["of_first"] if last else None
    trend = answer.beside["trend"].to_pylist() if "trend" in answer.beside else []
    return {
        "value": f.percent(share),
        "exact": f.plain(share),
        "note": said.steps(given.events("s")),
        "values": [s for row in trend if (s := ratio(row["converted"], row["entered"])) is not None],
        "running": bool(trend) and not trend[-1]["mature"],
    }


SHEET = Sheet(
    name="funnels",
    path="convert/funnels/",
    heading=gettext_lazy("Funnels"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"steps": "s", "exclusions": "x", "window_seconds": "window", "breakdown": "by", "hold_constant": "same"},
    whole_cells=frozenset({"step"}),
)
