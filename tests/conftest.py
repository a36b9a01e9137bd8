"""What every test may use: a workspace folder of its own, and a small cast of members.

The store is what TENURE_DATABASE_URL says: SQLite without it, PostgreSQL in the second run of `.ci/run`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Test on a file, as people run it: a database in memory locks its tables in another way."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("store") / "store.sqlite3")


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """An empty workspace folder, which the application takes for its own."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    settings.TENURE_HOME = folder
    return folder


def _member(email: str, name: str, role: str, **more: Any) -> Any:
    from tenure.apps.workspaces.models import Member

    return Member.objects.create(email=email, display_name=name, role=role, **more)


@pytest.fixture
def owner(db: None) -> Any:
    """May do everything."""
    return _member("olga@example.com", "Olga", "owner")


@pytest.fixture
def operator(db: None) -> Any:
    """A colleague who imports and edits."""
    return _member("otto@example.com", "Otto", "operator")


@pytest.fixture
def viewer(db: None) -> Any:
    """A colleague who may only look."""
    return _member("vera@example.com", "Vera", "viewer")


@pytest.fixture
def leaver(db: None) -> Any:
    """Somebody whose access was taken away."""
    return _member("leo@example.com", "Leo", "owner", is_active=False)
