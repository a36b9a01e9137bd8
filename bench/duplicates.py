"""Duplicate search over many accounts with planted pairs: time, memory, precision and recall, and a peer beside it.

    python bench/duplicates.py [--accounts 100000] [--peer-accounts 20000]

Made names, so that the truth is known: a place, a telling word, an industry, a legal form. One in fifty has a twin that
is written otherwise (place in brackets, other form, other width), half of these with the same domain. The peer is
recordlinkage (not a dependency): the same normal names, blocks by their first two characters, Jaro-Winkler.
"""

from __future__ import annotations

import argparse
import random
import resource
import time

from tenure.core.matching import Companies, Company

PLACES = ("北京", "上海", "深圳", "杭州", "成都", "武汉", "南京", "苏州")
FIELDS = ("科技", "信息技术", "网络", "软件", "贸易", "电子", "物流", "医疗", "教育科技", "智能装备")
FORMS = ("有限公司", "股份有限公司", "有限责任公司", "集团有限公司")
HAN = "云梯长续华信新安康达恒瑞博远东方宏图天地海川金石银河星辰明德立诚佳美永盛泰和广源通力卓越飞腾创业鼎峰"


def made(count: int, rng: random.Random) -> tuple[list[Company], set[tuple[int, int]]]:
    companies: list[Company] = []
    truth: set[tuple[int, int]] = set()
    words: set[str] = set()
    while len(companies) < count:
        word = "".join(rng.choices(HAN, k=rng.choice((3, 3, 4))))
        if word in words:
            continue
        words.add(word)
        place, field = rng.choice(PLACES), rng.choice(FIELDS)
        at = len(companies)
        domain = f"c{at}.com.cn" if rng.random() < 0.6 else ""
        companies.append(Company.of(f"{place}{word}{field}{rng.choice(FORMS)}", None, None, domain))
        if rng.random() < 0.02 and len(companies) < count:
            twin = rng.choice(
                (f"{word}{field}({place}){rng.choice(FORMS)}", f"{place}市{word}{field}", f"{word}{field}公司")
            )
            truth.add((at, len(companies)))
            companies.append(Company.of(twin, None, None, f"www.{domain}" if domain and rng.random() < 0.5 else ""))
    return companies, truth


def ours(companies: list[Company]) -> tuple[float, list[tuple[int, int]], list[str]]:
    began = time.perf_counter()
    found = list(Companies(companies).pairs())
    return time.perf_counter() - began, [(a, b) for a, b, _m in found], [m.verdict for _a, _b, m in found]


def peer(companies: list[Company]) -> float | None:
    try:
        import pandas as pd
        import recordlinkage
    except ImportError:
        return None
    frame = pd.DataFrame({"name": [one.name for one in companies], "block": [one.name[:2] for one in companies]})
    began = time.perf_counter()
    pairs = recordlinkage.index.Block("block").index(frame)
    compare = recordlinkage.Compare(n_jobs=1)
    compare.string("name", "name", method="jarowinkler", threshold=0.9)
    compare.compute(pairs, frame)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--peer-accounts", type=int, default=20_000)
    given = parser.parse_args()
    began = time.perf_counter()
    companies, truth = made(given.accounts, random.Random(7))
    print(f"{len(companies):,} normal forms in {time.perf_counter() - began:.1f} s, {len(truth):,} planted pairs")
    seconds, pairs, verdicts = ours(companies)
    hits = truth & set(pairs)
    same = {pair for pair, verdict in zip(pairs, verdicts, strict=True) if verdict == "same"}
    print(f"search: {seconds:.1f} s (bound 60 s), {len(pairs):,} pairs, peak {_peak():,.0f} MB")
    print(f"recall of the planted: {len(hits) / len(truth):.3f}; precision of all pairs: {len(hits) / len(pairs):.3f}")
    print(f"precision of verdict same: {len(same & truth) / max(len(same), 1):.3f} of {len(same):,}")
    some = companies[: given.peer_accounts]
    mine, theirs = ours(some)[0], peer(some)
    if theirs is None:
        print("recordlinkage is not installed: no peer")
    else:
        print(f"{len(some):,} accounts: {mine:.2f} s, recordlinkage {theirs:.2f} s: {theirs / mine:.1f} times as long")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
