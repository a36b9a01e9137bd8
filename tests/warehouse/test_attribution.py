"""Attribution asked as anybody would: whose touches, which conversions, whose money, and the rows behind a credit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import tenure
from reference.cases import SHARED
from tenure.core.errors import QuestionRefused
from tenure.warehouse import forgetting
from tenure.warehouse.questions import attribution

PLACE = SHARED / "cases" / "growth_examples.json"
CASES = [
    case
    for case in (json.loads(PLACE.read_text(encoding="utf-8"))["cases"] if PLACE.exists() else [])
    if case["kind"] == "account_paths"
]
ZERO = datetime(2024, 7, 1, tzinfo=UTC)
ON_BOTH = pytest.mark.usefixtures("engine")
"""What reads rows otherwise than the others is asked of both engines."""


def day(number: float) -> str:
    return (ZERO + timedelta(days=number)).isoformat()


def touch(number: int, at: float, channel: str, **of: Any) -> dict[str, Any]:
    return {"touch_id": f"t{number}", "ts": day(at), "channel": channel, **of}


def deal(name: str, account: str, won: float | None, amount: str = "100", **more: Any) -> dict[str, Any]:
    made = {"deal_id": name, "account_id": account, "amount": amount, "currency": "USD", "created_at": day(-10), **more}
    return made if won is None else {**made, "won_at": day(won)}


def credited(answer: Any, model: str, column: str = "credit") -> dict[str, Decimal]:
    return {row["channel"]: row[column] for row in answer.to_dicts() if row["model"] == model and row[column]}


@pytest.fixture
def workspace(tmp_path: Any) -> Any:
    return tenure.open(tmp_path / "w")


@ON_BOTH
@pytest.mark.skipif(not CASES, reason="needs the worked cases in the folder shared")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_examples(case: dict[str, Any], workspace: Any) -> None:
    given = case["input"]
    workspace.load("contacts", [{"contact_id": c, "account_id": a} for c, a in given["contacts"].items()])
    touches = [
        {"touch_id": f"t{n}", "ts": day(one["at"]), "channel": one["channel"], "contact_id": one.get("contact"),
         "account_id": one.get("account")}
        for n, one in enumerate(given["touches"])
    ]  # fmt: skip
    workspace.load("touches", touches)
    workspace.load("deals", [deal(c["id"], c["account"], c["at"], c["value"]) for c in given["conversions"]])
    asked = {"question": "attribution", "models": [given["model"]], "lookback_days": given["lookback_days"]}
    answer = workspace.ask(asked)
    assert credited(answer, given["model"], "value") == pytest.approx(case["expected"]["credit"])
    behind = [
        row for channel in case["expected"]["credit"] for row in answer.rows_behind({"channel": channel}).to_pylist()
    ]
    behind.sort(key=lambda row: row["ts"])
    for name, path in case["expected"]["paths"].items():
        assert [row["channel"] for row in behind if row["conversion"] == name] == path


@ON_BOTH
def test_every_kind_of_conversion(workspace: Any) -> None:
    workspace.load(
        "touches",
        [
            touch(1, -40, "SEM", account_id="a"),
            touch(2, -20, "Event", account_id="a"),
            touch(3, -1, "Call", account_id="b"),
        ],
    )
    workspace.load(
        "leads",
        [
            {"lead_id": "l1", "account_id": "a", "created_at": day(-30)},
            {"lead_id": "l2", "account_id": "b", "created_at": day(-5), "opportunity_at": day(-2), "won_at": day(0)},
        ],
    )
    workspace.load("deals", [deal("d1", "a", 0, "90", source_lead="l1"), deal("d2", "a", None, "50")])
    subscription = {"account_id": "a", "subscription_id": "s", "currency": "USD", "interval": "month"}
    workspace.load(
        "subscriptions",
        [
            {**subscription, "amount": "10", "start": "2024-01-01"},
            {**subscription, "amount": "25", "start": "2024-07-01"},
        ],
    )

    def last(conversion: str, column: str = "credit") -> dict[str, Decimal]:
        asked = {"question": "attribution", "models": ["last"], "conversion": conversion}
        return credited(workspace.ask(asked), "last", column)

    assert last("won") == {"Event": 1, "Call": 1}
    assert last("won", "value") == {"Event": 90}
    assert last("opportunity") == {"Event": 2, "(none)": 1}  # the lead of b became one before its first touch
    assert last("lead") == {"SEM": 1, "(none)": 1}
    assert last("expansion") == {"Event": 1}
    assert last("expansion", "value") == {"Event": 15}
    anchored = workspace.ask({"question": "attribution", "models": ["w_shaped"]})
    # a: first and lead on SEM, the opportunity on the event
    assert credited(anchored, "w_shaped") == {
        "SEM": Decimal("0.666666666667"), "Event": Decimal("0.333333333333"), "Call": 1,
    }  # fmt: skip


def test_a_renewal_is_credited(workspace: Any) -> None:
    contract = {"account_id": "a", "currency": "USD"}
    workspace.load(
        "contracts",
        [
            {**contract, "contract_id": "c1", "total": "1200", "start": "2023-01-01", "end": "2024-01-01"},
            {
                **contract,
                "contract_id": "c2",
                "total": "2400",
                "start": "2024-01-01",
                "end": "2025-01-01",
                "renews": ["c1"],
            },
        ],
    )
    workspace.load("touches", [{"touch_id": "t", "account_id": "a", "ts": "2023-12-31T20:00:00Z", "channel": "Visit"}])
    answer = workspace.ask({"question": "attribution", "models": ["first"], "conversion": "renewal"})
    assert (credited(answer, "first"), credited(answer, "first", "value")) == ({"Visit": 1}, {"Visit": 200})


def test_accounts_that_were_merged_are_one(workspace: Any) -> None:
    workspace.load("accounts", [{"account_id": "a"}, {"account_id": "b", "merged_into": "a"}])
    workspace.load("touches", [touch(1, -4, "SEM", account_id="b"), touch(2, -3, "Call", account_id="a")])
    workspace.load("deals", [deal("d", "a", 0)])
    assert credited(workspace.ask({"question": "attribution", "models": ["linear"]}), "linear") == {
        "SEM": Decimal("0.5"), "Call": Decimal("0.5"),
    }  # fmt: skip


@ON_BOTH
def test_what_is_sent_twice_or_belongs_to_nobody(workspace: Any) -> None:
    row = {**touch(1, -4, "SEM", account_id="a"), "row_id": "r1", "source": "ads"}
    workspace.load("touches", [row, row, touch(2, -3, "Call", contact_id="unknown"), touch(3, -3, "Call")])
    workspace.load("deals", [deal("d", "a", 0), deal("e", "a", 0, currency="EUR")])
    workspace.load("deals", [deal("d", "a", 0, "70")])
    answer = workspace.ask({"question": "attribution", "models": ["linear", "markov"]})
    assert credited(answer, "linear") == {"SEM": 2}
    assert credited(answer, "linear", "value") == {"SEM": 70}
    notes = {note["code"]: note["count"] for note in answer.notes}
    assert notes == {"few_conversions": 2, "touches_of_nobody": 2, "deals_without_rate": 1}
    assert answer.rows_behind({"channel": "SEM", "model": "markov"})["credit"].to_pylist() == [None, None]


def test_money_is_that_of_the_month_of_the_conversion(workspace: Any) -> None:
    rates = [
        {"day": "2024-06-30", "currency": "EUR", "rate": "1.5"},
        {"day": "2024-07-31", "currency": "EUR", "rate": "2"},
    ]
    workspace.load("fx_rates", rates)
    workspace.load("deals", [deal("d", "a", 3, "10.01", currency="EUR"), deal("e", "b", -3, "10", currency="EUR")])
    answer = workspace.ask({"question": "attribution", "models": ["first"]})
    assert credited(answer, "first", "value") == {"(none)": Decimal("35.02")}


def test_from_and_to_choose_conversions(workspace: Any) -> None:
    workspace.load("touches", [touch(1, -70, "SEM", account_id="a"), touch(2, -35, "Call", account_id="b")])
    workspace.load("deals", [deal("d", "a", 0), deal("e", "a", -40)])
    first = {"question": "attribution", "models": ["first", "markov"]}
    june = workspace.ask({**first, "from": "2024-07", "to": "2024-07"})
    assert credited(june, "first") == {"SEM": 1}
    assert {row["complete"] for row in june.to_dicts()} == {True}
    assert {row["complete"] for row in workspace.ask(first).to_dicts()} == {False}
    assert credited(workspace.ask({**first, "to": "2024-06"}), "first") == {"SEM": 1}
    assert credited(workspace.ask({**first, "lookback_days": 30}), "first") == {"SEM": 1, "(none)": 1}
    assert credited(workspace.ask({**first, "reset_on_conversion": True}), "first") == {"SEM": 1, "(none)": 1}


@ON_BOTH
def test_a_part_of_the_accounts_and_another_field(workspace: Any) -> None:
    workspace.load("accounts", [{"account_id": "a", "tier": "A"}, {"account_id": "b", "tier": "B"}])
    touches = [
        touch(1, -9, "SEM", account_id="a", campaign="春季"), touch(2, -8, "SEM", account_id="a"),
        touch(3, -9, "Call", account_id="b", campaign="expo"),
    ]  # fmt: skip
    workspace.load("touches", touches)
    workspace.load("deals", [deal("d", "a", 0), deal("e", "b", 0), deal("f", "a", -200)])
    asked = {"question": "attribution", "models": ["linear"], "by": "campaign", "where": {"tier": "A"}}
    rows = {row["campaign"]: row["credit"] for row in workspace.ask(asked).to_dicts()}
    assert rows == {"春季": Decimal("0.5"), "(none)": Decimal("1.5")}


def test_the_interval_is_the_same_each_time_and_holds_the_credit(workspace: Any) -> None:
    channels = ["SEM", "Call", "Event"]
    workspace.load("touches", [touch(n, -9, channels[n % 3], account_id=f"a{n}") for n in range(60)])
    workspace.load("deals", [deal(f"d{n}", f"a{n}", 0) for n in range(0, 60, 2)])
    asked = {"question": "attribution", "models": ["linear", "markov"], "bootstrap": 200}
    answer = workspace.ask(asked)
    again = tenure.open(workspace.path).ask(asked)
    assert answer.table.equals(again.table)
    for row in answer.to_dicts():
        assert row["low"] <= row["credit"] <= row["high"]
    assert {row["low"] < row["high"] for row in answer.to_dicts() if row["channel"] != "(none)"} == {True}


def test_an_empty_workspace_gives_nothing(workspace: Any) -> None:
    for conversion in ("won", "opportunity", "lead", "expansion", "renewal"):
        answer = workspace.ask({"question": "attribution", "conversion": conversion, "bootstrap": 3})
        assert {row["channel"] for row in answer.to_dicts()} == {"(none)"}
        assert {row["credit"] for row in answer.to_dicts()} == {0}
        assert answer.rows_behind({"channel": "(none)"}).num_rows == 0


def test_a_touch_that_is_loaded_again_is_the_same(workspace: Any) -> None:
    rows = [touch(1, -4, "SEM", account_id="a"), touch(2, -2, "Call", account_id="a")]
    for _ in range(2):
        workspace.load("touches", rows)
    workspace.load("deals", [deal("d", "a", 0)])
    answer = workspace.ask({"question": "attribution", "models": ["linear"]})
    assert {row["ts"] for row in answer.rows_behind({"channel": "SEM"}).to_pylist()} == {ZERO - timedelta(days=4)}
    assert answer.rows_behind({"channel": "SEM"}).num_rows == 1


def test_the_month_of_a_rate_is_local(tmp_path: Any) -> None:
    workspace = tenure.open(tmp_path / "w", settings={"timezone": "Asia/Shanghai"})
    rates = [
        {"day": "2024-06-30", "currency": "EUR", "rate": "1"},
        {"day": "2024-07-31", "currency": "EUR", "rate": "2"},
    ]
    workspace.load("fx_rates", rates)
    sold = {"created_at": "2024-06-01T00:00:00Z", "won_at": "2024-06-30T17:00:00Z", "currency": "EUR"}
    huge = "99999999999999999999"
    workspace.load("deals", [{**sold, "deal_id": "d", "account_id": "a", "amount": "12345678901234567.123456789012"},
                             {**sold, "deal_id": "e", "account_id": "a", "amount": huge}])  # fmt: skip
    answer = workspace.ask({"question": "attribution", "models": ["first"]})
    assert credited(answer, "first", "value") == {"(none)": Decimal("24691357802469134.246913578024")}
    assert {"code": "deals_without_rate", "count": 1} in answer.notes


def test_what_would_take_too_much_is_refused(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    touches = [touch(n, -9, "SEM", account_id=f"a{n}", keyword=f"word {n}") for n in range(70)]
    workspace.load("touches", touches)
    workspace.load("deals", [deal("d", "a1", 0)])
    by = {"question": "attribution", "by": "keyword"}
    with pytest.raises(QuestionRefused, match="leave it out") as many:
        workspace.ask(by)
    assert many.value.where["field"] == "by"
    assert workspace.ask({**by, "models": ["linear", "markov"]}).table.num_rows == 2 * 71
    monkeypatch.setattr(attribution, "MOST_DRAWN", 100)
    with pytest.raises(QuestionRefused, match="fewer rounds") as long:
        workspace.ask({**by, "models": ["linear"], "bootstrap": 3})
    assert long.value.where["field"] == "bootstrap"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"where": {"plan": "pro"}}, "where"), ({"models": ["tea"]}, "models"), ({"models": []}, "models"),
     ({"conversion": "tea"}, "conversion"), ({"lookback_days": 0}, "lookback_days"),
     ({"bootstrap": 5_000}, "bootstrap"), ({"by": "owner"}, "by")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(workspace: Any, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        workspace.ask({"question": "attribution", **wrong})
    assert refused.value.where["field"] == field


def test_a_cell_that_is_not_there_is_refused(workspace: Any) -> None:
    answer = workspace.ask({"question": "attribution", "models": ["first"]})
    for cell in ({}, {"channel": "SEM", "model": "markov"}, {"channel": "SEM", "owner": "x"}):
        with pytest.raises(QuestionRefused, match=r"cell|channel"):
            answer.rows_behind(cell)


def test_a_person_is_taken_out_of_what_was_done_about_them(workspace: Any) -> None:
    workspace.load("touches", [touch(1, -4, "Call", account_id="a", spoke_with="Anna Berg")])
    workspace.load("leads", [{"lead_id": "l", "account_id": "a", "created_at": day(-9), "person": "Anna Berg"}])
    workspace.load("deals", [deal("d", "a", 0, champion="Anna Berg")])
    assert sorted(forgetting.tables_with(workspace.lake, ["Anna Berg"])) == ["deals", "leads", "touches"]
    done = forgetting.rename(workspace.lake, {}, ["Anna Berg"], lambda text: text.replace("Anna Berg", "-"))
    assert {table: said["rows"] for table, said in done.items()} == {"deals": 1, "leads": 1, "touches": 1}
    assert not list(forgetting.tables_with(workspace.lake, ["Anna Berg"]))
    assert credited(workspace.ask({"question": "attribution", "models": ["last"]}), "last") == {"Call": 1}
