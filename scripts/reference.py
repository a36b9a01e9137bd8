"""The reference pages that follow from the code: questions, tables, settings, commands and error codes, as Markdown.

The head of such a page is written by hand; below a line that says so, it is made. `pages()` gives the whole texts;
scripts/make_reference.py writes them and scripts/check_docs.py compares them.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tenure"
DOCS = ROOT / "docs"
CODE = re.compile(r"[a-z]+\.[a-z]+(_[a-z]+)*")
MADE = "<!-- Below this line the page is made from the code by `make docs`. -->\n"


def pages() -> dict[str, str]:
    """Path below docs/ -> the whole text the page should have."""
    made = {
        "reference/questions.md": questions(),
        "reference/tables.md": tables(),
        "reference/settings.md": settings(),
        "reference/commands.md": commands(),
        "reference/errors.md": errors(),
    }
    heads = {name: (DOCS / name).read_text(encoding="utf-8").partition(MADE)[0] for name in made}
    whole = {name: f"{heads[name]}{MADE}\n{body}" for name, body in made.items()}
    return {**whole, IMPORTED: import_columns((DOCS / IMPORTED).read_text(encoding="utf-8"))}


def cell(text: str) -> str:
    """Text that may stand in a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|")


def grid(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(cell, row)) + " |" for row in rows]
    return re.sub(r"  +\|", " |", "\n".join(lines)) + "\n"


# ---------------------------------------------------------------------------------------------------------- questions

VALUES = {
    "label": "period or day",
    "choice": "one of the values",
    "fields": "field, or a list of them",
    "names": "list of names",
    "where": "conditions",
    "day": "day",
    "text": "text",
    "totals": "list of {period, amount}",
    "matcher": "matcher",
    "steps": "list of matchers with optional, role, min_users",
    "exclusions": "list of matchers with from_step, to_step",
    "named_matchers": "{name: matcher}",
    "whole": "whole number",
    "flag": "true or false",
    "unit": "`user`, `account` or `prop:NAME`",
    "breakdown": "{prop, attribution, limit}",
    "criteria": "{op, value}",
    "moment": "day, or day and time",
    "measure": "`count`, `users`, `accounts`, `sum:NAME`, `avg:NAME` or `p90:NAME`",
    "object": "JSON object",
}


def questions() -> str:
    from dataclasses import MISSING, fields

    from tenure.warehouse.questions import FAMILIES
    from tenure.warehouse.questions.base import json_name

    parts = []
    for name, family in sorted(FAMILIES.items()):
        rows = []
        for f in fields(family):
            values = ", ".join(f"`{v}`" for v in f.metadata["allowed"]) or VALUES[f.metadata["kind"]]
            if f.metadata["kind"] == "whole":
                values = "{} from {:,} to {:,}".format(values, *f.metadata["bounds"])
            default = (
                "required" if f.default is MISSING else f"`{f.default}`" if isinstance(f.default, str | int) else ""
            )
            rows.append((f"`{json_name(f.name)}`", values, default, f.metadata["doc"]))
        columns = [(f"`{column}`", doc) for column, doc in family.columns.items()]
        parts.append(
            f"## {name}\n\n{family.doc}\n\n"
            + grid(("field", "value", "default", "meaning"), rows)
            + "\n"
            + grid(("answer column", "meaning"), columns)
        )
    return "\n".join(parts)


# ------------------------------------------------------------------------------------------------------------- tables

KINDS = {
    "text": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "day": "day",
    "stamp": "moment",
    "spans": "list of [from, to)",
    "steps": "list of {from, to, amount}",
    "texts": "list of texts",
    "json": "JSON",
    "derived": "*made*",
}


