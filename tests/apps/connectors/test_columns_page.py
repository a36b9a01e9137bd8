"""The page that lists the columns of import files lists all of them, with every heading that is recognised."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenure.apps.connectors.files import headings, mapping, named

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/import-columns.md"
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("kind", headings.KINDS)
def test_a_kind_has_a_section_with_its_columns_and_their_headings(kind: str) -> None:
    rows = {r[1]: r[0] for r in re.findall(r"^(\| \**`(\w+)`.*)$", SECTIONS[kind], re.MULTILINE)}
    assert list(rows) == list(mapping.columns_for(kind))
    for column, tiers in headings.VOCABULARY[kind].items():
        assert [w for tier in tiers for w in tier if f"`{w}`" not in rows[column]] == []
    assert {c for c, row in rows.items() if row.startswith("| **")} == set(mapping.needed(kind))


@pytest.mark.parametrize("name", named.BUILT_IN)
def test_a_named_mapping_is_listed_with_its_headings(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8").split(f"### {name}\n")[1].split("\n### ")[0]
    for column, wanted in named.BUILT_IN[name].columns.items():
        assert f"| `{column}` | {', or '.join(f'`{w}`' for w in wanted)} |" in text
