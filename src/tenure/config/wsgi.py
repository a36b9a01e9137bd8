"""The web application as granian loads it."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from django.core.wsgi import get_wsgi_application
from django.db import DatabaseError, connections

from tenure.apps.workspaces.processes import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tenure.config.settings")
application = get_wsgi_application()
end_with_parent()


def make_findable() -> None:
    """Make ready what people search by name; a store that cannot be read is for the first request to tell of."""
    from tenure.apps.crm import selectors

    with suppress(DatabaseError):
        selectors.make_findable()
    connections.close_all()


threading.Thread(target=make_findable, name="make-findable", daemon=True).start()
