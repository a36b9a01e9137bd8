"""The simulated firm in files: 200, 2,000 and, if asked for, 100,000 accounts over 36 months, with all events.

    python bench/simulation.py [--accounts 200 2000 100000]

Each size is written by a process of its own, the first one a second time with warm imports; the peak memory is the
process'. Targets: 200 accounts under 1 s (without the imports), 2,000 under 20 s, any size under 1 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

TARGETS = {200: 1.0, 2_000: 20.0}
MOST_MEGABYTES = 1_000


def write(accounts: int) -> dict[str, float]:
    """Seconds, events and megabytes of one firm; of a small one, the second time."""
    from tenure.apps.connectors.simulation import write_firm
    from tenure.core.simulation import Scenario

    scenario = Scenario(accounts=accounts, until=date(2026, 11, 1))
    seconds = 0.0
    for _ in range(2 if accounts <= 1_000 else 1):
        with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
            start = time.perf_counter()
            done = write_firm(Path(folder) / "firm", scenario, 1)
            seconds = time.perf_counter() - start
            size = sum(file.stat().st_size for file in (Path(folder) / "firm").iterdir()) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "events": done.rows["events"], "peak": peak, "size": size}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="*", default=[200, 2_000])
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one is not None:
        print(json.dumps(write(given.one)))
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
