"""Open a workspace in memory, load ten rows, ask: under 0.3 s after the first time (median of 9)."""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

RUNS = 9
TARGET = 0.3


def rows() -> list[dict[str, Any]]:
    return [
        {
            "account_id": f"a{n}",
            "subscription_id": f"s{n}",
            "plan": "pro" if n % 2 else "basic",
            "amount": str(100 + n),
            "interval": "year" if n % 3 == 0 else "month",
            "start": f"2024-{n % 9 + 1:02d}-05",
            "end": f"2024-{n % 9 + 3:02d}-05" if n % 4 == 0 else None,
        }
        for n in range(10)
    ]


def once(given: list[dict[str, Any]]) -> float:
    import tenure

    start = time.perf_counter()
    workspace = tenure.open()
    workspace.load("subscriptions", given)
    answer = workspace.ask({"question": "movements", "from": "2024-01", "to": "2024-12"})
    taken = time.perf_counter() - start
    assert answer.table.num_rows == 12
    return taken


def main() -> int:
    given = rows()
    first = once(given)
    median = statistics.median(once(given) for _ in range(RUNS))
    print(f"first {first:6.3f} s")
    print(f"after {median:6.3f} s   target {TARGET} s   {'ok' if median <= TARGET else 'MISSED'}")
    return 1 if median > TARGET else 0


if __name__ == "__main__":
    sys.exit(main())
