"""Break good files at random and import them: each must be imported whole or refused with a remedy, and nothing else.

    python scripts/mutate_files.py --count 10000 [--seed 1]

Works in a temporary workspace. Prints how many were imported and refused and the peak memory; ends with 1 on a fault.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_MB = 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(TENURE_HOME=folder, DJANGO_SETTINGS_MODULE="tenure.config.settings")
        import django

        django.setup()
        from django.core.management import call_command

        from apps.connectors.mutations import try_files

        call_command("migrate", verbosity=0)
        started = time.perf_counter()
        try:
            tally = try_files(arguments.count, arguments.seed)
        except AssertionError as fault:
            print(fault, file=sys.stderr)
            return 1
        left = [
            p
            for p in (Path(folder) / "imports").rglob("*")
            if p.is_file() and p.name not in {"report.csv", "rejects.jsonl"}
        ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{arguments.count} files in {time.perf_counter() - started:.0f} s: {tally.imported} imported, "
        f"{tally.refused} refused, {len(left)} left-overs, peak {peak:.0f} MB"
    )
    return int(bool(left) or peak > LIMIT_MB)


if __name__ == "__main__":
    sys.exit(main())
