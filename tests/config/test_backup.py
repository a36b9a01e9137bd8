"""A backup is of one moment, whole or not there, and gives the same answers; what is not one is refused."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buckets import served, without_buckets

HEAD = "account_id,subscription_id,amount,start\n"


def write(file: Path, rows: range) -> Path:
    lines = (f"a{n % 997},s{n},{n % 90 + 1},2024-{n % 12 + 1:02}-01\n" for n in rows)
    file.write_text(HEAD + "".join(lines), encoding="utf-8")
    return file


@pytest.fixture
def filled(script: Any, tmp_path: Path) -> Path:
    """A workspace with contacts and subscriptions; gives its folder."""
    contacts = tmp_path / "contacts.csv"
    contacts.write_text("contact_id,account_id,name\nc1,a1,Zoe\nc1,a1,Zoë\n,a2,Nobody\n", encoding="utf-8")
    file = write(tmp_path / "s.csv", range(200))
    owner = ("create-owner", "olga@example.com")
    done = script(("import", "subscriptions", str(file)), owner, ("import", "contacts", str(contacts)))
    assert (done.returncode, "report" in done.stderr) == (2, True), done.stderr
    return tmp_path / "home"


def answers(script: Any, home: Path) -> str:
    """What the workspace answers: movements and anomalies, and what was imported."""
    asked = script(*(("ask", *words, "--format", "csv") for words in QUESTIONS), TENURE_HOME=str(home))
    assert asked.returncode == 0, asked
    assert "2024-01" in asked.stdout
    return str(asked.stdout)


QUESTIONS = (("movements", "--from", "2024-01", "--to", "2024-12"), ("anomalies",))


def test_a_backup_is_restored_with_the_same_answers(shell: Any, script: Any, filled: Path, tmp_path: Path) -> None:
    file, new = tmp_path / "b.tenure", tmp_path / "new"
    done = shell("backup", str(file))
    assert done.returncode == 0, done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    before = answers(script, filled)
    done = shell("restore", str(file), "--home", str(new))
    assert done.returncode == 0, done.stderr
    assert not (new / "secret.key").exists()
    assert answers(script, new) == before
    healthy = shell("doctor", TENURE_HOME=str(new))
    assert healthy.returncode == 0, healthy.stdout
    report = shell("imports", TENURE_HOME=str(new)).stdout
    assert "contacts.csv" in report
    with sqlite3.connect(new / "store.sqlite3") as store:
        (place,) = store.execute("SELECT report_path FROM workspaces_importrun WHERE report_path <> ''").fetchone()
    assert Path(place).is_relative_to(new)
    assert Path(place).exists()
    assert sorted(p.name for p in filled.iterdir() if p.name.startswith(".")) == []


def test_secrets_come_only_when_asked_for(shell: Any, filled: Path, tmp_path: Path) -> None:
    assert shell("backup", "b.tenure", "--with-secrets").returncode == 0
    (tmp_path / "new").mkdir()
    assert shell("restore", "b.tenure", TENURE_HOME=str(tmp_path / "new")).returncode == 0
    assert (tmp_path / "new" / "secret.key").read_bytes() == (filled / "secret.key").read_bytes()
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("filled")
def test_what_is_not_a_whole_backup_is_refused_and_nothing_written(shell: Any, each: Any, tmp_path: Path) -> None:
    shell("backup", "b.tenure")
    whole = (tmp_path / "b.tenure").read_bytes()
    chance = random.Random(7)
    flipped = bytearray(whole)
    flipped[chance.randrange(len(whole) // 3, len(whole) // 2)] ^= 0x10
    cases = {
        "cut in half": (whole[: len(whole) // 2], ("damaged",)),
        "cut at the end": (whole[:-200], ("damaged",)),
        "one bit altered": (bytes(flipped), ("damaged", "not a backup")),  # the bit may fall into a file's name
        "a spreadsheet": (HEAD.encode() * 100, ("not a backup",)),
        "empty": (b"", ("not a backup",)),
    }
    for name, (content, _said) in cases.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    tried = {
        "a file in its place": (("backup", "b.tenure"), ("already a file",)),
        "no such folder": (("backup", "no-folder/b.tenure"), ("no-folder",)),
        **{name: (("restore", name, "--home", "new"), said) for name, (_content, said) in cases.items()},
        "a file that is not there": (("restore", "nothing", "--home", "new"), ("no file",)),
        "a folder in use": (("restore", "b.tenure", "--home", "full"), ("not an empty folder",)),
    }
    done = each(*(command for command, _said in tried.values()))
    for (name, (_command, said)), (code, told) in zip(tried.items(), done, strict=True):
        assert (code, any(words in told for words in said)) == (2, True), (name, told)
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))
    assert (tmp_path / "b.tenure").read_bytes() == whole


def packed(file: Path, name: str, content: bytes) -> Path:
    """A whole backup with one entry."""
    from tenure.apps.workspaces.services import archive

    with archive.new_file(file) as stream:
        writer = archive.Writer(stream)
        writer.add(name, content)
        writer.close({"home": "/", "store": {"kind": "sqlite", "rows": {}, "migrations": []}, "lake": {}})
    return file


def test_a_file_with_a_manifest_that_lies_is_refused(home: Path, db: None) -> None:
    from tenure.apps.workspaces.services import restore
    from tenure.apps.workspaces.services.archive import BackupRefused

    good = packed(home.parent / "good.tenure", "workspace.json", b"{}")
    assert restore.examine(good)["entries"]["workspace.json"]["bytes"] == 2
    for number, name in enumerate(("../escaped", "/etc/passwd", "lake/../../x", "other.txt")):
        with pytest.raises(BackupRefused, match="damaged"):
            restore.examine(packed(home.parent / f"{number}.tenure", name, b"x"))


def test_no_altered_byte_is_taken_or_trips(home: Path, db: None) -> None:
    from tenure.apps.workspaces.services import restore
    from tenure.apps.workspaces.services.archive import BackupRefused

    file = packed(home.parent / "b.tenure", "workspace.json", random.Random(1).randbytes(500))
    whole, known, chance = file.read_bytes(), restore.examine(file), random.Random(7)
    refused = 0
    for _ in range(500):
        altered = bytearray(whole)
        altered[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(altered)
        try:
            assert restore.examine(file) == known  # the packing has bits that mean nothing
        except BackupRefused:
            refused += 1
    assert refused > 450


def wait(until: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_backup_while_another_process_imports_mirrors_and_compacts(
    shell: Any, script: Any, started: Any, filled: Path, tmp_path: Path
) -> None:
    files = [write(tmp_path / f"more{n}.csv", range(n * 20_000, (n + 1) * 20_000)) for n in (1, 2)]
    worker = started("work")
    importing = started("import", "subscriptions", *map(str, files))
    try:
        wait(lambda: any((filled / "imports").glob("*/staged*")))
        for number in range(2):
            done = shell("backup", f"b{number}.tenure")
            assert done.returncode == 0, done.stderr
        assert importing.wait().returncode == 0
    finally:
        worker.stop()
        worker.wait()
    assert shell("backup", "last.tenure").returncode == 0
    for name in ("b0", "b1", "last"):
        new = tmp_path / name
        assert shell("restore", f"{name}.tenure", "--home", name).returncode == 0
        healthy = shell("doctor", TENURE_HOME=str(new))
        assert healthy.returncode == 0, healthy.stdout
        with sqlite3.connect(new / "store.sqlite3") as store:
            (rows,) = store.execute("SELECT COUNT(*) FROM subscriptions_subscriptionversion").fetchone()
            (applied,) = store.execute(
                "SELECT SUM(created + changed) FROM workspaces_importrun WHERE state = 'applied' AND kind <> 'contacts'"
            ).fetchone()
        assert rows == applied
    assert answers(script, tmp_path / "last") == answers(script, filled)


@pytest.mark.slow
def test_a_killed_backup_and_a_killed_restore_leave_nothing_half(
    shell: Any, started: Any, filled: Path, tmp_path: Path
) -> None:
    shell("import", "subscriptions", str(write(tmp_path / "many.csv", range(1000, 60_000))))
    shell("backup", "good.tenure")
    folder = tmp_path / "out"
    folder.mkdir()
    for target, sign, arguments in (
        (folder / "b.tenure", filled / ".backup", ("backup", "out/b.tenure")),
        (folder / "new", folder / ".new.restoring", ("restore", "good.tenure", "--home", "out/new")),
    ):
        running = started(*arguments)
        wait(sign.exists)
        running.kill()
        assert not target.exists()
        assert not list(folder.glob("*.tenure"))
        done = shell(*arguments)
        assert done.returncode == 0, done.stderr
        assert target.exists()
        assert not sign.exists()
        target.rename(tmp_path / target.name)


def test_a_backup_takes_a_lake_into_a_bucket_and_back(shell: Any, script: Any, filled: Path, tmp_path: Path) -> None:
    missing = without_buckets()
    if missing:
        pytest.skip(missing)
    before = answers(script, filled)
    assert shell("backup", "near.tenure").returncode == 0
    with served() as server:
        server.make("lake-of-tests")
        there = {**server.environ, "TENURE_LAKE": "s3://lake-of-tests/租户/lake"}
        done = shell("restore", "near.tenure", "--home", "away", **there)
        assert done.returncode == 0, done.stderr
        away = tmp_path / "away"
        assert not (away / "lake").exists()
        done = shell("restore", "near.tenure", "--home", "again", **there)
        assert (done.returncode, "There are objects at s3://lake-of-tests" in done.stderr) == (2, True), done.stderr
        assert not (tmp_path / "again").exists()
        there["TENURE_HOME"] = str(away)
        healthy = shell("doctor", **there)
        assert healthy.returncode == 0, healthy.stdout
        more = write(tmp_path / "more.csv", range(500, 520))
        assert shell("import", "subscriptions", str(more), **there).returncode == 0
        asked = shell("ask", *QUESTIONS[0], "--format", "csv", **there).stdout
        assert asked not in before
        done = shell("backup", "away.tenure", **there)
        assert done.returncode == 0, done.stderr
        server.process.kill()
        server.process.wait()
        sick = shell("doctor", **there)
        assert (sick.returncode, "does not answer" in sick.stdout) == (1, True), sick.stdout
        assert server.environ["AWS_SECRET_ACCESS_KEY"] not in sick.stdout + sick.stderr
    done = shell("restore", "away.tenure", "--home", "back")
    assert done.returncode == 0, done.stderr
    assert shell("ask", *QUESTIONS[0], "--format", "csv", TENURE_HOME=str(tmp_path / "back")).stdout == asked
