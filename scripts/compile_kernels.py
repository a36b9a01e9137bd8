"""Compile the kernels once, before many processes that need them start at the same time.

    python scripts/compile_kernels.py

What is compiled lies beside the sources and is loaded by every process that follows; a second run takes seconds.
"""

from __future__ import annotations

import subprocess
import sys

PARTS = ("kernels", "ledger")


def main() -> int:
    running = [
        subprocess.Popen([sys.executable, "-c", f"from tenure.warehouse import warming; warming.{part}()"])
        for part in PARTS
    ]
    return max(process.wait() for process in running)


if __name__ == "__main__":
    sys.exit(main())
