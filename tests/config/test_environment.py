"""Settings: what holds by default, where values come from, and what is refused with what to write instead."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tenure.config import environment
from tenure.core.errors import SettingRefused


def test_every_default_is_allowed() -> None:
    assert environment.read({}).keys() == environment.BY_NAME.keys()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("TENURE_PORT", "9000", 9000),
        ("TENURE_DEBUG", "Yes", True),
        ("TENURE_DEBUG", "off", False),
        ("TENURE_ALLOWED_HOSTS", "a.example.com, b.example.com", ["a.example.com", "b.example.com"]),
        ("TENURE_MEMORY_LIMIT", "512 mb", "512MB"),
        ("TENURE_TIMEZONE", "Asia/Shanghai", "Asia/Shanghai"),
        ("TENURE_LANGUAGE", "zh_Hans", "zh_Hans"),
        ("TENURE_HOME", "/srv/tenure", Path("/srv/tenure")),
        ("TENURE_PORT", "  ", 8000),
        ("TENURE_LAKE", "", ""),
        ("TENURE_LAKE", "s3://lake-1/生产/lake/", "s3://lake-1/生产/lake"),
    ],
)
def test_values_are_typed(name: str, text: str, value: Any) -> None:
    assert environment.read({name: text})[name] == value


@pytest.mark.parametrize(
    ("name", "text", "allowed"),
    [
        ("TENURE_PORT", "http", "a whole number from 1 to 65535"),
        ("TENURE_PORT", "65536", "a whole number from 1 to 65535"),
        ("TENURE_WEB_THREADS", "0", "a whole number from 1 to 1024"),
        ("TENURE_DEBUG", "maybe", "one of true, yes, on, 1, false, no, off, 0"),
        ("TENURE_ENGINE", "spark", "duckdb, local[*], spark://HOST:PORT, yarn, k8s://ADDRESS or sc://HOST:PORT"),
        ("TENURE_LAKE", "/mnt/lake", "s3://BUCKET/PREFIX, without percent signs, backslashes or empty steps"),
        ("TENURE_LAKE", "s3://lake/../x", "s3://BUCKET/PREFIX, without percent signs, backslashes or empty steps"),
        ("TENURE_SPARK_SETTINGS", "memory=4g", "pairs such as spark.executor.memory=4g,spark.cores.max=8"),
        ("TENURE_LANGUAGE", "de", "one of en, zh_Hans"),
        ("TENURE_MEMORY_LIMIT", "a lot", "a size such as 512MB or 4GB"),
        ("TENURE_TIMEZONE", "Mars/Base", "a name of the time zone database such as UTC or Asia/Shanghai"),
        ("TENURE_REPORTING_CURRENCY", "usd", "a three-letter ISO 4217 code such as USD or CNY"),
        (
            "TENURE_DATABASE_URL",
            "mysql://secret@host/db",
            "postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH",
        ),
    ],
)
def test_a_wrong_value_names_the_variable_and_the_allowed_ones(name: str, text: str, allowed: str) -> None:
    with pytest.raises(SettingRefused) as refused:
        environment.read({name: text})
    assert refused.value.where["variable"] == name
    assert refused.value.where["allowed"] == allowed
    assert name in str(refused.value)
    assert "secret@" not in str(refused.value)


def test_how_a_bucket_is_reached_matters_only_with_a_lake_in_one() -> None:
    half = {"AWS_SECRET_ACCESS_KEY": "hush"}
    assert environment.read(half)["TENURE_LAKE"] == ""
    with pytest.raises(SettingRefused, match="AWS_ACCESS_KEY_ID is not set") as refused:
        environment.read({**half, "TENURE_LAKE": "s3://lake"})
    assert "hush" not in str(refused.value.as_dict())


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from a file\n", encoding="utf-8")
    assert environment.read({"TENURE_SECRET_KEY_FILE": str(file)})["TENURE_SECRET_KEY"] == "from a file"
    both = {"TENURE_SECRET_KEY_FILE": str(file), "TENURE_SECRET_KEY": "given"}
    assert environment.read(both)["TENURE_SECRET_KEY"] == "given"


def test_a_secret_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingRefused) as refused:
        environment.read({"TENURE_SECRET_KEY_FILE": str(tmp_path / "none")})
    assert refused.value.where["variable"] == "TENURE_SECRET_KEY_FILE"


def test_the_secret_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = environment.secret_key(tmp_path)
    file = tmp_path / "secret.key"
    assert len(key) >= 50
    assert environment.secret_key(tmp_path) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["secret.key"]  # noqa: PTH208 - nothing else may lie there


def test_without_a_workspace_no_key_is_written(tmp_path: Path) -> None:
    environment.secret_key(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_databases(tmp_path: Path) -> None:
    sqlite = environment.database("", tmp_path)
    assert sqlite["NAME"] == str(tmp_path / "store.sqlite3")
    assert sqlite["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    postgres = environment.database("postgresql://me:p%40ss@db.example.com:5433/tenure?sslmode=require", tmp_path)
    assert {k: postgres[k] for k in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == {
        "NAME": "tenure",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example.com",
        "PORT": "5433",
    }
    assert postgres["OPTIONS"] == {"sslmode": "require"}
