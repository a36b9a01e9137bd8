"""Run every test this machine can run, then say what was skipped and how to get it.

    python scripts/run_tests.py [arguments for pytest]

A test that needs something a machine may lack skips itself and names that thing in its reason. This script reads
the reasons from pytest's own report and prints one remedy for each thing. Its exit status is that of pytest.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import compile_kernels

ROOT = Path(__file__).resolve().parent.parent
WORKERS = "2"

REMEDIES = {
    "postgres": "PostgreSQL: install it (Debian: postgresql), start it, and set TENURE_TEST_POSTGRES to its URL,"
    " such as postgresql://tenure:secret@127.0.0.1:5432/tenure. `.ci/run` does all three.",
    "chromium": "A browser: install Debian's packages chromium-headless-shell and fonts-noto-cjk.",
    "java": "Java 17 or newer and `pip install -e .[spark]`: the questions on Spark. `.ci/run` does both.",
    "pyspark": "Java 17 or newer and `pip install -e .[spark]`: the questions on Spark. `.ci/run` does both.",
    "shared": "The public data sets and worked cases: put them in the folder `shared` beside the repository.",
    "root": "A user that is not root: run the tests from an ordinary account.",
}
"""Word in the reason of a skipped test -> how to get what it needs. The first that occurs is taken."""


def remedy_for(reason: str) -> str:
    """The remedy for a reason, or the reason itself where no remedy is known."""
    low = reason.lower()
    return next((remedy for word, remedy in REMEDIES.items() if word in low), reason)


def skipped(report: Path) -> Counter[str]:
    """Remedy -> number of tests that were skipped for want of it."""
    tests = ET.parse(report).iter("skipped")
    return Counter(remedy_for(test.get("message") or "no reason given") for test in tests)


def main(arguments: list[str]) -> int:
    compile_kernels.main()  # a failure shows in the tests
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-n", WORKERS, f"--junit-xml={report}", *arguments]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        missing = skipped(report) if report.exists() else Counter()
    if missing:
        print("\nSkipped on this machine, and how to get it:")
        for remedy, count in missing.most_common():
            print(f"  {count:>4}  {remedy}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
