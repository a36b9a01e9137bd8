"""What `tenure doctor` looks at: one function, one line of the report."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from tenure.config.texts import text as _
from tenure.core.errors import TenureError
from tenure.warehouse.engines.names import ONE_MACHINE

LEAST_FREE = 1 << 30
NEAR = {"localhost", "127.0.0.1", "[::1]"}
"""Names at which a server is reached from its own machine alone."""


def findings() -> Iterator[tuple[str, str | None]]:
    """(what was checked, what is wrong with it or None)."""
    from django.conf import settings

    home = Path(settings.TENURE_HOME)
    yield _("folder of the workspace"), _folder(home)
    yield _("secret key"), _secret(home)
    yield _("HTTPS"), _https()
    yield _("store"), _store()
    yield _("mirror"), _mirror()
    yield _("lake"), _lake()
    yield _("journal of events"), _journal(home)
    yield _("members"), _members()
    if settings.TENURE_LIMITS["engine"] != ONE_MACHINE:
        yield _("cluster"), _cluster()


def _folder(home: Path) -> str | None:
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE:
        return _("only {megabytes} MB are free on its disk; make room").format(megabytes=free >> 20)
    return None


def _secret(home: Path) -> str | None:
    file = home / "secret.key"
    if file.exists() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        return _("others can read secret.key; run: chmod 600 {file}").format(file=file)
    return None


def _https() -> str | None:
    """Whether what browsers are told fits how the server is reached."""
    from django.conf import settings
    from django.core.checks import run_checks

    far = [host for host in settings.ALLOWED_HOSTS if host not in NEAR]
    if not settings.HTTPS:
        if not far:
            return None
        return _(
            "{host} is answered without HTTPS: passwords travel in the open. Put a proxy with TLS in front and set"
            " TENURE_HTTPS=true"
        ).format(host=far[0])
    wrong = [str(check.msg) for check in run_checks(include_deployment_checks=True) if not check.is_silenced()]
    return "; ".join(wrong) or None


def _store() -> str | None:
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA quick_check(1)")
            said = cursor.fetchone()[0]
            if said != "ok":
                return _("SQLite reports: {said}. Restore the store from a backup").format(said=said)
    return None


def _mirror() -> str | None:
    from tenure.apps.workspaces.services import lake

    try:
        lake.flush()
        wrong = lake.differences()
    except TenureError as problem:
        return str(problem)
    if wrong:
        tables = ", ".join(
            _("{table}: {stored} in the store, {mirrored} in the lake").format(table=table, stored=a, mirrored=b)
            for table, (a, b) in wrong.items()
        )
        return _("{tables}; run: tenure replay").format(tables=tables)
    return None


def _lake() -> str | None:
    from tenure.apps.workspaces.services import lake

    try:
        missing = lake.lake().missing()
    except TenureError as problem:
        return str(problem)
    if missing:
        return _("{count} files are missing, such as {file}; restore the lake from a backup").format(
            count=len(missing), file=missing[0]
        )
    return None


def _journal(home: Path) -> str | None:
    from tenure.warehouse.arrivals import flusher, journal

    failed = flusher.state(home / "journal").get("error")
    if failed:
        return _("what came in could not be written into the lake: {reason}").format(reason=failed)
    damaged = journal.damaged(home / "journal")
    if damaged:
        return _("{count} segments were damaged on the disk, such as {file}; check the disk, and delete them").format(
            count=len(damaged), file=damaged[0]
        )
    return None


def _members() -> str | None:
    from tenure.apps.workspaces import selectors

    if not selectors.members().filter(role="owner", is_active=True).exists():
        return _("there is no owner yet; run: tenure create-owner ADDRESS")
    return None


def _cluster() -> str | None:
    """Whether the cluster answers, and its machines have what the questions need."""
    from django.conf import settings

    import tenure
    from tenure.warehouse.engines import checking

    cluster = tenure.open(settings.TENURE_HOME, **settings.TENURE_LIMITS).engine.cluster
    assert cluster is not None
    try:
        machines = checking.executors(cluster)
    except TenureError as problem:
        return str(problem)
    finally:
        cluster.close()
    for machine in machines:
        if machine.unread:
            return _("{host} cannot read the lake ({reason}); mount it there at the same place").format(
                host=machine.host, reason=machine.unread
            )
        for name, there, here in checking.differing(machine):
            return _("{host} has {name} {there}, this machine {here}; install the same version on both").format(
                host=machine.host, name=name, there=there or _("not at all"), here=here
            )
    return None
