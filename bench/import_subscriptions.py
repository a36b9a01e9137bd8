"""How long a million subscription rows take from a CSV file into the application store, and how much memory.

    python bench/import_subscriptions.py [--rows 1000000] [--again] [--format csv|parquet|jsonl]

Makes its file from a seed in a temporary folder and uses a fresh store there. Prints seconds, rows per second and the
peak memory of the process. `--again` imports the same file a second time, which must change nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

HEADINGS = (
    "客户编号",
    "订阅号",
    "套餐",
    "币种",
    "单价",
    "席位",
    "计费周期",
    "开始日期",
    "结束日期",
    "签约日期",
    "备注",
)
PLANS, CURRENCIES, INTERVALS = ("基础版", "专业版", "企业版"), ("CNY", "CNY", "CNY", "USD"), ("月", "年", "季")


def rows(count: int, seed: int = 7):
    """Rows of a believable table: about four versions per subscription."""
    rng = random.Random(seed)
    first = date(2018, 1, 1)
    for i in range(count):
        start = first + timedelta(days=rng.randrange(2800))
        end = "" if rng.random() < 0.4 else (start + timedelta(days=rng.randrange(30, 900))).isoformat()
        yield (
            f"A{rng.randrange(count // 3 + 1):07d}",
            f"S{i // 2:08d}-{i % 2}",
            rng.choice(PLANS),
            rng.choice(CURRENCIES),
            f"{rng.randrange(100, 2_000_000) / 100:.2f}",
            str(rng.randrange(1, 400)),
            rng.choice(INTERVALS),
            start.isoformat(),
            end,
            start.isoformat(),
            "",
        )


def write(path: Path, count: int) -> None:
    """The file, in the format of its name."""
    if path.suffix == ".jsonl":
        with path.open("w", encoding="utf-8") as stream:
            for row in rows(count):
                stream.write(json.dumps(dict(zip(HEADINGS, row, strict=True)), ensure_ascii=False) + "\n")
        return
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = zip(*rows(count), strict=True)
        pq.write_table(pa.table(dict(zip(HEADINGS, map(list, columns), strict=True))), path)
        return
    with path.open("w", encoding="gb18030", newline="") as stream:
        stream.write(",".join(HEADINGS) + "\r\n")
        stream.writelines(",".join(row) + "\r\n" for row in rows(count))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", choices=("csv", "parquet", "jsonl"), default="csv")
    parser.add_argument("--again", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TENURE_HOME"] = str(Path(folder) / "home")
        os.environ["DJANGO_SETTINGS_MODULE"] = "tenure.config.settings"
        (Path(folder) / "home").mkdir()
        path = Path(folder) / f"subscriptions.{arguments.format}"
        write(path, arguments.rows)
        report(path, arguments.again)


def report(path: Path, again: bool) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from tenure.apps.connectors import files

    call_command("migrate", verbosity=0)
    for _turn in range(2 if again else 1):
        started = time.perf_counter()
        read_at = started

        def note(progress: files.Progress) -> None:
            nonlocal read_at
            read_at = time.perf_counter()

        result = files.run_import(path, "subscriptions", by="bench", progress=note)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{path.stat().st_size / 1e6:.0f} MB, {result.outcome.rows_read} rows: {seconds:.1f} s "
            f"({read_at - started:.1f} s until read), {result.outcome.rows_read / seconds:,.0f} rows/s, "
            f"peak {peak:.0f} MB; created {result.created}, changed {result.changed}, unchanged {result.unchanged}, "
            f"bad {result.outcome.rows_bad}"
        )


if __name__ == "__main__":
    main()
