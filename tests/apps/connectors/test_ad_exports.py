"""Reports of advertising platforms are recognised by their headings and become spend, a row a day and placement."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tenure.apps.acquisition.models import SpendVersion
from tenure.apps.connectors.files import drafts, run_import, undo
from tenure.apps.connectors.files.options import Options

EXPORTS = {
    "baidu-ads": ("日期,推广计划,关键词,展现量,点击量,消费,点击率", "2026-03-02,品牌,长续,1200,48,312.50,4.00%"),
    "360-ads": ("日期,推广计划,关键词,展示次数,点击次数,总费用", "2026-03-02,品牌,长续,1200,48,312.50"),
    "sogou-ads": ("日期,推广计划,关键词,展示数,点击数,消耗", "2026-03-02,品牌,长续,1200,48,312.50"),
    "tencent-ads": ("日期,推广计划名称,曝光量,点击量,花费", "2026-03-02,品牌,1200,48,312.50"),
    "google-ads": (
        "Day,Campaign,Search keyword,Impr.,Clicks,Cost,Currency code",
        "2026-03-02,Brand,tenure,1200,48,312.50,USD",
    ),
    "linkedin-ads": (
        "Start Date (in UTC),Campaign Name,Impressions,Clicks,Total Spent,Currency",
        "2026-03-02,Brand,1200,48,312.50,USD",
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.django_db
def test_an_export_is_recognised_and_imported_once(name: str, tmp_path: Path, settings) -> None:
    settings.TENURE_HOME = tmp_path
    headings, row = EXPORTS[name]
    assert drafts._known_export("spend", headings.split(",")) == name
    file = tmp_path / "report.csv"
    file.write_text(f"{headings}\n{row}\n", encoding="utf-8")
    done = run_import(file, "spend", Options(mapping=name), by="t")
    assert (done.created, done.changed) == (1, 0)
    (kept,) = SpendVersion.objects.live()
    assert (kept.channel, kept.impressions, kept.clicks) == (name.removesuffix("-ads"), 1200, 48)
    assert kept.cost == Decimal("312.50")
    again = run_import(file, "spend", Options(mapping=name), by="t")
    assert (again.created, again.changed, again.unchanged) == (0, 0, 1)
    assert undo(done.run, by="t").withdrawn == 1
