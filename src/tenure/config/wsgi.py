"""The web application as granian loads it."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connections

from tenure.apps.workspaces.processes import end_with_parent
from tenure.warehouse import warming

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
application = get_wsgi_application()
end_with_parent()


def make_findable() -> None:
    """Make ready what people search by name; a store that cannot be read is for the first request to tell of."""
    from tenure.apps.crm import selectors

    with suppress(DatabaseError):
        selectors.make_findable()
    connections.close_all()


def warm() -> None:
    """Have the kernels of behaviour questions ready before somebody asks one, with the time that requests leave."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
    warming.kernels()


threading.Thread(target=make_findable, name="make-findable", daemon=True).start()
threading.Thread(target=warm, name="warm", daemon=True).start()
