"""Write constraints.txt: the exact version of every package that an installation, its tests and its build may use.

The resolver of pip is asked for what it would install today (nothing is installed), for the dependencies, the
extras, the development group and the build requirements of pyproject.toml. Run it by `make lock`, read the
difference, run the tests, commit the file. The file holds names and versions only: no address, no index.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = """\
# Exact versions for `pip install -c constraints.txt`. Made by `make lock` from pyproject.toml; do not edit by hand.
"""


def requirements() -> list[str]:
    """Everything pyproject.toml asks for, and the installer itself."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = list(project["project"]["dependencies"])
    for packages in project["project"].get("optional-dependencies", {}).values():
        wanted += packages
    wanted += [entry for entry in project["dependency-groups"]["dev"] if isinstance(entry, str)]
    wanted += project["build-system"]["requires"]
    return [*wanted, "pip", "setuptools", "wheel"]


def resolved(wanted: list[str]) -> dict[str, str]:
    """Name -> version of what the resolver would install on a machine that has nothing."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"),
                *("--report", str(report), *wanted),
            ],
            check=True,
        )
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {p["metadata"]["name"].lower().replace("_", "-"): p["metadata"]["version"] for p in packages}


def main() -> None:
    versions = resolved(requirements())
    lines = sorted(f"{name}=={version}" for name, version in versions.items())
    (ROOT / "constraints.txt").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
