"""The step that matches columns: what its form shows, and the options a filled one means."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.connectors.files import KINDS, ImportRefused, Options, drafts, mapping_names
from tenure.apps.connectors.files.drafts import Look
from tenure.apps.connectors.files.mapping import columns_for, needed
from tenure.apps.connectors.files.rejects import own_places
from tenure.apps.connectors.files.sniff import ENCODINGS
from tenure.apps.workspaces.models import ImportRun
from tenure.apps.workspaces.services import custom
from tenure.web.connectors import words

GENERIC = "generic"
_SURE = 0.9
_ROW = re.compile(r"[1-9][0-9]{0,6}")
_OFTEN_ONE_VALUE = ("currency", "interval", "product", "source")
"""Columns that files leave out, because all rows have one value."""


def read_options(post: Mapping[str, str]) -> Options:
    """How the file is read, without its columns."""
    row = post.get("heading_row", "").strip()
    if row and not _ROW.fullmatch(row):
        raise ImportRefused("import.bad_option", column=_("Row of the headings"), value=row, allowed="1, 2, 3 …")
    return Options(
        encoding=post.get("encoding") or None,
        separator=post.get("separator") or None,
        sheet=post.get("sheet") or None,
        heading_row=int(row) if row else None,
        decimal_comma={"comma": True, "point": False}.get(post.get("decimal", "")),
        date_format=post.get("date_format") or "auto",  # type: ignore[arg-type]
        end_inclusive="end_inclusive" in post,
        stamps=post.get("stamps", "").strip() or None,
        keep_unused="keep_unused" in post,
    )


def read_columns(post: Mapping[str, str], kind: str, seen: Look, options: Options) -> Options:
    """The options of a filled form: every column is spoken for, so nothing is guessed any more.

    Raises: ImportRefused if one column is chosen twice.
    """
    chosen: dict[str, str] = {}
    for place, heading in enumerate(seen.headings):
        column = post.get(f"c{place}", "")
        if not column:
            continue
        if column in chosen:
            raise ImportRefused("import.column_twice", column=column, headings=f"{chosen[column]}, {heading}")
        chosen[column] = heading
    constants = {
        column: value
        for column in columns_for(kind)
        if column not in chosen and (value := post.get(f"v-{column}", "").strip())
    }
    rest = {column: "" for column in columns_for(kind) if column not in chosen and column not in constants}
    return replace(options, columns={**chosen, **rest}, constants=constants, mapping=None)


def mark(seen: Look) -> str:
    """What names the headings a form was made for."""
    return hashlib.sha256("\0".join(seen.headings).encode()).hexdigest()[:16]


def form(run: ImportRun, seen: Look | None, post: Mapping[str, str] | None) -> dict[str, Any]:
    """The step as values the template prints: the file's columns, those it lacks, and how it is read."""
    options = drafts.options_of(run)
    given = post or {}
    return {
        "kinds": [{"code": code, "label": words.kind(code), "chosen": code == run.kind} for code in KINDS],
        "mappings": [
            {"code": name, "label": _("Guess by the headings") if name == GENERIC else name,
             "chosen": name == (options.mapping or GENERIC)}
            for name in mapping_names()
        ],
        "save_as": given.get("save_as", ""),
        "reading": _reading(options, seen),
        "mark": "" if seen is None else mark(seen),
        "columns": [] if seen is None else _columns(run.kind, seen, options, given),
        "missing": [] if seen is None else _lacking(run.kind, seen, options, given, open_ones=True),
        "others": [] if seen is None else _lacking(run.kind, seen, options, given, open_ones=False),
    }  # fmt: skip


def _columns(kind: str, seen: Look, options: Options, given: Mapping[str, str]) -> list[dict[str, Any]]:
    by_place = {chosen.index: chosen for chosen in seen.plan.chosen}
    required = set(needed(kind))
    found = []
    for place, heading in enumerate(seen.headings):
        if place in own_places(seen.headings):
            continue
        chosen = by_place.get(place)
        column = given.get(f"c{place}", chosen.column if chosen else "")
        spoken = bool(options.columns)
        guessed = chosen is not None and not spoken and chosen.confidence < _SURE
        field = dict(seen.plan.own).get(place)
        found.append(
            {
                "field": f"c{place}",
                "heading": heading or _("(no heading)"),
                "values": seen.values[place] if place < len(seen.values) else [],
                "options": [
                    {"code": name, "label": words.column(kind, name), "chosen": name == column,
                     "needed": name in required}
                    for name in columns_for(kind)
                ],
                "is_used": bool(column),
                "is_guessed": guessed,
                "said": (
                    _("Custom field %(name)s") % {"name": custom.label(field)}
                    if field is not None and not column
                    else _said(kind, column, chosen is not None and not spoken, guessed, options.keep_unused)
                ),
            }
        )  # fmt: skip
    return found


def _said(kind: str, column: str, found: bool, guessed: bool, keeps: bool) -> str:
    """How a column came to be read so."""
    if not column:
        return _("Kept with the row as an attribute") if keeps else _("Not imported")
    if guessed:
        return _("Guessed: please look")
    if found:
        return _("Recognised by its heading")
    return ""


def _lacking(
    kind: str, seen: Look, options: Options, given: Mapping[str, str], *, open_ones: bool
) -> list[dict[str, Any]]:
    """Columns the file does not fill, with the value all rows get: those that need one, or the others."""
    filled = {chosen.column for chosen in seen.plan.chosen}
    first = [*seen.missing, *seen.plan.constants, *(c for c in _OFTEN_ONE_VALUE if c in columns_for(kind))]
    wanted = [c for c in dict.fromkeys(first) if c not in filled]
    names: Sequence[str] = wanted if open_ones else [c for c in columns_for(kind) if c not in {*filled, *wanted}]
    return [
        {
            "field": f"v-{name}",
            "label": words.column(kind, name),
            "value": given.get(f"v-{name}", seen.plan.constants.get(name, "")),
            "is_needed": name in seen.missing,
        }
        for name in names
    ]


def _reading(options: Options, seen: Look | None) -> dict[str, Any]:
    facts = None if seen is None else seen.facts
    decimal = {True: "comma", False: "point", None: ""}[options.decimal_comma]
    return {
        "is_text": facts is None or facts.format == "csv",
        "encodings": [("", _("Found in the file")), *((name, name) for name in ENCODINGS)],
        "encoding": options.encoding or "",
        "separators": words.separators(),
        "separator": options.separator or "",
        "sheets": [] if facts is None or len(facts.sheets) < 2 else facts.sheets,
        "sheet": options.sheet or (facts.sheet if facts else "") or "",
        "heading_row": options.heading_row or "",
        "decimals": words.decimal_signs(),
        "decimal": decimal,
        "date_orders": words.date_orders(),
        "date_format": options.date_format,
        "end_inclusive": options.end_inclusive,
        "keep_unused": options.keep_unused,
        "stamps": options.stamps or (seen.plan.stamps if seen else "") or "",
        "found": "" if facts is None else facts_said(facts.as_dict()),
    }


def facts_said(facts: Mapping[str, Any]) -> str:
    """What was found out about a file, in a few words."""
    formats = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet", "jsonl": "JSON Lines"}
    said = [formats.get(facts["format"], str(facts["format"]))]
    if facts.get("sheet"):
        said.append(_("sheet “%(sheet)s”") % {"sheet": facts["sheet"]})
    if facts.get("encoding"):
        said.append(str(facts["encoding"]).upper())
    if facts.get("separator"):
        said.append(dict(words.separators())[facts["separator"]])
    return " · ".join(said)
