"""The look: roles instead of values, equal dark themes, readable contrast, no part without use, nothing inline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenure.web.pages import STYLESHEETS

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "tenure" / "web"
CSS = WEB / "static" / "css"
SHOWN = "\n".join(
    path.read_text(encoding="utf-8")
    for folder, pattern in ((WEB / "templates", "*.html"), (WEB, "*.py"), (ROOT / "frontend" / "src", "*.js"))
    for path in sorted(folder.rglob(pattern))
)
COLOUR = re.compile(r"--([\w-]+): (#[0-9a-f]{6})")


def blocks():
    text = (CSS / "tokens.css").read_text(encoding="utf-8")
    light = dict(COLOUR.findall(text[: text.index("@media (prefers-color-scheme: dark)")]))
    system = text[text.index("@media (prefers-color-scheme: dark)") : text.index(':root[data-theme="dark"]')]
    chosen = text[text.index(':root[data-theme="dark"]') : text.index(':root, [data-trend="blue-orange"]')]
    return light, dict(COLOUR.findall(system)), dict(COLOUR.findall(chosen))


def contrast(a: str, b: str) -> float:
    def brightness(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((brightness(a), brightness(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_two_dark_themes_are_equal():
    _light, system, chosen = blocks()
    assert system == chosen
    assert set(system) <= set(blocks()[0])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "ground-sunken", "ground-raised", "ground-hover", "ground-selected"])
@pytest.mark.parametrize("ink", ["ink", "ink-2", "ink-3", "blue", "orange", "green", "urgent"])
def test_text_can_be_read(theme, ground, ink):
    light, dark, _ = blocks()
    colours = light if theme == "light" else {**light, **dark}
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "mark",
    [
        *("move-new", "move-expansion", "move-reactivation", "move-contraction", "move-churn", "move-fx", "focus"),
        *("green-1", "green-2", "green-3", "red-1", "red-2", "red-3"),
    ],
)
def test_marks_can_be_seen(theme, mark):
    light, dark, _ = blocks()
    colours = light if theme == "light" else {**light, **dark}
    assert contrast(colours[mark], colours["ground"]) >= 2.9


def test_every_sheet_is_linked_and_every_link_has_a_sheet():
    assert {path.stem for path in CSS.glob("*.css")} == set(STYLESHEETS)


def test_a_part_has_its_look_in_one_sheet():
    homes: dict[str, set[str]] = {}
    for sheet in CSS.glob("*.css"):
        for part in re.findall(r"^(\.[\w-]+) {", sheet.read_text(encoding="utf-8"), re.MULTILINE):
            homes.setdefault(part, set()).add(sheet.stem)
    assert {part: sheets for part, sheets in homes.items() if len(sheets) > 1} == {}


@pytest.mark.parametrize(
    "sheet", sorted(path for path in CSS.glob("*.css") if path.stem != "tokens"), ids=lambda p: p.stem
)
def test_sheets_use_roles_and_only_what_is_shown(sheet):
    text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(", text)
    defined = set(re.findall(r"--([\w-]+)\s*:", (CSS / "tokens.css").read_text(encoding="utf-8"))) | {"tiles"}
    assert set(re.findall(r"var\(--([\w-]+)", text)) <= defined
    selectors = re.sub(r"{[^{}]*}", "{}", text)
    unused = {name for name in re.findall(r"\.([a-z][\w-]*)", selectors) if not _is_shown(name)}
    assert not unused


def _is_shown(name: str) -> bool:
    """Whether a template, a view or a script names the class, or makes it from a base and a value (badge--better)."""
    base, _, value = name.partition("--")
    return name in SHOWN or bool(value and f"{base}--{{{{" in SHOWN) or f"{base}--{{%" in SHOWN or f"{base}{{%" in SHOWN


@pytest.mark.parametrize("path", sorted((WEB / "templates").rglob("*.html")), ids=lambda p: p.name)
def test_templates_have_nothing_inline_and_no_foreign_address(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"(?:https?:)?//(?!www\.w3\.org)[\w.]+\.\w", text)
