"""The settings of an installation: every variable with its type, default and meaning. Hides how each is read.

A value comes from the environment (`TENURE_PORT=9000`) or, for secrets, from the file that `NAME_FILE` names. A wrong
value stops the start with the variable, the value and the allowed ones. Reading has no side effect: no folder, no file.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from tenure.core.errors import SettingRefused
from tenure.warehouse import storage
from tenure.warehouse.engines.names import CLUSTER_ROWS, ONE_MACHINE, is_engine

LANGUAGES = ("en", "zh_Hans")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
SMTP_SECURITY = ("starttls", "tls", "none")
_SIZE = re.compile(r"(?i)^\d+(\.\d+)?\s*(KB|MB|GB|TB)$")
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting: how it is written (`type`), what holds without it (`default`), what it means (`doc`)."""

    name: str
    type: str
    default: str
    doc: str
    choices: tuple[str, ...] = ()
    secret: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable("TENURE_HOME", "path", "./tenure-data", "Folder of the workspace: store, lake, cache, imports, keys."),
    Variable(
        "TENURE_LAKE",
        "lake",
        "",
        "Where the lake lies. Empty: the folder lake in TENURE_HOME; or s3://BUCKET/PREFIX in object storage, reached"
        " by AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    Variable(
        "TENURE_DATABASE_URL",
        "database",
        "",
        "Application store. Empty: store.sqlite3 in TENURE_HOME; or postgresql://USER:PASSWORD@HOST:PORT/NAME.",
        secret=True,
    ),
    Variable(
        "TENURE_SECRET_KEY",
        "text",
        "",
        "Key that signs sessions and links. Empty: made once and kept in secret.key in TENURE_HOME.",
        secret=True,
    ),
    Variable("TENURE_DEBUG", "boolean", "false", "Show details of errors in the browser. Never on a public address."),
    Variable("TENURE_HOST", "text", "127.0.0.1", "Address that `tenure serve` listens on."),
    Variable("TENURE_PORT", "port", "8000", "Port that `tenure serve` listens on, 1 to 65535."),
    Variable("TENURE_ALLOWED_HOSTS", "list", "localhost,127.0.0.1,[::1]", "Host names that are answered, by commas."),
    Variable(
        "TENURE_TRUSTED_ORIGINS", "list", "", "Addresses (https://NAME) from which forms are accepted, by commas."
    ),
    Variable("TENURE_HTTPS", "boolean", "false", "The server stands behind HTTPS: secure cookies, HSTS, redirects."),
    Variable("TENURE_HSTS_SUBDOMAINS", "boolean", "false", "Behind HTTPS: subdomains are HTTPS only too."),
    Variable(
        "TENURE_HSTS_PRELOAD",
        "boolean",
        "false",
        "With the former: the name may be put on the list that browsers come with. Hard to take back.",
    ),
    Variable("TENURE_API_RATE", "number", "600", "Requests a minute of one caller of the API; 0 = any number."),
    Variable("TENURE_UPLOAD_MB", "count", "512", "Size in MB that an uploaded file may have, 1 to 1024."),
    Variable("TENURE_UPLOADS_AN_HOUR", "number", "120", "Uploads that one caller may make in an hour; 0 = any number."),
    Variable(
        "TENURE_TRUSTED_PROXIES",
        "number",
        "0",
        "Proxies of yours in front of the server: so many addresses at the end of X-Forwarded-For are believed.",
    ),
    Variable(
        "TENURE_OWNER_PASSWORD", "text", "", "Password that `tenure create-owner` gives. Empty: none.", secret=True
    ),
    Variable("TENURE_SMTP_HOST", "text", "", "Mail server that sends invitations and resets. Empty: links to copy."),
    Variable("TENURE_SMTP_PORT", "port", "587", "Port of the mail server, 1 to 65535."),
    Variable("TENURE_SMTP_USER", "text", "", "Name to sign in to the mail server with. Empty: none."),
    Variable("TENURE_SMTP_PASSWORD", "text", "", "Password for the mail server.", secret=True),
    Variable("TENURE_SMTP_SECURITY", "choice", "starttls", "How mail is encrypted on its way.", choices=SMTP_SECURITY),
    Variable("TENURE_SMTP_FROM", "text", "tenure@localhost", "Address that mail comes from."),
    Variable(
        "TENURE_OIDC_ISSUER",
        "issuer",
        "",
        "OpenID Connect provider that members sign in with, such as https://login.example.com. Empty: none.",
    ),
    Variable("TENURE_OIDC_CLIENT_ID", "text", "", "Name by which the provider knows this installation."),
    Variable("TENURE_OIDC_CLIENT_SECRET", "text", "", "Secret that the provider gave with the name.", secret=True),
    Variable("TENURE_OIDC_NAME", "text", "OpenID Connect", "What the button on the sign-in page calls the provider."),
    Variable(
        "TENURE_PASSWORD_LOGIN", "boolean", "true", "Members may sign in by password. One-time links always work."
    ),
    Variable(
        "TENURE_TRACKING_PORT",
        "free_port",
        "8001",
        "Port at TENURE_HOST that events come in by, 1 to 65535; 0 = none are taken.",
    ),
    Variable(
        "TENURE_TRACKING_ORIGINS",
        "list",
        "",
        "Addresses (https://NAME) whose pages may send events from the browser, by commas; * = any. Empty: none.",
    ),
    Variable(
        "TENURE_TRACKING_DEDUPE_DAYS",
        "days",
        "7",
        "Days in which a message id that comes again is the same event sent twice, 1 to 31.",
    ),
    Variable(
        "TENURE_TRACKING_FREE",
        "size",
        "1GB",
        "Room that must be free on the disk of TENURE_HOME for events to be taken.",
    ),
    Variable(
        "TENURE_TRACKING_BACKLOG",
        "size",
        "4GB",
        "How much may wait in the journal for the lake before senders are asked to come later.",
    ),
    Variable(
        "TENURE_KEEP_EVENTS_MONTHS",
        "number",
        "0",
        "Whole months before the running one for which events are kept; 0 = for ever.",
    ),
    Variable(
        "TENURE_KEEP_REFUSED_MONTHS",
        "number",
        "0",
        "Whole months before the running one for which refused events are kept; 0 = for ever.",
    ),
    Variable(
        "TENURE_WEBHOOKS_PRIVATE",
        "boolean",
        "false",
        "Webhooks may go to private addresses (this machine, the network it is in) and by plain http.",
    ),
    Variable("TENURE_WEB_THREADS", "count", "4", "Requests that are answered at the same time, 1 or more."),
    Variable(
        "TENURE_ENGINE",
        "engine",
        ONE_MACHINE,
        "Engine that computes large answers: duckdb, or a Spark master such as local[*], spark://HOST:7077, yarn, k8s://..."
        " or sc://HOST.",
        secret=True,
    ),
    Variable(
        "TENURE_CLUSTER_ROWS",
        "rows",
        str(CLUSTER_ROWS),
        "With a Spark master: questions that read at least so many rows go to the cluster, smaller ones to DuckDB.",
    ),
    Variable(
        "TENURE_CLUSTER_MINUTES",
        "count",
        "15",
        "Minutes for which pages show an answer of the cluster before it is computed anew, 1 or more.",
    ),
    Variable(
        "TENURE_SPARK_SETTINGS", "pairs", "", "Settings of Spark, as spark.executor.memory=4g, by commas.", secret=True
    ),
    Variable("TENURE_MEMORY_LIMIT", "size", "2GB", "Memory that the engine of one process may use, such as 512MB."),
    Variable("TENURE_THREADS", "number", "0", "Threads of the engine; 0 = as many as the machine has cores."),
    Variable("TENURE_LANGUAGE", "choice", "en", "Language until a member chooses another.", choices=LANGUAGES),
    Variable(
        "TENURE_TIMEZONE",
        "timezone",
        "UTC",
        "Time zone of a new workspace, in which its days begin, such as Asia/Shanghai.",
    ),
    Variable(
        "TENURE_REPORTING_CURRENCY", "currency", "USD", "Reporting currency of a new workspace, as ISO 4217 code."
    ),
    Variable("TENURE_MIRROR_SECONDS", "number", "1", "Seconds between two looks for changes to mirror into the lake."),
    Variable("TENURE_LOG_LEVEL", "choice", "INFO", "What the server logs.", choices=LOG_LEVELS),
)
BY_NAME: Mapping[str, Variable] = {v.name: v for v in VARIABLES}


