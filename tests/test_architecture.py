"""The rules of the house that import-linter cannot see: foreign keys, file sizes, names of rooms and engines."""

from __future__ import annotations

import ast
import re
import tomllib
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tenure"
APPS = SOURCE / "apps"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = PROJECT["tool"]["importlinter"]["contracts"]
PYTHON = sorted(p for folder in ("src", "tests", "bench", "scripts") for p in (ROOT / folder).rglob("*.py"))

LONGEST = 700
"""Lines of a file: longer ones are split by subject."""

LINKS = {"ForeignKey", "OneToOneField", "ManyToManyField"}

GENERATED = {"build", "migrations", "node_modules"}
MADE = "\n<!-- Below this line the page is made from the code"

NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc"}

ENGINE_FREE = ("core", "warehouse/measures", "warehouse/questions")
"""Rooms that must give the same answer on every engine, so none may know one."""
ENGINE = re.compile(r"\b(duckdb|spark|pyspark|datafusion)\b", re.IGNORECASE)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def app_order() -> list[str]:
    """The apps from the highest to the lowest, as import-linter has them."""
    layers = next(c for c in CONTRACTS if c["name"] == "Apps")["layers"]
    return [name.strip().strip("()") for layer in layers for name in layer.split("|")]


def apps() -> list[str]:
    return sorted(p.parent.name for p in APPS.glob("*/__init__.py"))


def test_every_app_has_its_place_and_its_models_are_protected() -> None:
    protected = {m for c in CONTRACTS if c["type"] == "protected" for m in c["protected_modules"]}
    with_models = {f"tenure.apps.{a}.models" for a in apps() if list((APPS / a).glob("models*"))}
    assert set(apps()) <= set(app_order())
    assert with_models <= protected


def test_foreign_keys_follow_the_order_of_the_apps() -> None:
    from django.apps import apps as installed

    order = app_order()
    wrong = []
    for model in installed.get_models():
        label = model._meta.app_label
        for field in model._meta.get_fields():
            target = field.remote_field.model if getattr(field, "concrete", False) and field.remote_field else None
            if target is None or label not in order or target._meta.app_label not in order:
                continue
            if order.index(label) > order.index(target._meta.app_label):
                wrong.append(f"{label}.{model.__name__}.{field.name} -> {target._meta.label}")
    assert not wrong, "a link between two apps lives in the upper one"


@pytest.mark.parametrize("app", apps())
def test_foreign_keys_to_other_apps_are_written_as_strings(app: str) -> None:
    """An imported class of another app's models would be an import the protected contract refuses; a string is not."""
    wrong = []
    for path in (APPS / app).rglob("models*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") not in LINKS:
                continue
            target = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "to"), None)
            if isinstance(target, ast.Attribute) and not ast.unparse(target).startswith("settings."):
                wrong.append(f"{relative(path)}:{node.lineno} {ast.unparse(target)}")
    assert not wrong


def test_no_file_is_too_long() -> None:
    """What people write: first migrations are by Django, `build` holds what was built, pages end with made tables."""
    kinds = ("*.py", "*.sql", "*.html", "*.css", "*.js", "*.mjs", "*.md")
    roots = (SOURCE, ROOT / "tests", ROOT / "bench", ROOT / "scripts", ROOT / "docs", ROOT / "frontend" / "src")
    written = (path for root, kind in product(roots, kinds) for path in root.rglob(kind))
    texts = {p: p.read_text(encoding="utf-8").partition(MADE)[0] for p in written if not GENERATED & {*p.parts}}
    lengths = {p: len(text.splitlines()) for p, text in texts.items()}
    assert not {relative(path): lines for path, lines in lengths.items() if lines > LONGEST}


def test_no_room_is_without_a_name() -> None:
    assert not [relative(p) for p in PYTHON if NAMELESS & {*p.relative_to(ROOT).parts, p.stem}]


def test_no_module_of_the_package_is_called_tests() -> None:
    assert not [relative(p) for p in SOURCE.rglob("tests.py")]


@pytest.mark.parametrize("room", ENGINE_FREE)
def test_measures_kernels_and_questions_know_no_engine(room: str) -> None:
    """Comments and docstrings may name one; code may not, but for the dialect that the SQL files are written in."""
    wrong = []
    for path in sorted((SOURCE / room).rglob("*")):
        if path.suffix == ".sql":
            wrong += [relative(path)] if ENGINE.search(statements(path)) else []
        elif path.suffix == ".py":
            lines = path.read_text(encoding="utf-8").splitlines()
            named = {n for n, text in names_and_strings(path) if ENGINE.search(text)}
            wrong += [f"{relative(path)}:{n}" for n in sorted(named) if not lines[n - 1].startswith("DIALECT = ")]
    assert not wrong


def names_and_strings(path: Path) -> list[tuple[int, str]]:
    """Every name, attribute, import and string of a module, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    prose = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.append((node.lineno, node.id))
        elif isinstance(node, ast.Attribute):
            found.append((node.lineno, node.attr))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found.append((node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found.append((node.lineno, node.value))
    return found


def statements(path: Path) -> str:
    """A SQL file without its comments and text literals."""
    return re.sub(r"--[^\n]*|/\*.*?\*/|'[^']*'", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_money_is_never_divided_or_multiplied_in_sql() -> None:
    """Decimal division is DOUBLE in one engine and a product loses scale in another: prices are made on load."""
    star = re.compile(r"\(\s*\*\s*\)|\bselect\s+(distinct\s+)?(\w+\.)?\*|,\s*(\w+\.)?\*", re.IGNORECASE)
    measures = (SOURCE / "warehouse" / "measures").rglob("*.sql")
    assert not [relative(path) for path in measures if re.search(r"[/*]", star.sub("", statements(path)))]


def test_every_module_of_the_package_says_what_it_is() -> None:
    silent = [
        relative(p)
        for p in SOURCE.rglob("*.py")
        if "migrations" not in p.parts
        and (tree := ast.parse(p.read_text(encoding="utf-8"))).body
        and ast.get_docstring(tree) is None
    ]
    assert not silent


def test_migrations_have_names() -> None:
    assert not [relative(p) for p in APPS.rglob("migrations/*.py") if "auto_" in p.name]


def test_exceptions_are_never_caught_bare() -> None:
    wrong = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                wrong.append(f"{relative(path)}:{node.lineno}")
    assert not wrong
