"""Which heading becomes which column, how sure that is, and when a person has to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.connectors.made_files import table
from tenure.apps.connectors import files
from tenure.apps.connectors.files import headings, mapping, named
from tenure.apps.connectors.files.options import Options
from tenure.warehouse.schema import TABLES


def chosen(kind: str, line: str, **options: object) -> dict[str, str]:
    made = mapping.plan(kind, line.split(","), Options(**options))  # type: ignore[arg-type]
    return {c.column: c.heading for c in made.chosen}


GUESSES = [
    pytest.param(
        "subscriptions",
        "subscription_id,customer_id,start_date,end_date,monthly_amount",
        {
            "account_id": "customer_id",
            "subscription_id": "subscription_id",
            "start": "start_date",
            "end": "end_date",
            "amount": "monthly_amount",
        },
        id="a playbook of MRR",
    ),
    pytest.param(
        "subscriptions",
        "客户ID,订阅号,套餐,单价（元）,席位,计费周期,开始日期,到期日",
        {
            "account_id": "客户ID",
            "subscription_id": "订阅号",
            "plan": "套餐",
            "amount": "单价（元）",
            "quantity": "席位",
            "interval": "计费周期",
            "start": "开始日期",
            "end": "到期日",
        },
        id="Chinese headings with a unit",
    ),
    pytest.param(
        "contracts",
        "合同编号,客户名称,合同金额,币别,起,止,续签自",
        {
            "contract_id": "合同编号",
            "account_id": "客户名称",
            "total": "合同金额",
            "currency": "币别",
            "start": "起",
            "end": "止",
            "renews": "续签自",
        },
        id="a ledger of contracts",
    ),
    pytest.param(
        "invoice_lines",
        "id,发票号,客户,金额,税额,开票日期",
        {
            "line_id": "id",
            "invoice_id": "发票号",
            "account_id": "客户",
            "amount": "金额",
            "tax": "税额",
            "period_start": "开票日期",
        },
        id="invoices",
    ),
    pytest.param(
        "accounts",
        "Account ID,Company Name,Country,Number of employees,Signup date",
        {
            "account_id": "Account ID",
            "name": "Company Name",
            "region": "Country",
            "employees": "Number of employees",
            "created_at": "Signup date",
        },
        id="English with spaces",
    ),
    pytest.param("fx_rates", "日期,币种,汇率", {"day": "日期", "currency": "币种", "rate": "汇率"}, id="rates"),
]


@pytest.mark.parametrize(("kind", "line", "expected"), GUESSES)
def test_usual_headings_are_recognised(kind: str, line: str, expected: dict[str, str]) -> None:
    assert chosen(kind, line) == expected


def test_a_price_for_all_units_leaves_the_seats_out() -> None:
    line = "account_id,subscription_id,start_date,mrr_amount,seats,billing_frequency"
    made = mapping.plan("subscriptions", line.split(","), Options())
    assert not {"quantity", "interval"} & {c.column for c in made.chosen}
    assert dict(made.constants) == {"interval": "month", "interval_count": "1"}
    assert [n.code for n in made.notes] == ["import.quantity_left_out"]


def test_what_a_person_says_wins() -> None:
    line = "id,account_id,start,amount,begin"
    assert chosen("subscriptions", line, columns={"start": "begin", "subscription_id": "id"})["start"] == "begin"
    assert "plan" not in chosen("subscriptions", f"{line},plan", columns={"plan": ""})


def test_confidence_says_what_is_a_guess() -> None:
    made = mapping.plan("subscriptions", ["account_id", "订单号", "单价", "开始日期"], Options())
    assert {c.column: c.confidence for c in made.chosen} == {
        "account_id": 1.0,
        "subscription_id": 0.6,
        "amount": 0.9,
        "start": 0.9,
    }


def test_the_error_names_the_headings_seen() -> None:
    with pytest.raises(files.ImportRefused) as refused:
        chosen("contracts", "甲,乙,丙")
    assert refused.value.code == "import.missing_column"
    assert "甲, 乙, 丙" in refused.value.fix
    assert refused.value.where["all_missing"] == ["contract_id", "account_id", "start", "total"]


STRIPE_SUBSCRIPTIONS = (
    "id,Customer ID,Customer Description,Customer Email,Plan,Quantity,Currency,Interval,Amount,Status,Created (UTC),"
    "Start (UTC),Start Date (UTC),Current Period Start (UTC),Current Period End (UTC),Trial Start (UTC),"
    "Trial End (UTC),Application Fee Percent,Coupon,Tax Percent,Canceled At (UTC),Ended At (UTC)"
)
STRIPE_INVOICES = (
    "id,Amount Due,Billing,Closed,Currency,Customer,Date (UTC),Due Date (UTC),Number,Paid,Subscription,Subtotal,"
    "Total Discount Amount,Applied Coupons,Tax,Tax Percent,Total,Amount Paid,Status"
)


@pytest.mark.django_db
def test_stripes_subscriptions_are_read_by_name(home: Path) -> None:
    row = (
        "sub_1,cus_9,Acme,a@example.com,price_team,5,usd,month,12.50,canceled,2026-01-31 17:00,2026-02-01 00:10,"
        "2026-01-31 17:00,2026-03-01 00:00,2026-04-01 00:00,,,,,,2026-03-15 09:00,2026-03-31 17:00"
    )
    options = Options(mapping="stripe-subscriptions")
    found = files.preview(table(row, headings=STRIPE_SUBSCRIPTIONS), "subscriptions", options).as_dict()
    assert found["problems"] == []
    assert {k: v for k, v in found["rows"][0].items() if k not in ("attributes", "file_row") and "_at" not in k} == {
        "account_id": "cus_9",
        "subscription_id": "sub_1",
        "plan": "price_team",
        "quantity": "5",
        "currency": "USD",
        "interval": "month",
        "interval_count": 1,
        "amount": "12.5",
        "source": "stripe",
        "start": "2026-02-01",
        "end": "2026-04-01",
        "cancelled": "2026-03-15",
    }


@pytest.mark.django_db
def test_stripes_invoices_are_read_by_name(home: Path) -> None:
    row = "in_1,113.00,automatic,TRUE,cny,cus_9,2026-01-31 17:00,,A-1,TRUE,sub_1,100,0,,13.00,13,113.00,0,paid"
    refund = "in_2,-50,charge_automatically,TRUE,cny,cus_9,2026-02-01 00:00,,A-2,TRUE,sub_1,-50,0,,0,0,-50,-50,paid"
    options = Options(mapping="stripe-invoices")
    found = files.preview(table(row, refund, headings=STRIPE_INVOICES), "invoice_lines", options).as_dict()
    assert [(r["line_id"], r["type"], r["amount"], r["tax"], r["period_start"]) for r in found["rows"]] == [
        ("in_1", "subscription", "113", "13", "2026-02-01"),
        ("in_2", "refund", "-50", "0", "2026-02-01"),
    ]


def test_a_saved_mapping_serves_the_next_file(tmp_path: Path) -> None:
    columns = {"account_id": ("Wer",), "name": ("Wie",)}
    named.save(named.NamedMapping("ours", "accounts", columns, {"tier": "A"}), tmp_path)
    assert named.names(tmp_path)[-1] == "ours"
    made = mapping.plan("accounts", ["Wie", "Wer", "x"], Options(mapping="ours"), tmp_path)
    assert {c.column: c.heading for c in made.chosen} == {"account_id": "Wer", "name": "Wie"}
    assert dict(made.constants) == {"tier": "A"}


@pytest.mark.parametrize("name", ["generic", "stripe-invoices", "../x", "", "a b", "x" * 61])
def test_a_mapping_needs_a_name_of_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(files.ImportRefused, match="no name"):
        named.save(named.NamedMapping(name, "accounts", {}), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_constants_may_be_made_of_other_columns(home: Path) -> None:
    options = Options(
        columns={"account_id": "who"},
        constants={"line_id": "{who}/{row}", "currency": "EUR", "period_start": "2026-01-01"},
    )
    found = files.preview(table("A,1", "B,2", headings="who,amount"), "invoice_lines", options).outcome.sample
    assert [r["line_id"] for r in found] == ["A/2", "B/3"]
    assert {r["currency"] for r in found} == {"EUR"}


@pytest.mark.parametrize("kind", headings.KINDS)
def test_every_word_of_the_vocabulary_stands_for_a_column_of_its_kind(kind: str) -> None:
    columns = {c.name for c in TABLES[kind].inputs}
    assert set(headings.VOCABULARY[kind]) <= columns


@pytest.mark.parametrize("kind", headings.KINDS)
def test_no_word_means_two_columns_equally_well(kind: str) -> None:
    seen: dict[tuple[str, int], str] = {}
    for column, words in headings.ranks(kind).items():
        for word, rank in words.items():
            assert seen.setdefault((word, rank), column) == column, word
