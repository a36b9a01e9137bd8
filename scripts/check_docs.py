"""Refuse documentation that is not in step: dead links, made pages that are stale, names without an entry.

Run it by `make lint`. What the pages' examples claim is checked by tests/test_docs.py.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from reference import DOCS, ROOT, SOURCE, pages

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
KINDS = ("tutorial", "how-to", "reference", "explanation", "metrics")
TRANSLATED = ("tutorial/first-hour", "how-to/import-your-file")
WHOLE_WORD = r"(?<![\w-])`{}`(?![\w-])"


def markdown() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as Git hosts make them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def dead_links() -> Iterator[str]:
    for page in markdown():
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for target in LINK.findall(text):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = unquote(target).partition("#")
            found = (page.parent / path).resolve() if path else page
            if not found.exists():
                yield f"{page.relative_to(ROOT)}: there is no {target}"
            elif anchor and anchor not in anchors(found):
                yield f"{page.relative_to(ROOT)}: {path or page.name} has no heading #{anchor}"


def pages_out_of_place() -> Iterator[str]:
    """A page is of one kind, has one title, and is reachable from the index."""
    index = (DOCS / "index.md").read_text(encoding="utf-8") + (DOCS / "metrics/index.md").read_text(encoding="utf-8")
    for page in sorted(DOCS.rglob("*.md")):
        name = page.relative_to(DOCS).as_posix()
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        if page.parent != DOCS and name.split("/")[0] not in KINDS:
            yield f"docs/{name}: this is none of the kinds {', '.join(KINDS)}"
        if len(re.findall(r"^# ", text, re.MULTILINE)) != 1:
            yield f"docs/{name}: a page has one title"
        if page.name != "index.md" and page.name not in index:
            yield f"docs/{name}: neither docs/index.md nor docs/metrics/index.md leads to it"
    for name in TRANSLATED:
        for path in (f"{name}.md", f"{name}.zh-CN.md"):
            if not (DOCS / path).exists():
                yield f"docs/{path} is missing: this page is kept in both languages"


def stale_pages() -> Iterator[str]:
    for name, text in pages().items():
        if (DOCS / name).read_text(encoding="utf-8") != text:
            yield f"docs/{name} is not in step with the code: run `make docs`"


def missing(page: str, names: set[str], what: str) -> Iterator[str]:
    """Names that a page does not have in backticks."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name in sorted(names):
        if not re.search(WHOLE_WORD.format(re.escape(name)), text):
            yield f"docs/{page} does not explain the {what} `{name}`"


def missing_definitions() -> Iterator[str]:
    from tenure.core import definition

    values = {value for choices in definition.CHOICES.values() for value in choices}
    yield from missing("reference/definitions.md", set(definition.Definition().settings), "setting")
    yield from missing("reference/definitions.md", values, "value")
    yield from missing("reference/definitions.md", set(definition.PRESETS), "preset")


def missing_metrics() -> Iterator[str]:
    """Every metric is named on a page of docs/metrics, and such a page has its edges, an example and a source."""
    from tenure.warehouse.questions.movements import METRICS

    texts = {page.name: page.read_text(encoding="utf-8") for page in sorted((DOCS / "metrics").glob("*.md"))}
    del texts["index.md"]
    for metric in METRICS:
        if not any(f"`{metric}`" in text for text in texts.values()):
            yield f"no page of docs/metrics explains the metric `{metric}`"
    for name, text in texts.items():
        for part in ("Edge cases", "Worked example", "Source"):
            if f"## {part}" not in text:
                yield f"docs/metrics/{name} has no part {part}"
        if "json ask" not in text:
            yield f"docs/metrics/{name} has no worked table that is run"


def missing_words() -> Iterator[str]:
    """Movement kinds and reasons are in the glossary and on their page."""
    from tenure.core.sequences.daily import REASONS
    from tenure.core.sequences.walk import KINDS as MOVEMENTS

    yield from missing("metrics/movements.md", {*MOVEMENTS, *REASONS}, "movement or reason")


def missing_anomalies() -> Iterator[str]:
    yield from missing("reference/anomalies.md", anomaly_kinds(), "anomaly")


def anomaly_kinds() -> set[str]:
    """Every kind the code gives to a row: flaws found when it is read, anomalies found when rows are compared."""
    from tenure.warehouse.questions.anomalies import DONE

    found = set(DONE)
    for path in sorted((SOURCE / "warehouse").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0] if node.args else None
            if name in {"BadCell", "flag"} and isinstance(first, ast.Constant):
                found.add(str(first.value))
    return found


def readme_out_of_step() -> Iterator[str]:
    """Both first pages show the two commands before any other."""
    for name in ("README.md", "README.zh-CN.md"):
        commands = re.findall(r"^\$ (.+)$", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        if commands[:2] != ["make demo", "make test"]:
            yield f"{name}: the first commands are `make demo` and `make test`"


CHECKS = (
    dead_links,
    pages_out_of_place,
    stale_pages,
    missing_definitions,
    missing_metrics,
    missing_words,
    missing_anomalies,
    readme_out_of_step,
)


def main() -> int:
    problems = [problem for check in CHECKS for problem in check()]
    for problem in problems:
        print(problem)
    print(f"{len(markdown())} pages, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
