"""Write the sample of `make demo`: 24 months of a small B2B software firm with Chinese and overseas customers.

Everything is invented and follows from one seed: a second run writes the same bytes. What happens to whom is written
out below, so that each thing worth showing is there: seats up and down, plans changed, discounts that end, a pause, a
payment given up, customers who leave and one who returns, contracts renewed, lost and pending, and two currencies.

    python scripts/make_sample.py [FOLDER]
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "src/tenure/apps/connectors/files/sample"
FIRST, LAST = date(2024, 11, 1), date(2026, 11, 1)
INVOICED_FROM = date(2025, 11, 1)
PRICES = {
    "基础版": {"CNY": Decimal(88), "USD": Decimal(15)},
    "专业版": {"CNY": Decimal(168), "USD": Decimal(29)},
    "企业版": {"CNY": Decimal(298), "USD": Decimal(49)},
}
TAX = Decimal("0.06")

CHINESE = (
    ("青屿智造", "智能制造", "江苏"),
    ("澜石医疗器械", "医疗", "上海"),
    ("禾光教育科技", "教育", "北京"),
    ("墨田冷链", "物流", "山东"),
    ("松果云仓", "物流", "浙江"),
    ("拾野餐饮", "餐饮", "四川"),
    ("鹿鸣文旅", "文旅", "云南"),
    ("恒稔农业", "农业", "河南"),
    ("北辰检测", "检测", "天津"),
    ("望舒半导体", "智能制造", "湖北"),
    ("采薇服饰", "零售", "广东"),
    ("长汀水务", "公用事业", "福建"),
    ("云麓地产服务", "物业", "湖南"),
    ("千禾五金", "批发", "广东"),
    ("拂晓新能源", "能源", "安徽"),
    ("南瓜母婴", "零售", "浙江"),
    ("石榴财税", "企业服务", "陕西"),
    ("白桥建材", "批发", "河北"),
    ("知微咨询", "企业服务", "上海"),
    ("渡口传媒", "传媒", "重庆"),
    ("金穗种业", "农业", "黑龙江"),
    ("九畹园林", "物业", "江西"),
    ("远岫矿业装备", "智能制造", "山西"),
    ("小满烘焙", "餐饮", "江苏"),
    ("明堂安防", "智能制造", "广东"),
    ("栖木家居", "零售", "四川"),
    ("海澄船务", "物流", "福建"),
)
OVERSEAS = (
    ("Alder & Finch", "Professional services", "United Kingdom"),
    ("Northquay Robotics", "Manufacturing", "Denmark"),
    ("Brightmoor Clinics", "Healthcare", "Ireland"),
    ("Cinderhill Logistics", "Logistics", "Poland"),
    ("Dovetail Joinery", "Manufacturing", "Canada"),
    ("Emberlake Hotels", "Hospitality", "New Zealand"),
    ("Fennwick Grain", "Agriculture", "Australia"),
    ("Glasswing Media", "Media", "Singapore"),
    ("Harrowgate Tools", "Wholesale", "United States"),
    ("Inkberry Learning", "Education", "United States"),
    ("Juniper Tide", "Energy", "Norway"),
    ("Kestrel Bay Foods", "Retail", "United States"),
    ("Lowmarsh Water", "Utilities", "Netherlands"),
)
OWNERS = ("林晓彤", "周砚", "Priya N.", "Tom Ashby")


@dataclass
class Line:
    """One version of a subscription."""

    account: str
    subscription: str
    plan: str
    currency: str
    amount: Decimal
    seats: int
    interval: str
    start: date
    end: date | None = None
    cancelled: date | None = None
    unpaid: date | None = None
    pauses: list[tuple[date, date]] = field(default_factory=list)


@dataclass
class Discount:
    subscription: str
    kind: str
    value: Decimal
    duration: str
    start: date | None
    end: date | None


def months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, 28))


def end_of_month(day: date) -> date:
    return months_later(day.replace(day=1), 1) - timedelta(days=1)


def accounts(rng: random.Random) -> list[tuple[str, ...]]:
    """Id, name, industry, region, employees, tier, owner, created."""
    rows = []
    for number, (name, industry, region) in enumerate((*CHINESE, *OVERSEAS), start=1):
        employees = rng.choice((35, 60, 90, 140, 220, 380, 600, 1200))
        tier = "A" if employees >= 380 else "B" if employees >= 90 else "C"
        created = (
            FIRST - timedelta(days=rng.randrange(20, 400)) if number % 3 else FIRST + timedelta(days=rng.randrange(500))
        )
        owner = rng.choice(OWNERS[:2] if number <= len(CHINESE) else OWNERS[2:])
        rows.append((f"K{number:03d}", name, industry, region, str(employees), tier, owner, created.isoformat()))
    return rows


def subscriptions(rng: random.Random, ids: Sequence[str]) -> tuple[list[Line], list[Discount]]:
    """What the accounts without contracts subscribe to; changes fall on the days they are billed."""
    lines: list[Line] = []
    discounts: list[Discount] = []
    for index, account in enumerate(ids):
        currency = "CNY" if int(account[1:]) <= len(CHINESE) else "USD"
        plan = ("基础版", "专业版", "专业版", "企业版")[rng.randrange(4)]
        yearly = index % 5 == 4
        first = months_later(FIRST, 0 if index % 3 else rng.randrange(1, 18)).replace(day=rng.randrange(1, 28))
        seats = rng.choice((8, 12, 20, 30, 45))
        price = PRICES[plan][currency] * (10 if yearly else 1)
        line = Line(account, f"SUB-{account[1:]}", plan, currency, price, seats, "year" if yearly else "month", first)
        lines += [line] if yearly else monthly_story(rng, index, line)
        if index % 6 == 1:
            end = months_later(first, 6)
            discounts.append(Discount(line.subscription, "percent", Decimal(20), "repeating", first, end))
        elif index % 11 == 3:
            discounts.append(Discount(line.subscription, "percent", Decimal(10), "forever", None, None))
        elif index == 8:
            off = Decimal(200 if currency == "CNY" else 30)
            discounts.append(Discount(line.subscription, "amount", off, "repeating", first, months_later(first, 12)))
    return lines, discounts


def monthly_story(rng: random.Random, index: int, line: Line) -> list[Line]:
    """The versions of one monthly subscription: most grow, some shrink, some leave."""
    told = [line]

    def change(after: int, *, seats: int | None = None, plan: str | None = None) -> None:
        former = told[-1]
        start = months_later(former.start, after)
        if start >= LAST:
            return
        former.end = start
        plan = plan or former.plan
        price = PRICES[plan][former.currency]
        told.append(
            Line(
                former.account, former.subscription, plan, former.currency, price, seats or former.seats, "month", start
            )
        )

    match index % 9:
        case 0:
            change(5, seats=line.seats + rng.randrange(3, 15))
            change(6, seats=told[-1].seats + rng.randrange(2, 12))
        case 1:
            change(7, plan="专业版" if line.plan == "基础版" else "企业版")
        case 2:
            change(6, seats=max(3, line.seats // 2))
            leave(told[-1], 8)
        case 3:
            change(9, seats=line.seats + rng.randrange(5, 25), plan="企业版")
        case 4:
            leave(told[-1], 11)
        case 5:
            change(4, seats=line.seats + 5)
            change(8, seats=max(4, line.seats - 3))
        case 7:
            change(10, plan="基础版")
    if index == 6:
        told[-1].pauses.append((months_later(line.start, 7), months_later(line.start, 9)))
    if index == 12:
        given_up = months_later(told[-1].start, 2) + timedelta(days=21)
        told[-1].unpaid = given_up
    if index == 13:
        back = months_later(told[-1].end or line.start, 4)
        told.append(
            Line(line.account, line.subscription, line.plan, line.currency, line.amount, line.seats + 4, "month", back)
        )
    return told


def leave(line: Line, after: int) -> None:
    """The account cancels; service runs to the end of the month paid for."""
    end = months_later(line.start, after)
    if end < LAST:
        line.end, line.cancelled = end, end - timedelta(days=16)


def contracts(rng: random.Random, ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Yearly contracts: most renewed (up, level, down), some lost, the last ones still open."""
    rows: list[tuple[str, ...]] = []
    for index, account in enumerate(ids):
        currency = "CNY" if int(account[1:]) <= len(CHINESE) else "USD"
        seats = rng.choice((60, 80, 120, 150, 200))
        start = months_later(date(2024, 11, 1), index % 12)
        former, renewed = "", 0
        while start < LAST:
            end = months_later(start, 12)
            total = PRICES["企业版"][currency] * seats * 10
            number = f"HT-{start.year}-{int(account[1:]):03d}"
            automatic = "是" if index % 4 == 1 else "否"
            signed = start - timedelta(days=rng.randrange(5, 30))
            notice = (end - timedelta(days=45)).isoformat() if index % 5 == 3 and end < LAST else ""
            rows.append(
                (
                    number,
                    account,
                    currency,
                    f"{total}",
                    start.isoformat(),
                    end.isoformat(),
                    former,
                    "term",
                    "企业版",
                    str(seats),
                    "30",
                    notice,
                    automatic,
                    signed.isoformat(),
                )
            )
            if index % 5 == 3 or (index == 11 and renewed == 0):
                break
            former, renewed = number, renewed + 1
            seats = max(20, seats + (15, 0, 30, 0, -20)[index % 5])
            start = end
    return rows


