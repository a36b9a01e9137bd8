"""A fresh workspace folder for each test, and small files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """The workspace's folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    settings.TENURE_HOME = folder
    settings.TENURE_TIMEZONE = "Asia/Shanghai"
    return folder


@pytest.fixture
def stored(db: None) -> Callable[[], dict[str, int]]:
    """How many rows the store holds, in every table an import may write."""
    from tenure.apps.crm import services as crm
    from tenure.apps.subscriptions import services as subscriptions
    from tenure.apps.workspaces.models import OutboxEntry

    def count() -> dict[str, int]:
        models = {**crm.MODELS, **subscriptions.MODELS}
        found = {kind: model.objects.count() for kind, model in models.items()}
        return {kind: n for kind, n in {**found, "outbox": OutboxEntry.objects.count()}.items() if n}

    return count
