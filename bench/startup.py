"""How long `import tenure` and `tenure --help` take, each in a fresh process. Targets: 0.3 s and 1 s (median of 7)."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 7
TENURE = str(Path(sys.executable).with_name("tenure"))
FIGURES = (
    ("import tenure", [sys.executable, "-c", "import tenure"], 0.3),
    ("tenure --help", [TENURE, "--help"], 1.0),
)


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> int:
    missed = 0
    bare = statistics.median(seconds([sys.executable, "-c", "pass"]) for _ in range(RUNS))
    print(f"{'python alone':<16}{bare:6.3f} s")
    for name, command, target in FIGURES:
        seconds(command)
        median = statistics.median(seconds(command) for _ in range(RUNS))
        missed += median > target
        print(f"{name:<16}{median:6.3f} s   target {target} s   {'ok' if median <= target else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