def refuse(variable: Variable, value: str, allowed: str) -> SettingRefused:
    """The error for a wrong value; a secret's value is not repeated."""
    shown = "(hidden)" if variable.secret else value
    return SettingRefused(
        "setting.refused",
        f"{variable.name} is {shown!r}, which is not allowed.",
        fix=f"Set {variable.name} to {allowed}, or remove it to use the default {variable.default!r}.",
        variable=variable.name,
        value=shown,
        allowed=allowed,
    )


def _boolean(variable: Variable, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise refuse(variable, text, "one of " + ", ".join((*_TRUE, *_FALSE)))


def _whole(lowest: int, highest: int) -> Callable[[Variable, str], int]:
    def read(variable: Variable, text: str) -> int:
        if text.isascii() and text.isdigit() and lowest <= int(text) <= highest:
            return int(text)
        raise refuse(variable, text, f"a whole number from {lowest} to {highest}")

    return read


def _choice(variable: Variable, text: str) -> str:
    if text not in variable.choices:
        raise refuse(variable, text, "one of " + ", ".join(variable.choices))
    return text


def _engine(variable: Variable, text: str) -> str:
    if not is_engine(text):
        raise refuse(variable, text, "duckdb, local[*], spark://HOST:PORT, yarn, k8s://ADDRESS or sc://HOST:PORT")
    return text


def _pairs(variable: Variable, text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if not all(sign and name.strip().startswith("spark.") for name, sign, _ in pairs):
        raise refuse(variable, text, "pairs such as spark.executor.memory=4g,spark.cores.max=8")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _size(variable: Variable, text: str) -> str:
    if not _SIZE.match(text):
        raise refuse(variable, text, "a size such as 512MB or 4GB")
    return text.replace(" ", "").upper()


def _timezone(variable: Variable, text: str) -> str:
    if text not in available_timezones():
        raise refuse(variable, text, "a name of the time zone database such as UTC or Asia/Shanghai")
    return text


def _currency(variable: Variable, text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise refuse(variable, text, "a three-letter ISO 4217 code such as USD or CNY")
    return text


def _database(variable: Variable, text: str) -> str:
    if text and not text.startswith(("postgresql://", "postgres://", "sqlite:///")):
        raise refuse(variable, text, "postgresql://USER:PASSWORD@HOST:PORT/NAME or sqlite:///PATH")
    return text


def _lake(variable: Variable, text: str) -> str:
    if text and storage.bucket_of(text) is None:
        raise refuse(variable, text, "s3://BUCKET/PREFIX, without percent signs, backslashes or empty steps")
    return text.rstrip("/")


def _issuer(variable: Variable, text: str) -> str:
    if text and not re.fullmatch(r"https://[^\s?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#]*)?", text):
        raise refuse(variable, text, "an address that begins with https://")
    return text.rstrip("/")


_READERS: Mapping[str, Callable[[Variable, str], Any]] = {
    "text": lambda _, text: text,
    "path": lambda _, text: Path(text).expanduser().absolute(),
    "list": lambda _, text: [part.strip() for part in text.split(",") if part.strip()],
    "boolean": _boolean,
    "issuer": _issuer,
    "lake": _lake,
    "port": _whole(1, 65535),
    "free_port": _whole(0, 65535),
    "days": _whole(1, 31),
    "count": _whole(1, 1024),
    "number": _whole(0, 3600),
    "rows": _whole(0, 10**15),
    "choice": _choice,
    "engine": _engine,
    "pairs": _pairs,
    "size": _size,
    "timezone": _timezone,
    "currency": _currency,
    "database": _database,
}


def _given(variable: Variable, environ: Mapping[str, str]) -> str | None:
    """The text of a setting as given, from the variable or from the file named by `NAME_FILE`."""
    text = environ.get(variable.name, "").strip()
    file = environ.get(f"{variable.name}_FILE", "").strip() if variable.secret else ""
    if text or not file:
        return text or None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except OSError as error:
        raise SettingRefused(
            "setting.unreadable_file",
            f"{variable.name}_FILE names {file!r}, which cannot be read: {error.strerror}.",
            fix="Make the file readable for this user, or name another one.",
            variable=f"{variable.name}_FILE",
            value=file,
        ) from error


def read(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Every setting by name, typed; raises SettingRefused at the first wrong one."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for variable in VARIABLES:
        given = _given(variable, environ)
        values[variable.name] = _READERS[variable.type](variable, variable.default if given is None else given)
    if values["TENURE_LAKE"]:
        storage.check_access(environ)
    return values


def limits(values: Mapping[str, Any]) -> dict[str, Any]:
    """How a workspace is opened: its engine, and the bounds of this process."""
    return {
        "memory_limit": values["TENURE_MEMORY_LIMIT"],
        "threads": values["TENURE_THREADS"] or None,
        "lake": values["TENURE_LAKE"],
        "engine": values["TENURE_ENGINE"],
        "cluster_rows": values["TENURE_CLUSTER_ROWS"],
        "cluster_settings": values["TENURE_SPARK_SETTINGS"],
    }


def octets(size: str) -> int:
    """The bytes of a size as a setting has it, such as 512MB."""
    power = ("KB", "MB", "GB", "TB").index(size[-2:]) + 1
    return int(float(size[:-2]) * 1024**power)


def database(url: str, home: Path) -> dict[str, Any]:
    """Django's description of the application store behind a `TENURE_DATABASE_URL`."""
    from urllib.parse import parse_qsl, unquote, urlsplit

    if not url or url.startswith("sqlite:///"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(home / "store.sqlite3") if not url else url.removeprefix("sqlite:///"),
            "OPTIONS": {
                "timeout": 60,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
                    "PRAGMA cache_size=-65536; PRAGMA journal_size_limit=67108864"
                ),
            },
        }
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


def oidc(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The OpenID Connect provider as the sign-in library reads it; none where no issuer is set."""
    if not values["TENURE_OIDC_ISSUER"]:
        return []
    return [
        {
            "provider_id": "oidc",
            "name": values["TENURE_OIDC_NAME"],
            "client_id": values["TENURE_OIDC_CLIENT_ID"],
            "secret": values["TENURE_OIDC_CLIENT_SECRET"],
            "settings": {"server_url": values["TENURE_OIDC_ISSUER"]},
        }
    ]


def secret_key(home: Path) -> str:
    """The key that signs sessions, kept in the workspace; without a workspace, one for this process alone."""
    import secrets

    file = home / "secret.key"
    if not home.is_dir():
        return secrets.token_urlsafe(48)
    if not file.exists():
        draft = home / f".secret.key.{os.getpid()}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):  # another process was first: its key holds
            os.link(draft, file)
        draft.unlink()
    return file.read_text(encoding="ascii").strip()
