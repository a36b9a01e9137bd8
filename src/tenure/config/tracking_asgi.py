"""The tracking port as granian loads it: the receiver with this installation's journal, keys and limits."""

from __future__ import annotations

import logging
import os
import threading
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
django.setup()

from django.db import DatabaseError, connections  # noqa: E402

from tenure.apps.workspaces.processes import end_with_parent  # noqa: E402
from tenure.apps.workspaces.services import keys  # noqa: E402
from tenure.config import environment  # noqa: E402
from tenure.warehouse.arrivals import flusher  # noqa: E402
from tenure.warehouse.arrivals.journal import Journal  # noqa: E402
from tenure.warehouse.lake import lake_of  # noqa: E402
from tenure.web.tracking.gauges import Gauges, Limits  # noqa: E402
from tenure.web.tracking.receiver import Receiver  # noqa: E402

REFRESH_SECONDS = 20
log = logging.getLogger(__name__)


class WriteKeys:
    """The write keys of the store, read when this process starts and every few seconds."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self.refresh()
        threading.Thread(target=self._keep_fresh, name="write-keys", daemon=True).start()

    def source_of(self, key: str) -> str | None:
        return self._known.get(keys.digest(key))

    def refresh(self) -> None:
        try:
            self._known = keys.write_keys()
        except DatabaseError:  # the keys known before go on
            log.exception("The write keys could not be read from the store.")
        finally:
            connections.close_all()

    def _keep_fresh(self) -> None:
        while True:
            time.sleep(REFRESH_SECONDS)
            self.refresh()


def made() -> Receiver:
    """The receiver of the workspace in TENURE_HOME."""
    values = environment.read()
    home: Path = values["TENURE_HOME"]
    folder = home / "journal"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    free, backlog = (environment.octets(values[f"TENURE_TRACKING_{name}"]) for name in ("FREE", "BACKLOG"))
    limits = Limits(free, backlog)
    return Receiver(
        WriteKeys(),
        Gauges(folder, limits),
        lambda: Journal(folder, above=flusher.taken(lake_of(home, values["TENURE_LAKE"]), folder)),
        origins=values["TENURE_TRACKING_ORIGINS"],
    )


application = made()
end_with_parent()
