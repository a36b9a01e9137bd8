"""What stands in the repository and what goes into the package."""

from __future__ import annotations

import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

ADDRESSES = re.compile(
    "://[a-z0-9.-]*(" + "|".join(("pypi", "pythonhosted", "npmjs", "yarnpkg", "jsdelivr", "unpkg", "debian")) + ")",
)
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(" + "|".join(("work", "root", "farm", "home")) + r")/\w")
NOT_TEXT = {".jpg", ".png", ".ico", ".woff2", ".xlsx", ".parquet", ".mo", ".gz"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is not a clone: git knows no files here")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    return [
        (path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in tracked()
        if path.suffix not in NOT_TEXT and path.stat().st_size < 2_000_000
    ]


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    wrong = [
        f"{name}:{number}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if ADDRESSES.search(line) or MACHINE_PATHS.search(line)
    ]
    assert not wrong


def test_constraints_are_exact_versions_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][\w.!+-]*", line) for line in pins)
    assert pins == sorted(pins)


def test_constraints_pin_everything_that_is_asked_for() -> None:
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [
        *PROJECT["project"]["dependencies"],
        *PROJECT["build-system"]["requires"],
        *PROJECT["dependency-groups"]["dev"],
        *(package for packages in extras.values() for package in packages),
    ]
    names = {re.split(r"[\[<>=~! ]", requirement)[0].lower().replace("_", "-") for requirement in wanted}
    assert names <= pinned, "run `make lock`"


def test_the_licence_is_the_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert PROJECT["project"]["license-files"] == ["LICENSE"]
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert all(f"   {n}. " in text for n in range(1, 10))
    assert "END OF TERMS AND CONDITIONS" in text


def test_the_lock_file_of_the_pages_scripts_names_no_address() -> None:
    for folder in ("frontend", "tests/clients"):
        assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")


def test_the_changelog_begins_with_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


@pytest.mark.slow
def test_the_wheel_holds_everything_the_package_reads(tmp_path: Path) -> None:
    """SQL, templates, styles and translations are data: a wheel without them installs, and fails when it is used."""
    build = pytest.importorskip("hatchling.builders.wheel", reason="hatchling is not installed")
    wheel = next(iter(build.WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))
    names = set(zipfile.ZipFile(wheel).namelist())
    package = ROOT / "src" / "tenure"
    wanted = {
        path.relative_to(package.parent).as_posix()
        for path in tracked()
        if path.is_relative_to(package) and path.suffix not in {".po", ".pot"} and path.name != "ruff.toml"
    }
    assert wanted <= names
    assert any(name.startswith("tenure/web/static/build/") and name.endswith(".js") for name in names)
    assert {f"tenure/locale/{code}/LC_MESSAGES/django.mo" for code in ("en", "zh_Hans")} <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "bench/")) or "node_modules" in name]
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
