"""How long pages take on 100,000 accounts in SQLite, how often they ask the store, and how much a browser loads.

    python bench/pages.py [--accounts 100000] [--home FOLDER]

Makes accounts, subscriptions and contracts from a seed, in FOLDER, which is kept and used again, else in a temporary
one. Prints the 95th percentile of the server's time over 100 requests of the list of accounts with filters, searches,
orders and pages of all kinds, in a process that has shown the list before, and how much of it was its own processor
time; the time of the first requests; the most questions to the store; the bytes of a first load. Exit status 1 if a
figure is over its budget.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

REQUESTS = 100
P95, QUERIES = 0.2, 12
PAGE_BYTES, SCRIPT_BYTES, CHART_BYTES = 150_000, 60_000, 350_000
PLACES = ("北京", "上海", "广州", "深圳", "长沙", "重庆", "Lyon", "Berlin", "西安", "厦门")
WORDS = (
    "云梯",
    "长安",
    "恒岩",
    "青禾",
    "博远",
    "星澜",
    "同舟",
    "嘉禾",
    "天枢",
    "Nova",
    "Delta",
    "锦程",
    "三江",
    "若桦",
)
TRADES = ("制造", "物流", "教育", "医药", "零售", "软件", "餐饮", "能源", "Media", "Retail")
OWNERS = tuple(f"owner{n}@example.com" for n in range(40))


def accounts(count: int, rng: random.Random) -> list[dict[str, Any]]:
    return [
        {
            "account_id": f"A{n:06d}",
            "name": f"{rng.choice(PLACES)}{rng.choice(WORDS)}{n}{rng.choice(TRADES)}有限公司",
            "tier": rng.choice("SABBCCC"),
            "owner": rng.choice(OWNERS) if rng.random() < 0.95 else None,
            "region": rng.choice(PLACES),
            "industry": rng.choice(TRADES),
            "employees": rng.randrange(5, 5000),
        }
        for n in range(count)
    ]


def subscriptions(count: int, rng: random.Random, today: date) -> list[dict[str, Any]]:
    out = []
    for n in range(count):
        start = today - timedelta(days=rng.randrange(20, 1500))
        gone = rng.random() < 0.3
        end = start + timedelta(days=rng.randrange(60, 900)) if gone else None
        amount = f"{rng.randrange(100, 2_000_000) / 100:.2f}"
        common = {"account_id": f"A{n:06d}", "subscription_id": f"s{n}", "plan": rng.choice(("team", "pro"))}
        out.append({**common, "currency": "CNY", "amount": amount, "start": start, "end": end})
    return out


def contracts(count: int, rng: random.Random, today: date) -> list[dict[str, Any]]:
    out = []
    for n in range(0, count, 2):
        start = today - timedelta(days=rng.randrange(0, 360))
        common = {"contract_id": f"k{n}", "account_id": f"A{n:06d}", "currency": "CNY", "total": "12000"}
        out.append({**common, "start": start, "end": start + timedelta(days=365), "notice_days": rng.choice((30, 60))})
    return out


def fill(folder: Path, count: int) -> None:
    """A workspace with its accounts in the store and the lake, and what they pay in the lake."""
    import csv

    import tenure
    from tenure.apps.connectors.files.importer import run_import

    rng, today = random.Random(7), datetime.now(UTC).date()
    opened = tenure.open(folder, settings={"reporting_currency": "CNY"})
    file = folder / "accounts.csv"
    rows = accounts(count, rng)
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    run_import(file, "accounts", by="bench")
    opened.load("subscriptions", subscriptions(count, rng, today))
    opened.load("contracts", contracts(count, rng, today))


def queries(rng: random.Random) -> list[str]:
    """Addresses of the list as people ask for it: filters, searches, orders, further pages."""
    orders = ("-mrr", "mrr", "name", "-name", "notice_by", "-since", "owner", "-change", "tier", "region")
    filters = (
        "f=state~eq~paying", "f=tier~in~S|A", "f=mrr~gt~5000", "f=owner~eq~owner7@example.com", "f=region~eq~长沙",
        "f=notice_by~lt~%2B91d", "f=name~contains~云梯", "f=owner~not_set", "f=employees~lt~50&f=tier~ne~C",
        "f=tier~eq~S&f=mrr~gt~15000&match=any", "",
    )  # fmt: skip
    searches = ("", "", "", "q=ytkj", "q=云梯", "q=A00012", "q=changsha", "q=nova")
    return [
        "&".join(filter(None, (rng.choice(filters), rng.choice(searches), f"sort={rng.choice(orders)}")))
        for _ in range(REQUESTS)
    ]


def measure(count: int) -> int:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from tenure.apps.workspaces.models import Member

    member = Member.objects.filter(role="owner").first() or Member.objects.create(
        email="bench@example.com", display_name="Bench", role="owner"
    )
    browser = Client(headers={"host": "localhost"})
    browser.force_login(member)

    def get(address: str) -> tuple[float, int, str]:
        with CaptureQueriesContext(connection) as asked:
            start = time.perf_counter()
            response = browser.get(address)
            taken = time.perf_counter() - start
        if response.status_code != 200:
            raise SystemExit(f"{address}: status {response.status_code}")
        return taken, len(asked), response.content.decode()

    place = "/customers/accounts/"
    cold, _asked, _page = get(place)
    print(f"{count:,} accounts: the list, the first time after a change of the data {cold:.2f} s")
    for address in ("?q=yun", "?sort=name"):
        print(f"    {address}, the first time {get(place + address)[0]:.2f} s")
    times, most, busy = [], 0, time.process_time()
    rng = random.Random(11)
    for query in queries(rng):
        taken, asked, page = get(f"{place}?{query}")
        times.append(taken)
        most = max(most, asked)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        if following and rng.random() < 0.5:
            taken, asked, _page = get(place + following[1].replace("&amp;", "&"))
            times.append(taken)
    times.sort()
    p95 = times[int(len(times) * 0.95) - 1]
    missed = _say(f"list of accounts, {len(times)} requests, 95th percentile", p95, P95, "s")
    print(f"    processor time of this process, on average {(time.process_time() - busy) / len(times):.3f} s")
    print(f"    median {statistics.median(times):.3f} s, slowest {times[-1]:.3f} s")
    missed += _say("questions to the store, at most", most, QUERIES, "")
    return missed + weigh(get(place)[2])


def weigh(page: str) -> int:
    """What a browser that was never here loads for a page, compressed as the server sends it."""
    from django.contrib.staticfiles import finders

    names = re.findall(r'(?:href|src)="/static/([^"?]+\.(?:css|js|svg))', page)
    sizes = {name: _packed(Path(finders.find(name.replace("build/", "build/"))).read_bytes()) for name in set(names)}
    scripts = sum(size for name, size in sizes.items() if name.endswith(".js"))
    whole = _packed(page.encode()) + sum(sizes.values())
    missed = _say("first load of a page without a chart", whole, PAGE_BYTES, "bytes")
    missed += _say("of these scripts", scripts, SCRIPT_BYTES, "bytes")
    charts = _packed(Path(finders.find("build/charts.js")).read_bytes())
    return missed + _say("more on a page with a chart", charts, CHART_BYTES, "bytes")


def _packed(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def _say(name: str, figure: float, budget: float, unit: str) -> int:
    shown = f"{figure:.3f}" if isinstance(figure, float) else f"{figure:,}"
    print(f"{name:<58}{shown:>10} {unit:<6} budget {budget:,} {'ok' if figure <= budget else 'MISSED'}")
    return int(figure > budget)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.home or Path(temporary)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        os.environ |= {"TENURE_HOME": str(folder), "TENURE_REPORTING_CURRENCY": "CNY"}
        from tenure.config import cli

        cli.ready()
        if not (folder / "accounts.csv").exists():
            fill(folder, given.accounts)
        return measure(given.accounts)


if __name__ == "__main__":
    sys.exit(main())
