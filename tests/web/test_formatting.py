"""How figures, days and periods are written in both languages."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from tenure.web import formatting as f


def in_language(code, write, *arguments, **options):
    with translation.override(code):
        return str(write(*arguments, **options))


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        pytest.param("0", "0", "0", id="zero is a figure"),
        pytest.param("950", "950", "950", id="small and whole"),
        pytest.param("33.333333", "33.33", "33.33", id="small with decimals"),
        pytest.param("-33.5", "−33.50", "−33.50", id="the minus is a minus"),
        pytest.param("1234.56", "1,235", "1,235", id="decimals go from 1,000"),
        pytest.param("9999", "9,999", "9,999", id="written out below 10,000"),
        pytest.param("12345", "1.2万", "12.3K", id="short from 10,000"),
        pytest.param("68900", "6.9万", "68.9K", id="as in the pictures"),
        pytest.param("-68900", "−6.9万", "−68.9K", id="short and negative"),
        pytest.param("999960", "100.0万", "1.0M", id="what rounds up takes the next unit"),
        pytest.param("2867860", "286.8万", "2.9M", id="millions"),
        pytest.param("123456789", "1.2亿", "123.5M", id="hundreds of millions"),
        pytest.param("1200000000000", "1.2万亿", "1,200.0B", id="a trillion"),
    ],
)
def test_short_figures(value, zh, en):
    assert in_language("zh-hans", f.short, Decimal(value)) == zh
    assert in_language("en", f.short, Decimal(value)) == en


@pytest.mark.parametrize(
    ("value", "currency", "zh", "en"),
    [
        pytest.param("2867860", "CNY", "¥2,867,860", "CN¥2,867,860", id="yuan"),
        pytest.param("-68900.5", "USD", "−US$68,900.50", "−$68,900.50", id="the sign comes first"),
        pytest.param("5000.4", "JPY", "JP¥5,000", "¥5,000", id="yen have no decimals"),
        pytest.param("1.2345", "KWD", "KWD 1.234", "KWD 1.234", id="half to even, by its code"),
    ],
)
def test_money(value, currency, zh, en):
    assert in_language("zh-hans", f.money, Decimal(value), currency) == zh
    assert in_language("en", f.money, Decimal(value), currency) == en


def test_nothing_is_a_dash_and_never_zero():
    assert [f.exact(None), str(f.short(None)), f.percent(None), f.money(None, "USD"), f.scale_of([]).text(None)] == [
        "–"
    ] * 5
    assert f.plain(None) == ""


@pytest.mark.parametrize(
    ("value", "places", "plus", "text"),
    [
        pytest.param("26400", 0, False, "26,400", id="thousands"),
        pytest.param("100700", 0, True, "+100,700", id="a gain carries its sign"),
        pytest.param("-0.004", 2, True, "0.00", id="what rounds to nothing has no sign"),
        pytest.param("0", 0, True, "0", id="zero has no sign"),
        pytest.param("2.5", 0, False, "2", id="half to even"),
    ],
)
def test_exact_figures(value, places, plus, text):
    assert f.exact(Decimal(value), places, plus=plus) == text


def test_a_column_has_one_number_of_decimals():
    assert f.places_of([Decimal(1), None, Decimal("2.000000")], "USD") == 0
    assert f.places_of([Decimal(1), Decimal("2.5")], "USD") == 2
    assert f.places_of([Decimal("2.5")], "JPY") == 0


def test_one_unit_within_one_chart():
    with translation.override("zh-hans"):
        scale = f.scale_of([Decimal(2_800_620), Decimal(-1860), None])
        assert [scale.text(Decimal(v), plus=True) for v in (100700, -1860, 0)] == ["+10.1万", "−0.2万", "0"]
    with translation.override("en"):
        assert f.scale_of([Decimal(900)]).text(Decimal(900)) == "900"


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+3", "1000"), ("33.333333333333", "33.333333"), ("-0.0000001", "0"), ("12.500", "12.5")],
)
def test_exports_have_every_decimal(value, text):
    assert f.plain(Decimal(value)) == text


def test_percentages():
    assert f.percent(Decimal("0.0122"), 2) == "1.22%"
    assert f.percent(Decimal("-0.374")) == "−37.4%"
    assert f.percent(Decimal("1.048")) == "104.8%"


@pytest.mark.parametrize(
    ("label", "zh", "en", "zh_short", "en_short"),
    [
        ("2026-10", "2026年10月", "Oct 2026", "10月", "Oct"),
        ("2026-Q4", "2026年第4季度", "Q4 2026", "4季度", "Q4"),
        ("2026", "2026年", "2026", "2026年", "2026"),
        ("2026-11-22", "2026年11月22日", "22 Nov 2026", "11月22日", "22 Nov"),
    ],
)
def test_periods(label, zh, en, zh_short, en_short):
    assert in_language("zh-hans", f.period, label) == zh
    assert in_language("en", f.period, label) == en
    assert in_language("zh-hans", f.period_short, label) == zh_short
    assert in_language("en", f.period_short, label) == en_short


def test_days_and_moments():
    assert in_language("zh-hans", f.day, date(2026, 11, 2)) == "2026年11月2日"
    assert in_language("en", f.day, date(2026, 11, 2)) == "2 Nov 2026"
    assert in_language("zh-hans", f.moment, datetime(2026, 11, 20, 9, 42)) == "11月20日 09:42"  # noqa: DTZ001