def rates(rng: random.Random) -> list[tuple[str, str, str]]:
    """Month-end rates of the dollar in yuan: a walk, not a record of any market."""
    rate, rows = Decimal("7.1200"), []
    day = date(2024, 10, 31)
    while day < LAST:
        rows.append((day.isoformat(), "USD", f"{rate:.4f}"))
        rate += Decimal(rng.randrange(-45, 46)) / 1000
        day = end_of_month(day + timedelta(days=1))
    return rows


def invoice_lines(lines: Iterable[Line], discounts: Iterable[Discount]) -> list[tuple[str, ...]]:
    """One line per billed period of the last year, tax included for domestic accounts."""
    by_subscription = {d.subscription: d for d in discounts}
    rows = []
    for line in lines:
        step = 12 if line.interval == "year" else 1
        start = line.start
        while start < min(line.end or LAST, LAST):
            end = months_later(start, step)
            skipped = any(a <= start < b for a, b in line.pauses) or (line.unpaid is not None and start >= line.unpaid)
            if start >= INVOICED_FROM and not skipped:
                net = discounted(line.amount * line.seats, by_subscription.get(line.subscription), start)
                tax = net * TAX if line.currency == "CNY" else Decimal(0)
                number = f"INV-{start:%Y%m}-{line.account[1:]}"
                rows.append(
                    (
                        f"{number}-1",
                        number,
                        line.account,
                        line.subscription,
                        "subscription",
                        line.plan,
                        f"{cents(net + tax)}",
                        f"{cents(tax)}",
                        line.currency,
                        line.interval,
                        start.isoformat(),
                        end.isoformat(),
                    )
                )
            start = end
    return sorted(rows, key=lambda r: (r[10], r[0]))


