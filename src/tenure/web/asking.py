"""The one door from the web to answers: pages and the API ask through it, and so see the same figures."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

import tenure
from tenure.apps.workspaces.services import lake
from tenure.warehouse.workspace import Workspace


def workspace() -> Workspace:
    """The workspace of this installation, with every change of the store in its lake."""
    lake.flush()
    return _opened(Path(settings.TENURE_HOME))


def today(opened: Workspace) -> date:
    """The running day where the workspace is."""
    return timezone.now().astimezone(ZoneInfo(opened.definition().timezone)).date()


@lru_cache(maxsize=4)
def _opened(home: Path) -> Workspace:
    return tenure.open(home, memory_limit=settings.TENURE_MEMORY_LIMIT, threads=settings.TENURE_THREADS or None)
