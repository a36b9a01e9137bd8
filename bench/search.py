"""A two-character Chinese search over 100,000 accounts, as the palette and lists ask it. Bound: p95 under 150 ms, warm.

    python bench/search.py [--accounts 100000]

Peers on the same names in the same run: SQLite's LIKE over the live names, and an FTS5 table of bigrams. All three
give the first 20 hits; ours also ranks whole names and beginnings first, and finds pinyin.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

HAN = "云梯长续华信新安康达恒瑞博远东方宏图天地海川金石银河星辰明德立诚佳美永盛泰和广源通力卓越飞腾创业鼎峰"
FIELDS = ("科技", "信息技术", "网络", "软件", "贸易", "电子", "物流", "医疗")
BOUND = 0.150
RUNS = 60


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=100_000)
    count = parser.parse_args().accounts
    rng = random.Random(7)
    names = ["".join(rng.choices(HAN, k=4)) + rng.choice(FIELDS) + "有限公司" for _ in range(count)]
    queries = ["".join(rng.choices(HAN, k=2)) for _ in range(RUNS - 2)] + ["科技", "公司"]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TENURE_HOME"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
        ours = _store(names)
        database = sqlite3.connect(":memory:")
        database.execute("CREATE TABLE a (name TEXT)")
        database.execute("CREATE VIRTUAL TABLE b USING fts5(words)")
        database.executemany("INSERT INTO a VALUES (?)", ((name,) for name in names))
        pairs = ((" ".join(name[at : at + 2] for at in range(len(name) - 1)),) for name in names)
        database.executemany("INSERT INTO b VALUES (?)", pairs)
        like = "SELECT name FROM a WHERE name LIKE ? ORDER BY name LIMIT 20"
        bigrams = "SELECT rowid FROM b WHERE words MATCH ? LIMIT 20"
        seconds = _p95("found_accounts", ours, queries)
        for label, call in (
            ("SQLite LIKE, sorted", lambda query: database.execute(like, (f"%{query}%",)).fetchall()),
            ("FTS5 bigrams, unranked", lambda query: database.execute(bigrams, (f'"{query}"',)).fetchall()),
        ):
            print(f"  {_p95(label, call, queries) / seconds:.2f} times ours")
    print("ok" if seconds < BOUND else "MISSED")
    return int(seconds >= BOUND)


def _store(names: list[str]) -> Callable[[str], Any]:
    """A fresh workspace with the names as accounts; gives the search of a member who sees all."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from tenure.apps.crm import selectors
    from tenure.apps.crm.models import AccountVersion
    from tenure.apps.workspaces.models import Member

    call_command("migrate", verbosity=0)
    now = timezone.now()
    AccountVersion.objects.bulk_create(
        (
            AccountVersion(version_key=f"a{at}", row_id=f"r{at}", account_id=f"a{at}", name=name, recorded_at=now)
            for at, name in enumerate(names)
        ),
        batch_size=5_000,
    )
    member = Member.objects.create(email="o@example.com", display_name="O", role="owner")
    began = time.perf_counter()
    selectors.make_findable()
    print(f"{len(names):,} accounts made findable in {time.perf_counter() - began:.1f} s")
    return lambda query: selectors.found_accounts(member, query, 20)


def _p95(label: str, call: Callable[[str], Any], queries: list[str]) -> float:
    call(queries[0])
    taken = []
    for query in queries:
        began = time.perf_counter()
        call(query)
        taken.append(time.perf_counter() - began)
    taken.sort()
    p95 = taken[int(len(taken) * 0.95)]
    print(f"{label:<24} median {statistics.median(taken) * 1000:7.1f} ms   p95 {p95 * 1000:7.1f} ms")
    return p95


if __name__ == "__main__":
    raise SystemExit(main())