def discounted(amount: Decimal, discount: Discount | None, day: date) -> Decimal:
    if discount is None or (discount.start and day < discount.start) or (discount.end and day >= discount.end):
        return amount
    if discount.kind == "percent":
        return amount * (100 - discount.value) / 100
    return max(amount - discount.value, Decimal(0))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def written(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def save(folder: Path, name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(headings)
        writer.writerows(rows)


def main(folder: Path) -> None:
    rng = random.Random(20261031)
    listed = accounts(rng)
    ids = [row[0] for row in listed]
    signing = [i for n, i in enumerate(ids) if n % 10 in (2, 5, 8)]
    lines, discounts = subscriptions(rng, [i for i in ids if i not in signing])
    save(
        folder, "accounts", ("客户编号", "客户名称", "行业", "地区", "员工数", "客户等级", "负责人", "创建日期"), listed
    )
    save(
        folder,
        "subscriptions",
        (
            "客户编号",
            "订阅号",
            "套餐",
            "币种",
            "单价",
            "席位",
            "计费周期",
            "开始日期",
            "结束日期",
            "取消日期",
            "欠费终止日",
            "暂停",
        ),
        (
            (
                line.account,
                line.subscription,
                line.plan,
                line.currency,
                f"{line.amount}",
                f"{line.seats}",
                line.interval,
                written(line.start),
                written(line.end),
                written(line.cancelled),
                written(line.unpaid),
                "[" + ", ".join(f'["{a}", "{b}"]' for a, b in line.pauses) + "]" if line.pauses else "",
            )
            for line in lines
        ),
    )
    save(
        folder,
        "discounts",
        ("subscription_id", "kind", "value", "duration", "start", "end"),
        ((d.subscription, d.kind, f"{d.value}", d.duration, written(d.start), written(d.end)) for d in discounts),
    )
    save(
        folder,
        "contracts",
        (
            "合同编号",
            "客户编号",
            "币种",
            "合同金额",
            "开始日期",
            "结束日期",
            "续签自",
            "合同类型",
            "套餐",
            "席位",
            "提前通知天数",
            "不续约通知日",
            "自动续约",
            "签约日期",
        ),
        contracts(rng, signing),
    )
    save(folder, "fx_rates", ("day", "currency", "rate"), rates(rng))
    save(
        folder,
        "invoice_lines",
        (
            "line_id",
            "invoice_id",
            "account_id",
            "subscription_id",
            "type",
            "plan",
            "amount",
            "tax",
            "currency",
            "interval",
            "period_start",
            "period_end",
        ),
        invoice_lines(lines, discounts),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
