"""Lists: what an address means, and that both sources select, order and page alike."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from django.http import QueryDict

from tenure.apps.crm.models import AccountVersion
from tenure.core import search
from tenure.core.errors import QuestionRefused
from tenure.web.listing import ArrowRows, Column, StoreRows, address

TODAY = date(2026, 11, 22)
COLUMNS = (
    Column("name", "Name", "link"),
    Column("tier", "Tier", "choice", choices={"S": "Top", "A": "First", "B": "Second"}),
    Column("employees", "People", "number", total=True),
    Column("created_at", "Created", "moment"),
    Column("region", "Region", shown=False),
)
_NAMES = ("account_id", "name", "tier", "employees", "created_at", "region")
ROWS: list[dict[str, Any]] = [
    dict(zip(_NAMES, row, strict=True))
    for row in [
        ("a1", "长安汽车", "S", 900, "2026-01-05", "西南"),
        ("a2", "阿里山茶", "B", 30, "2026-03-01", None),
        ("a3", "Zebra Ltd", "A", 30, None, "华东"),
        ("a4", None, None, None, "2026-11-20", "华东"),
        ("a5", "\uff21\uff23\uff2d\uff25", "A", 120, "2026-11-22", ""),
        ("a6", "北京水泥", "B", None, "2025-12-31", "华北"),
    ]
]


def moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(hour=12, tzinfo=UTC)


@pytest.fixture
def arrow() -> ArrowRows:
    rows = [{**row, "created_at": moment(row["created_at"])} for row in ROWS]
    return ArrowRows(pa.Table.from_pylist(rows), "account_id")


@pytest.fixture
def store(db: None) -> StoreRows:
    for row in ROWS:
        AccountVersion.objects.create(
            **{**row, "created_at": moment(row["created_at"])},
            version_key=row["account_id"],
            row_id=row["account_id"],
            recorded_at=datetime(2026, 11, 1, tzinfo=UTC),
        )
    return StoreRows(AccountVersion.objects.live(), "account_id")


def state(query: str, sort: str = "name") -> address.State:
    return address.read(QueryDict(query), COLUMNS, sort, TODAY)


SELECTIONS = [
    pytest.param("sort=employees", ["a2", "a3", "a5", "a1", "a4", "a6"], id="equal ones by key, nothing last"),
    pytest.param("sort=-employees", ["a1", "a5", "a2", "a3", "a4", "a6"], id="nothing last also the other way round"),
    pytest.param("sort=-created_at", ["a5", "a4", "a2", "a1", "a6", "a3"], id="the newest first"),
    pytest.param("sort=employees&f=tier~eq~A", ["a3", "a5"], id="is"),
    pytest.param("sort=employees&f=tier~ne~A", ["a2", "a1", "a4", "a6"], id="is not: also what has none"),
    pytest.param("sort=employees&f=tier~in~S|A", ["a3", "a5", "a1"], id="one of"),
    pytest.param("sort=employees&f=employees~gt~30", ["a5", "a1"], id="more than"),
    pytest.param("sort=employees&f=employees~lt~100", ["a2", "a3"], id="less than"),
    pytest.param("sort=employees&f=employees~ne~30", ["a5", "a1", "a4", "a6"], id="another number"),
    pytest.param("sort=employees&f=region~not_set", ["a2", "a5"], id="no value: empty is none"),
    pytest.param("sort=employees&f=name~set&f=employees~set", ["a2", "a3", "a5", "a1"], id="both hold"),
    pytest.param("sort=employees&f=tier~eq~S&f=region~eq~华北&match=any", ["a1", "a6"], id="any holds"),
    pytest.param("sort=employees&f=name~contains~zeb", ["a3"], id="contains, in any case"),
    pytest.param("sort=created_at&f=created_at~gt~-30d", ["a4", "a5"], id="in the last thirty days"),
    pytest.param("sort=created_at&f=created_at~eq~today", ["a5"], id="today"),
    pytest.param("sort=created_at&f=created_at~lt~2026-01-06", ["a6", "a1"], id="before a day"),
    pytest.param("sort=created_at&f=created_at~ne~today", ["a6", "a1", "a2", "a4", "a3"], id="not today"),
    pytest.param("sort=employees&q=华", [], id="searched in names only"),
    pytest.param("sort=employees&q=水泥", ["a6"], id="searched by a part"),
]


@pytest.mark.parametrize(("query", "expected"), SELECTIONS)
def test_both_sources_select_and_order_alike(arrow: ArrowRows, store: StoreRows, query: str, expected: Any) -> None:
    for source in (arrow, store):
        selected = source.select(state(query), ("name",))
        assert selected.keys() == expected, source
        assert [row["account_id"] for row in selected.rows()] == expected
        assert selected.count == len(expected)


@pytest.mark.parametrize("query", ["sort=employees", "sort=-employees", "sort=created_at", "sort=-tier", "f=tier~ne~S"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_join_into_the_list_and_lead_back(arrow: ArrowRows, store: StoreRows, query: str, size: int) -> None:
    for source in (arrow, store):
        selected = source.select(state(query, "employees"), ())
        seen, page = [], selected.page(None, size)
        firsts = [[row["account_id"] for row in page.rows]]
        while True:
            seen += [row["account_id"] for row in page.rows]
            if page.following is None:
                break
            page = selected.page(page.following, size)
            firsts.append([row["account_id"] for row in page.rows])
        assert seen == selected.keys()
        for expected in reversed(firsts[:-1]):
            page = selected.page(page.previous, size)
            assert [row["account_id"] for row in page.rows] == expected
        assert page.previous is None


def test_a_place_holds_when_its_row_is_gone(arrow: ArrowRows, store: StoreRows) -> None:
    for source in (arrow, store):
        gone = address.Cursor(Decimal(30), "a2x")
        assert [r["account_id"] for r in source.select(state("sort=employees"), ()).page(gone, 2).rows] == ["a3", "a5"]
        between = address.Cursor(Decimal(100), "zz")
        assert [r["account_id"] for r in source.select(state("sort=-employees"), ()).page(between, 2).rows] == [
            "a2",
            "a3",
        ]


def test_names_are_ordered_by_pinyin_and_found_by_it(arrow: ArrowRows) -> None:
    assert arrow.select(state("sort=name"), ()).keys() == ["a5", "a3", "a2", "a6", "a1", "a4"]
    for q, expected in [("caqc", ["a1"]), ("beijing", ["a6"]), ("acme", ["a5"]), ("ACME", ["a5"]), ("als", ["a2"])]:
        assert arrow.select(state(f"q={q}"), ("name",)).keys() == expected


def test_texts_are_made_findable_once_however_the_rows_lie(arrow: ArrowRows, monkeypatch: pytest.MonkeyPatch) -> None:
    found = arrow.select(state("q=beijing"), ("name", "tier")).keys()
    made: list[list[str]] = []

    def indexed(texts: pa.Array) -> search.Index:
        made.append(texts.to_pylist())
        return search.Index([text] for text in made[-1])

    monkeypatch.setattr("tenure.web.listing.arrow._index_of", indexed)
    rows = [{**row, "created_at": None} for row in reversed(ROWS)]
    moved = ArrowRows(pa.Table.from_pylist(rows), "account_id")
    assert moved.select(state("q=beijing"), ("name", "tier")).keys() == found
    assert made == []
    rows[0] |= {"name": "北京电缆"}
    renamed = ArrowRows(pa.Table.from_pylist(rows), "account_id")
    assert renamed.select(state("q=beijing"), ("name", "tier")).keys() == [rows[0]["account_id"]]
    assert renamed.select(state("q=dianlan"), ("name", "tier")).keys() == [rows[0]["account_id"]]
    assert renamed.select(state("q=shuini"), ("name", "tier")).keys() == []
    assert made == [["北京电缆"]]


def test_sums_are_of_all_that_match(arrow: ArrowRows, store: StoreRows) -> None:
    for source in (arrow, store):
        assert source.select(state("f=tier~eq~A"), ()).totals([COLUMNS[2]]) == {"employees": 150}


def test_values_to_choose_from(arrow: ArrowRows, store: StoreRows) -> None:
    for source in (arrow, store):
        assert sorted(source.values(COLUMNS[1])) == ["A", "B", "S"]
        assert source.values(COLUMNS[2]) == ()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("f=nobody~eq~1", "f"), ("f=tier~near~A", "f"), ("f=tier~gt~A", "f"), ("f=tier~eq~Q", "f"), ("f=tier", "f"),
        ("f=employees~gt~many", "f"), ("f=employees~gt~1e99", "f"), ("f=created_at~lt~soon", "f"), ("f=~~", "f"),
        ("f=created_at~gt~%2B9999999d", "f"), ("sort=nobody", "sort"), ("columns=name,nobody", "columns"),
        ("match=some", "match"), ("after=%00", "after"), ("after=W10", "after"), ("before=bnVsbA", "before"),
        ("sort=employees&after=WyJtYW55IiwiYSJd", "after"), ("sort=employees&after=WyJOYU4iLCJhIl0", "after"),
        ("&".join(["f=tier~set"] * 21), "f"), ("w=nobody~100", "w"), ("w=tier", "w"), ("w=tier~55", "w"),
        ("w=tier~801", "w"), ("w=tier~1e2", "w"), ("w=tier~-90", "w"), ("w=tier~\uff19\uff19", "w"),
        ("w=tier~100,", "w"), ("w=tier~" + "9" * 5000, "w"),
    ],
)  # fmt: skip
def test_what_the_list_does_not_have_is_refused(query: str, field: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        state(query)
    assert refused.value.where["field"] == field
    assert refused.value.fix


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        pytest.param("field=tier&op=eq&value=A", "f=tier~eq~A", id="a filter"),
        pytest.param("f=tier~eq~A&field=region&op=set&value=", "f=tier~eq~A&f=region~set", id="another, without value"),
        pytest.param("field=tier&op=eq&value=&q=x", "q=x", id="nothing filled in"),
        pytest.param("q=&sort=name", "sort=name", id="an empty search"),
        pytest.param("columns=name,region,tier&column=tier&column=name&column=employees", "columns=name,tier,employees",
                     id="columns keep their order, new ones at the end"),
        pytest.param("field=tier&op=eq&value=A&after=x", "f=tier~eq~A", id="a new filter begins at the beginning"),
    ],
)  # fmt: skip
def test_forms_become_addresses(sent: str, meant: str) -> None:
    found = address.canonical(QueryDict(sent), COLUMNS)
    assert found is not None
    assert sorted(QueryDict(found).lists()) == sorted(QueryDict(meant).lists())
    assert address.canonical(QueryDict(meant), COLUMNS) is None


def test_an_address_says_itself(arrow: ArrowRows) -> None:
    query = (
        "f=tier~in~S|A&f=employees~gt~10&match=any&q=a&sort=-employees"
        "&columns=name,tier,employees&w=name~180,employees~56&view=3"
    )
    read = state(query)
    assert sorted(QueryDict(read.query()).lists()) == sorted(QueryDict(query).lists())
    assert read.sorted_by(COLUMNS[2]).count("sort=employees") == 1
    assert [column.name for column in read.columns] == ["name", "tier", "employees"]


def test_widths_are_of_the_columns_that_are_shown() -> None:
    assert state("w=employees~800,name~56").widths == {"name": 56, "employees": 800}
    assert state("columns=name,tier&w=employees~90,tier~90").widths == {"tier": 90}
    assert state("w=").widths == {}
    assert "w=name~90" in state("w=name~90").sorted_by(COLUMNS[1])
