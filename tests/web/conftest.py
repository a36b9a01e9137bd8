"""What the tests of the web share: compiled translations, a member of every role, a small workspace to look at."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("owner", "admin", "operator", "success", "sales", "analyst", "viewer")

SUBSCRIPTIONS = [
    {"account_id": "acme", "subscription_id": "s1", "plan": "team", "amount": "10", "quantity": 10,
     "start": "2024-01-15", "end": "2024-02-10"},
    {"account_id": "acme", "subscription_id": "s1", "plan": "team", "amount": "10", "quantity": 14,
     "start": "2024-02-10", "end": None},
    {"account_id": "birch", "subscription_id": "s2", "plan": "solo", "amount": "60", "quantity": 1,
     "start": "2024-01-01", "end": "2024-03-01"},
    {"account_id": "birch", "subscription_id": "s3", "plan": "solo", "amount": "80", "quantity": 1,
     "start": "2024-04-20", "end": None},
    {"account_id": "cedar", "subscription_id": "s4", "plan": "team", "amount": "200", "quantity": 1,
     "start": "2024-01-05", "end": "2024-02-05"},
    {"account_id": "cedar", "subscription_id": "s4", "plan": "solo", "amount": "50.55", "quantity": 1,
     "start": "2024-02-05", "end": None},
    {"account_id": "=dune()", "subscription_id": "s5", "plan": "solo", "amount": "70", "quantity": 1,
     "start": "2024-03-03", "end": "2024-05-24"},
]  # fmt: skip
CONTRACTS = [
    {"contract_id": "c1", "account_id": "elm", "currency": "USD", "total": "1200", "start": "2023-04-16",
     "end": "2024-04-16"},
    {"contract_id": "c2", "account_id": "elm", "currency": "USD", "total": "1440", "start": "2024-04-16",
     "end": "2025-04-16", "renews": ["c1"]},
    {"contract_id": "c3", "account_id": "fir", "currency": "USD", "total": "600", "start": "2023-04-21",
     "end": "2024-04-21"},
]  # fmt: skip


def _build() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


build = _build()
build.compile_catalogues(ROOT)


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the newest movement is of April 2025; nobody writes to it."""
    import tenure

    folder = tmp_path_factory.mktemp("sample")
    opened = tenure.open(folder, settings={"reporting_currency": "USD", "timezone": "UTC"})
    opened.load("subscriptions", SUBSCRIPTIONS)
    opened.load("contracts", CONTRACTS)
    return folder


@pytest.fixture
def sample(sample_folder: Path, settings: Any) -> Path:
    """The small workspace as the application's own."""
    settings.TENURE_HOME = sample_folder
    return sample_folder


@pytest.fixture
def own_sample(sample: Path, tmp_path: Path, settings: Any) -> Path:
    """A copy of the small workspace, for a test that writes to it."""
    settings.TENURE_HOME = shutil.copytree(sample, tmp_path / "sample")
    return tmp_path / "sample"


@pytest.fixture
def member(db: None) -> Any:
    """Make a member of a role."""
    from tenure.apps.workspaces.models import Member

    def make(role: str, **more: Any) -> Any:
        made = Member(email=f"{role}@example.com", display_name=role.title(), role=role, **more)
        made.set_unusable_password()
        made.save()
        return made

    return make


@pytest.fixture
def signed_in(member: Any) -> Any:
    """A browser in which a member of a role is signed in; `None` is a visitor who is not."""

    def open_browser(role: str | None) -> Client:
        client = Client()
        if role is not None:
            client.force_login(member(role))
        return client

    return open_browser


@pytest.fixture
def key(db: None) -> Any:
    """Make an API key of a role; the header that presents it."""
    from tenure.apps.workspaces.services.keys import create_key

    def make(role: str) -> dict[str, str]:
        return {"authorization": f"Bearer {create_key('a program', role, by='the test')[1]}"}

    return make


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """Passwords are hashed slowly on purpose; tests do not wait for it."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    """No test is slowed down by the calls of another."""
    from django.core.cache import cache

    cache.clear()
