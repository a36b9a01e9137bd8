"""Processes of one server: none outlives the one that started it, even if that one is killed."""

from __future__ import annotations

import os
import signal
import threading
import time

PARENT = "TENURE_PARENT"
"""Environment variable by which `tenure serve` tells the processes it starts whose they are."""

LOOK_SECONDS = 1.0


def end_with_parent() -> None:
    """Ask this process to stop (SIGTERM) when the server that started it has died, and end it if it does not."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(20 * LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()
