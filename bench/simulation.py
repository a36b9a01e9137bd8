"""The simulated firm in files: 200, 2,000 and, if asked for, 100,000 accounts over 36 months, with all events.

    python bench/simulation.py [--accounts 200 2000 100000]

Each size is lived through by a process of its own; the peak memory is the process'. 200 accounts, as tests use them,
stay in memory: the median of five lives. Larger firms are written into files. Targets: 200 accounts under 1 s, 2,000
under 20 s, any size under 1 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

UNTIL = date(2026, 11, 1)
SMALL = 500
TARGETS = {200: 1.0, 2_000: 20.0}
MOST_MEGABYTES = 1_000


def live(accounts: int) -> dict[str, float]:
    """A small firm in memory."""
    import numpy as np

    from tenure.core.simulation import Firm, Scenario

    def once() -> tuple[float, int]:
        start = time.perf_counter()
        firm = Firm(Scenario(accounts=accounts, until=UNTIL), np.random.default_rng(1))
        events = sum(firm.step(week).events.num_rows for week in range(firm.scenario.weeks))
        return time.perf_counter() - start, events

    once()
    lives = [once() for _ in range(5)]
    return {"seconds": statistics.median(seconds for seconds, _ in lives), "events": lives[0][1], "size": 0}


def write(accounts: int) -> dict[str, float]:
    """A firm in files."""
    from tenure.apps.connectors.simulation import write_firm
    from tenure.core.simulation import Scenario

    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        start = time.perf_counter()
        done = write_firm(Path(folder) / "firm", Scenario(accounts=accounts, until=UNTIL), 1)
        seconds = time.perf_counter() - start
        size = sum(file.stat().st_size for file in (Path(folder) / "firm").iterdir()) / 2**20
    return {"seconds": seconds, "events": done.rows["events"], "size": size}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="*", default=[200, 2_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        found = live(given.one) if given.one <= SMALL else write(given.one)
        print(json.dumps({**found, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return 0
    missed = 0
    print(f"{'accounts':>9}{'seconds':>9}{'events':>13}{'MB peak':>9}{'MB files':>10}")
    for accounts in given.accounts:
        command = [sys.executable, str(Path(__file__).resolve()), "--one", str(accounts)]
        found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        line = f"{accounts:9,}{found['seconds']:9.2f}{found['events']:13,}{found['peak']:9.0f}{found['size']:10.0f}"
        slow = found["seconds"] > TARGETS.get(accounts, float("inf"))
        large = found["peak"] > MOST_MEGABYTES
        missed += slow + large
        print(line + ("  SLOW" if slow else "") + ("  LARGE" if large else ""), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
