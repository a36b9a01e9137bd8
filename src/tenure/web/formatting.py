"""How numbers, money, days and periods are written, in Chinese and in English. Hides every such rule of both languages.

Nothing here is arithmetic on the figures themselves: a figure comes in as it is and leaves as text. `None` is written
as an en dash, the minus is the real minus sign, and a figure is never cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.utils.translation import get_language

from tenure.core.money import minor_units
from tenure.core.periods import parse_label

NOTHING = "–"
MINUS = "−"
SMALLEST = Decimal("0.000001")
"""The sixth decimal: to this place an answer is exact when it is shown or exported."""

_SCALES: dict[str, tuple[tuple[int, str], ...]] = {
    "zh": ((10**12, "万亿"), (10**8, "亿"), (10**4, "万")),
    "en": ((10**9, "B"), (10**6, "M"), (10**3, "K")),
}
_FIRST_SHORT = 10**4
"""Below this a figure is written out in both languages."""

_SYMBOLS: dict[str, dict[str, str]] = {
    "zh": {"CNY": "¥", "USD": "US$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "HKD": "HK$", "TWD": "NT$", "KRW": "₩"},
    "en": {"CNY": "CN¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$", "TWD": "NT$", "KRW": "₩"},
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def language() -> str:
    """`zh` or `en`: the language in force."""
    return "zh" if (get_language() or "en").startswith("zh") else "en"


@dataclass(frozen=True, slots=True)
class Short:
    """A figure in its parts, because currency and unit are set small and grey: −, ¥, 6.9 and 万."""

    sign: str
    symbol: str
    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.sign}{self.symbol}{self.number}{self.unit}"

    @classmethod
    def of(cls, written: str, unit: str = "", symbol: str = "") -> Short:
        """From a figure as it is written, with its sign in front."""
        signed = written[:1] in ("+", MINUS)
        return cls(written[:1] if signed else "", symbol, written[signed:], unit)


def symbol(currency: str) -> str:
    """The sign of a currency as the reader's language writes it, or its code."""
    return _SYMBOLS[language()].get(currency, f"{currency} ")


def _signed(text: str, plus: bool) -> str:
    if text.startswith("-"):
        return MINUS + text[1:] if text.strip("-0.,") else text[1:]
    return f"+{text}" if plus and text.strip("0.,") else text


def _round(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)


def places_of(values: Iterable[Decimal | int | None], currency: str | None = None) -> int:
    """Decimals for one column: none if every figure in it is whole, else those of the currency."""
    most = 2 if currency is None else minor_units(currency)
    return most if any(v is not None and _round(Decimal(v), most) != int(v) for v in values) else 0


def exact(value: Decimal | int | None, places: int = 0, *, plus: bool = False) -> str:
    """A figure as tables and proofs show it: 2,867,860 or −68,900.50."""
    if value is None:
        return NOTHING
    return _signed(f"{_round(Decimal(value), places):,}", plus)


def plain(value: Decimal | int | None) -> str:
    """A figure as titles and exports give it: every decimal it has, up to six, without separators or ornaments."""
    if value is None:
        return ""
    number = Decimal(value).quantize(SMALLEST, ROUND_HALF_EVEN).normalize()
    return f"{number:f}" if number else "0"


@dataclass(frozen=True, slots=True)
class Scale:
    """One unit for a whole chart or column: the divisor, its word, and the decimals."""

    divisor: int
    unit: str
    places: int

    def text(self, value: Decimal | None, *, plus: bool = False) -> str:
        if value is None:
            return NOTHING
        if not value:
            return "0"
        return _signed(f"{_round(value / self.divisor, self.places):,}", plus) + self.unit


def scale_of(values: Iterable[Decimal | None], places: int = 1) -> Scale:
    """The unit in which the largest of `values` is short."""
    largest = max((abs(v) for v in values if v is not None), default=Decimal(0))
    if largest >= _FIRST_SHORT:
        for divisor, unit in _SCALES[language()]:
            if largest >= divisor:
                return Scale(divisor, unit, places)
    return Scale(1, "", 0)


def short(value: Decimal | None, *, currency: str | None = None, plus: bool = False) -> Short:
    """A figure as tiles and charts show it: 6.9万 from 10,000 on in Chinese, 68.9K in English."""
    if value is None:
        return Short.of(NOTHING)
    chosen = scale_of([value])
    chosen = scale_of([_round(value / chosen.divisor, chosen.places) * chosen.divisor])  # 999,960 is 1.0M, not 1,000.0K
    sign = symbol(currency) if currency else ""
    if chosen.divisor == 1:
        places = 0 if abs(value) >= 1000 or value == value.to_integral_value() else 2
        return Short.of(_signed(f"{_round(value, places):,}", plus), "", sign)
    return Short.of(_signed(f"{_round(value / chosen.divisor, chosen.places):,}", plus), chosen.unit, sign)


