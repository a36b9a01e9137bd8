"""Killed at random moments while it imports, mirrors and compacts, nothing is lost, halved or doubled."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "kill_test.py"


@pytest.mark.slow
def test_ten_kills() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--rounds", "10"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "10 rounds" in done.stdout