def tables() -> str:
    from tenure.warehouse.schema import GIVEN_AS, TABLES

    parts = []
    for table in TABLES.values():
        rows = [(f"`{c.name}`", KINDS[c.kind], c.default or "", c.doc) for c in table.columns]
        parts.append(
            f"## {table.name}\n\n{table.doc} Key: {names(table.key)}. Required: {names(table.required)}.\n\n"
            + grid(("column", "type", "default", "meaning"), rows)
        )
    given = [(f"`{name}`", f"`{column}`") for name, column in GIVEN_AS.items()]
    parts.append("## Other names\n\nThese names are taken too, and mean:\n\n" + grid(("given as", "is"), given))
    return "\n".join(parts)


def names(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{c}`" for c in columns)


# ----------------------------------------------------------------------------------------------------- import columns

IMPORTED = "reference/import-columns.md"


def import_columns(page: str) -> str:
    """The page with the table of each kind made anew; what is written around the tables stays."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
    import django

    django.setup()
    from tenure.apps.connectors.files.headings import KINDS as IMPORTS
    from tenure.warehouse.schema import TABLES

    before, mapped, named = page.partition("## Named mappings")
    head, *sections = re.split(r"^## ", before, flags=re.MULTILINE)
    written = {section.partition("\n")[0]: section for section in sections}
    parts = []
    for kind in IMPORTS:
        key = ", ".join(f"`{c}`" for c in TABLES[kind].key)
        start = f"{kind}\n\n{TABLES[kind].doc} A row is known again by {key}.\n\n| column |"
        section = written.get(kind, start)
        parts.append(_with_table(section, _columns_of(kind)))
    return head + "".join(f"## {part.rstrip()}\n\n" for part in parts) + mapped + _mappings(named)


def _with_table(section: str, table: str) -> str:
    """A section with another table in the place of its first."""
    return re.sub(r"^\| column \|.*\n?(\|.*\n)*", lambda _: table, section, count=1, flags=re.MULTILINE)


def _mappings(named: str) -> str:
    """The part on named mappings, with the table of each made anew."""
    from tenure.apps.connectors.files.named import BUILT_IN

    intro, *parts = re.split(r"^### ", named, flags=re.MULTILINE)
    written = {part.partition("\n")[0]: part for part in parts}
    out = []
    for name, mapping in BUILT_IN.items():
        given = ", ".join(f"`{column}` is `{value}`" for column, value in mapping.constants.items())
        stamps = f"stamps are read in {mapping.stamps}, " if mapping.stamps else ""
        start = f"{name}\n\nFor `{mapping.kind}`; {stamps}{given}.\n\n| column |"
        rows = [(f"`{column}`", ", or ".join(f"`{h}`" for h in words)) for column, words in mapping.columns.items()]
        out.append(_with_table(written.get(name, start), grid(("column", "heading"), rows)))
    return intro + "\n".join(f"### {part.rstrip()}\n" for part in out)


def _columns_of(kind: str) -> str:
    from tenure.apps.connectors.files import headings, mapping
    from tenure.warehouse.schema import GIVEN_AS, TABLES

    columns, needed, rows = TABLES[kind].by_name, set(mapping.needed(kind)), []
    for name in mapping.columns_for(kind):
        strong, weak = headings.VOCABULARY[kind].get(name) or headings.SHARED.get(name) or ((), ())
        given = tuple(g for g, c in GIVEN_AS.items() if c == name and headings.normal(g) in headings.ranks(kind)[name])
        tiers = [", ".join(f"`{word}`" for word in dict.fromkeys(tier)) for tier in ((*given, *strong), weak)]
        said = "; ".join(tier for tier in tiers if tier) or "–"
        without = "refused" if name in needed else columns[name].default or "empty"
        rows.append((f"**`{name}`**" if name in needed else f"`{name}`", columns[name].doc, without, said))
    return grid(("column", "what it is", "without it", "headings"), rows)


# ----------------------------------------------------------------------------------------------------------- settings


def settings() -> str:
    from tenure.config.environment import VARIABLES

    rows = [
        (
            f"`{v.name}`",
            ", ".join(f"`{c}`" for c in v.choices) if v.choices else v.type,
            f"`{v.default}`" if v.default else "empty",
            v.doc + (f" Secret: also from `{v.name}_FILE`." if v.secret else ""),
        )
        for v in VARIABLES
    ]
    return grid(("variable", "type", "default", "meaning"), rows)


# ----------------------------------------------------------------------------------------------------------- commands


def commands() -> str:
    os.environ["TENURE_LANGUAGE"] = "en"  # the page is in English, whatever the reader's settings are
    import click

    from tenure.config.cli import cli

    parts: list[str] = []

    def walk(command: click.Command, name: str) -> None:
        context = click.Context(command, info_name=name)
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                if found is not None and not found.hidden:
                    walk(found, f"{name} {child}")
            return
        usage = " ".join(command.collect_usage_pieces(context))
        rows = [
            (", ".join(f"`{o}`" for o in (*p.opts, *p.secondary_opts)), p.help or "")
            for p in command.params
            if isinstance(p, click.Option) and not p.hidden
        ]
        text = "\n".join(line.strip() for line in (command.help or "").splitlines()).replace("\b\n", "")
        parts.append(
            f"## {name}\n\n```\n{name} {usage}\n```\n\n{text}\n"
            + ("\n" + grid(("option", "meaning"), rows) if rows else "")
        )

    walk(cli, "tenure")
    return "\n".join(parts)


# ------------------------------------------------------------------------------------------------------------- errors


@dataclass(frozen=True, order=True)
class Refusal:
    """One code, and its sentences where they are written out beside it."""

    code: str
    message: str
    fix: str


def written(node: ast.expr | None) -> str:
    """The text of a string in code, with `{...}` for what is filled in; empty if it is no string."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            return written(node.func.value)
        return written(node.args[0]) if isinstance(node.func, ast.Name) and node.args else ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{" + label(part.value) + "}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return written(node.left) + written(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return re.sub(r"%\((\w+)\)\w", r"{\1}", written(node.left))
    if isinstance(node, ast.IfExp):
        return written(node.body)
    return ""


def label(node: ast.expr) -> str:
    """The name under which a value is filled into a sentence."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else "..."


def refusals() -> list[Refusal]:
    """Every code in the source: raised with its sentences, or listed in a table of sentences."""
    found: dict[str, Refusal] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for refusal in in_module(ast.parse(path.read_text(encoding="utf-8"))):
            known = found.get(refusal.code)
            if known is None or (not known.message and refusal.message):
                found[refusal.code] = refusal
    return sorted(found.values())


def in_module(tree: ast.Module) -> Iterator[Refusal]:
    named: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(written(node.value))

    def sentence(node: ast.expr | None) -> str:
        if isinstance(node, ast.Name):  # a name that is given once in the module stands for that text
            texts = named.get(node.id, [])
            return texts[0] if len(texts) == 1 else ""
        return written(node)

    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            options = {k.arg: k.value for k in node.keywords}
            code = written(options.get("code") or (node.args[0] if node.args else None))
            message = options.get("message") or (node.args[1] if len(node.args) > 1 else None)
            fix = options.get("fix") or (node.args[2] if len(node.args) > 2 else None)
            if CODE.fullmatch(code) and (message is not None or "fix" in options):
                yield Refusal(code, sentence(message), sentence(fix) or "{...}" * ("fix" in options))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                code = written(key)
                if CODE.fullmatch(code) and isinstance(value, ast.Tuple) and len(value.elts) == 2:
                    yield Refusal(code, written(value.elts[0]), written(value.elts[1]))


def errors() -> str:
    parts = []
    group = ""
    rows: list[tuple[str, ...]] = []
    for refusal in [*refusals(), Refusal("~.", "", "")]:
        head = refusal.code.split(".")[0]
        if head != group:
            if rows:
                parts.append(f"## {group}\n\n" + grid(("code", "what happened", "what to do"), rows))
            group, rows = head, []
        rows.append((f"`{refusal.code}`", refusal.message, refusal.fix))
    return "\n".join(parts)