def money(value: Decimal | None, currency: str, *, plus: bool = False) -> str:
    """An exact amount with its currency: ¥2,867,860, −$68,900.50."""
    if value is None:
        return NOTHING
    return str(Short.of(exact(value, places_of([value], currency), plus=plus), "", symbol(currency)))


def percent(rate: Decimal | None, places: int = 1) -> str:
    """A rate as a percentage: 0.0122 is 1.2%."""
    return NOTHING if rate is None else _signed(f"{_round(rate * 100, places):,}", plus=False) + "%"


def ratio(value: Decimal | None, places: int = 2) -> str:
    """A plain ratio: 3.42."""
    return exact(value, places)


def day(when: date, *, year: bool = True) -> str:
    """A day in a sentence: 2026年11月22日, 22 Nov 2026; without the year 11月22日, 22 Nov."""
    if language() == "zh":
        return (f"{when.year}年" if year else "") + f"{when.month}月{when.day}日"
    return f"{when.day} {_MONTHS[when.month - 1]}" + (f" {when.year}" if year else "")


def weekday(when: date, *, year: bool = True) -> str:
    """A day with its weekday: 2026年11月21日周六, Sat 21 Nov 2026."""
    if language() == "zh":
        return f"{day(when, year=year)}周{'一二三四五六日'[when.weekday()]}"
    return f"{_WEEKDAYS[when.weekday()]} {day(when, year=year)}"


def moment(when: datetime) -> str:
    """A moment in a sentence, local to the workspace: 11月20日 09:42, 20 Nov 09:42."""
    return f"{day(when.date(), year=False)} {when:%H:%M}"


def duration(seconds: float | None) -> str:
    """A length of time by its two largest units: 2天3小时, 2 d 3 h; seconds below a minute."""
    if seconds is None:
        return NOTHING
    left, said = round(seconds), []
    for size, zh, en in ((86_400, "天", "d"), (3_600, "小时", "h"), (60, "分", "min"), (1, "秒", "s")):
        count, left = divmod(left, size)
        if said or count or size == 1:
            said.append((count, zh, en))
    parts = [part for part in said[:2] if part[0]] or said[:1]
    return (
        "".join(f"{n}{zh}" for n, zh, _en in parts)
        if language() == "zh"
        else " ".join(f"{n} {en}" for n, _zh, en in parts)
    )


def period(name: str, grain: str = "") -> str:
    """A period by its label: 2026-10 is 2026年10月 or Oct 2026; quarters, years, weeks and days likewise.

    A week is named by its first day: `grain` tells it from a day, which then has its weekday.
    """
    zh = language() == "zh"
    if name.startswith("FY"):
        fiscal, _, quarter = name.removeprefix("FY").partition("-Q")
        return (
            f"{fiscal}财年{f'第{quarter}季度' if quarter else ''}"
            if zh
            else f"{f'Q{quarter} ' if quarter else ''}FY{fiscal}"
        )
    first, _, is_day = parse_label(name)
    if is_day:
        return _week(day(first)) if grain == "week" else (weekday if grain == "day" else day)(first)
    if "Q" in name:
        return f"{first.year}年第{name[-1]}季度" if zh else f"Q{name[-1]} {first.year}"
    if "-" in name:
        return f"{first.year}年{first.month}月" if zh else f"{_MONTHS[first.month - 1]} {first.year}"
    return year(first.year)


def year(number: int) -> str:
    """A year by its number: 2026年 or 2026; any that a day may have, the last one too."""
    return f"{number}年" if language() == "zh" else str(number)


def _week(first: str) -> str:
    return f"{first}当周" if language() == "zh" else f"week of {first}"


def period_short(name: str, grain: str = "") -> str:
    """A period under an axis or in a sentence that has named the year: 10月, Oct; 4季度, Q4."""
    zh = language() == "zh"
    if "Q" in name:
        return f"{name[-1]}季度" if zh else f"Q{name[-1]}"
    if name.startswith("FY"):
        return period(name)
    first, _, is_day = parse_label(name)
    if is_day:
        short = day(first, year=False)
        return _week(short) if grain == "week" else weekday(first, year=False) if grain == "day" else short
    if "-" in name:
        return f"{first.month}月" if zh else _MONTHS[first.month - 1]
    return f"{first.year}年" if zh else str(first.year)


def listed(items: Iterable[str]) -> str:
    """Some words in a row: 决策者、采购 or Decision maker, Procurement."""
    return ("、" if language() == "zh" else ", ").join(items)
