"""A backup is of one moment, whole or not there, and gives the same answers; what is not one is refused."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
def test_what_is_not_a_whole_backup_is_refused_and_nothing_written(shell: Any, tmp_path: Path) -> None:
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
    for name, (content, said) in cases.items():
        (tmp_path / "bad").write_bytes(content)
        done = shell("restore", "bad", "--home", "new")
        assert (done.returncode, any(words in done.stderr for words in said)) == (2, True), (name, done.stderr)
        assert not (tmp_path / "new").exists()
        assert not list(tmp_path.glob(".new*"))
    assert "no file" in shell("restore", "nothing", "--home", "new").stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    assert "not an empty folder" in shell("restore", "b.tenure", "--home", "full").stderr
    assert "already a file" in shell("backup", "b.tenure").stderr
    assert (tmp_path / "b.tenure").read_bytes() == whole
    assert shell("backup", "no-folder/b.tenure").returncode == 2


def test_a_file_with_a_manifest_that_lies_is_refused(home: Path, db: None) -> None:
    import hashlib

    from tenure.apps.workspaces.services import archive, restore
    from tenure.apps.workspaces.services.archive import BackupRefused

    def made(name: str, content: bytes) -> Path:
        file = home.parent / f"{hashlib.sha256(name.encode()).hexdigest()}.tenure"
        with archive.new_file(file) as stream:
            writer = archive.Writer(stream)
            writer.add(name, content)
            writer.close({"home": "/", "store": {"kind": "sqlite", "rows": {}, "migrations": []}, "lake": {}})
        return file

    assert restore.examine(made("workspace.json", b"{}"))["entries"]["workspace.json"]["bytes"] == 2
    for name in ("../escaped", "/etc/passwd", "lake/../../x", "other.txt"):
        with pytest.raises(BackupRefused, match="damaged"):
            restore.examine(made(name, b"x"))


def process(environ: dict[str, str], folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tenure.config.cli", *arguments]
    return subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)


def wait(until: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.02)


@pytest.mark.slow
def test_a_backup_while_another_process_imports_mirrors_and_compacts(
    shell: Any, script: Any, filled: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    files = [write(tmp_path / f"more{n}.csv", range(n * 20_000, (n + 1) * 20_000)) for n in range(1, 4)]
    worker = process(environ, tmp_path, "work")
    importing = process(environ, tmp_path, "import", "subscriptions", *map(str, files))
    try:
        wait(lambda: any((filled / "imports").glob("*/staged*")))
        for number in range(3):
            done = shell("backup", f"b{number}.tenure")
            assert done.returncode == 0, done.stderr
        assert importing.wait(120) == 0
    finally:
        importing.kill()
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    assert shell("backup", "last.tenure").returncode == 0
    for name in ("b0", "b1", "b2", "last"):
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
    shell: Any, filled: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    shell("import", "subscriptions", str(write(tmp_path / "many.csv", range(1000, 60_000))))
    shell("backup", "good.tenure")
    folder = tmp_path / "out"
    folder.mkdir()
    for target, sign, arguments in (
        (folder / "b.tenure", filled / ".backup", ("backup", "out/b.tenure")),
        (folder / "new", folder / ".new.restoring", ("restore", "good.tenure", "--home", "out/new")),
    ):
        running = process(environ, tmp_path, *arguments)
        wait(sign.exists)
        running.kill()
        running.wait()
        assert not target.exists()
        assert not list(folder.glob("*.tenure"))
        done = shell(*arguments)
        assert done.returncode == 0, done.stderr
        assert target.exists()
        assert not sign.exists()
        target.rename(tmp_path / target.name)
