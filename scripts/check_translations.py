"""Check that every visible string is translated, whole and well set.

    python scripts/check_translations.py              report what is wrong; exit status 1 if anything is
    python scripts/check_translations.py --write      bring the .po files up to date with the strings of the code
    python scripts/check_translations.py --write --take FILE.po ...    the same, with translations from other files

Refused: a string without a Chinese translation or with a fuzzy one; other places than in the English; half-width
punctuation beside Chinese; text in a template that is not marked; a sentence glued from translated pieces; a marked
string that begins or ends with a space, or is not literal. Needs no gettext programs.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tenure"
LOCALE = SOURCE / "locale"
LANGUAGES = {"en": ("en", "nplurals=2; plural=(n != 1);"), "zh_Hans": ("zh_Hans", "nplurals=1; plural=0;")}
SINGLE = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL = {"ngettext", "ngettext_lazy"}
SHOWN_ATTRIBUTES = {"title", "aria-label", "alt", "placeholder", "label"}
NOT_WORDS = {"code", "pre", "script", "style"}
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}|%%")
HAN = r"[\u4e00-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}[,;:!?()]|[,;:!?()]{HAN}|{HAN}\.(?:\s|$)")
TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
COMMENT = re.compile(r"{%\s*comment\b.*?{%\s*endcomment\s*%}", re.DOTALL)
TRANSLATE = re.compile(r"""{%\s*trans(?:late)?\s+("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(.*?)%}""", re.DOTALL)
BLOCK = re.compile(
    r"{%\s*blocktrans(?:late)?\b(?P<head>.*?)%}(?P<one>.*?)(?:{%\s*plural\s*%}(?P<many>.*?))?{%\s*endblocktrans(?:late)?\s*%}",
    re.DOTALL,
)
GLUED = re.compile(
    r"(?:{%\s*trans(?:late)?\b[^%]*%}|{%\s*endblocktrans(?:late)?\s*%})[\s\w,.:;]*"
    r"(?:{%\s*(?:block)?trans(?:late)?\b|{{)|}}[\s\w,.:;]*{%\s*(?:block)?trans(?:late)?\b"
)


@dataclass(frozen=True, slots=True)
class Marked:
    """A string that is shown, where it is, and its plural if it has one."""

    text: str
    plural: str | None
    place: str


Problems = list[str]


# ------------------------------------------------------------------------------------------------------------ Python


def _is_marking(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def in_python(path: Path, problems: Problems) -> Iterator[Marked]:
    """The marked strings of a Python file; what is glued or not literal goes into `problems`."""
    place = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        line = f"{place}:{getattr(node, 'lineno', 0)}"
        glued = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add))
        if glued and any(_is_marking(child, SINGLE | PLURAL) for child in _pieces(node)):
            problems.append(f"{line}: a sentence is glued from translated pieces; mark it whole, with named places")
        if _is_marking(node, SINGLE | PLURAL):
            assert isinstance(node, ast.Call)
            wanted = node.args[: 2 if _is_marking(node, PLURAL) else 1]
            texts = [a.value for a in wanted if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if any(isinstance(a, ast.JoinedStr | ast.BinOp) for a in wanted):
                problems.append(f"{line}: a marked string is put together; mark a literal with named places")
            elif len(texts) == len(wanted) and texts:
                if any(text != text.strip() for text in texts):
                    problems.append(
                        f"{line}: a piece of a sentence begins or ends with a space; mark the whole: {texts[0]!r}"
                    )
                yield Marked(texts[0], texts[1] if len(texts) > 1 else None, place)


def _pieces(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield value.value
    elif isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            yield side.left if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Mod) else side


# --------------------------------------------------------------------------------------------------------- templates


def in_template(path: Path, problems: Problems) -> Iterator[Marked]:
    """The marked strings of a template; what is shown and not marked goes into `problems`."""
    place = path.relative_to(ROOT).as_posix()
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    for found in TRANSLATE.finditer(text):
        yield Marked(ast.literal_eval(found[1]), None, place)
    for found in BLOCK.finditer(text):
        forms = [_block_text(part, "trimmed" in found["head"]) for part in (found["one"], found["many"]) if part]
        yield Marked(forms[0], forms[1] if len(forms) > 1 else None, place)
    if path.suffix == ".html":
        for found in GLUED.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            problems.append(f"{place}:{line}: a sentence is glued from pieces; use blocktranslate: {found[0][:60]!r}")
        plain = TAG.sub(lambda tag: " " if tag[0].startswith("{{") else "", BLOCK.sub("", text))
        words = _Words()
        words.feed(plain if "<" in plain else "")  # without an element it is a part of one: attributes
        problems.extend(f"{place}: not marked for translation: {word!r}" for word in words.found)


def _block_text(part: str, trimmed: bool) -> str:
    text = re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", part.replace("%", "%%"))
    return " ".join(line.strip() for line in text.strip().splitlines()) if trimmed else text


class _Words(HTMLParser):
    """Collects the words a reader would see in HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in NOT_WORDS
        self.found += [value.strip() for name, value in attrs if name in SHOWN_ATTRIBUTES and _is_word(value or "")]

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in NOT_WORDS

    def handle_data(self, data: str) -> None:
        if not self._quiet and _is_word(data):
            self.found.append(data.strip())


def _is_word(text: str) -> bool:
    return any(c.isalpha() for c in text)


# -------------------------------------------------------------------------------------------------------- catalogues


def marked(problems: Problems) -> dict[str, Marked]:
    """Every marked string of the product, by its English text, in the order of the files."""
    found: dict[str, Marked] = {}
    for path in sorted(SOURCE.rglob("*")):
        if path.suffix == ".py":
            strings = in_python(path, problems)
        elif path.suffix in (".html", ".txt") and "templates" in path.parts:
            strings = in_template(path, problems)
        else:
            continue
        for string in strings:
            known = found.setdefault(string.text, string)
            if known.plural is None and string.plural is not None:
                found[string.text] = string
    return found


def catalogue(language: str) -> Catalog:
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return Catalog(locale=LANGUAGES[language][0])
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGES[language][0])


def wrong_in_chinese(strings: dict[str, Marked], chinese: Catalog) -> Problems:
    """What is missing, fuzzy, stale or badly set in the Chinese catalogue."""
    problems = []
    for string in strings.values():
        message = chinese.get(string.text)
        said = "" if message is None else message.string
        forms = list(said) if isinstance(said, list | tuple) else [said]
        name = f"{string.place}: {string.text!r}"
        if message is None or not all(forms):
            problems.append(f"{name} has no Chinese translation")
            continue
        if message.fuzzy:
            problems.append(f"{name} has a fuzzy Chinese translation")
        for form in forms:
            places = sorted(set(PLACES.findall(form)))
            if places != sorted(set(PLACES.findall(string.plural or string.text))):
                problems.append(f"{name} has other places in Chinese: {', '.join(places) or 'none'}")
            if HALF_WIDTH.search(form):
                problems.append(f"{name}: half-width punctuation beside Chinese in {form!r}")
    stale = [m.id if isinstance(m.id, str) else m.id[0] for m in chinese if m.id]
    problems += [f"the Chinese catalogue has {text!r}, which nothing shows" for text in stale if text not in strings]
    return problems


def write(strings: dict[str, Marked], taken: list[Path]) -> None:
    """Bring every catalogue up to date: known translations stay, new strings are empty, unused ones go."""
    others = []
    for path in taken:
        with path.open("rb") as file:
            others.append(read_po(file, locale="zh_Hans"))
    for language, (locale, plural_forms) in LANGUAGES.items():
        known = catalogue(language)
        fresh = Catalog(
            locale=locale, project="Tenure", charset="utf-8", header_comment="# Translations of Tenure, Apache-2.0."
        )
        for string in sorted(strings.values(), key=lambda s: (s.place, s.text)):
            identity = string.text if string.plural is None else (string.text, string.plural)
            sources = [*(others if language == "zh_Hans" else []), known]
            said = next((s for c in sources if (s := _translation(c, string))), "")
            flags = {"python-format"} if "%(" in string.text else set()
            fresh.add(identity, _shaped(said, string, fresh.num_plurals), [(string.place, None)], flags=flags)
        path = LOCALE / language / "LC_MESSAGES" / "django.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, fresh, width=110, sort_by_file=False, include_lineno=False, omit_header=True)
        body = path.read_text(encoding="utf-8")
        path.write_text(_header(language, plural_forms) + body, encoding="utf-8")


def _header(language: str, plural_forms: str) -> str:
    fields = {
        "Project-Id-Version": "Tenure",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": plural_forms,
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'# Translations of Tenure, Apache-2.0.\nmsgid ""\nmsgstr ""\n{lines}\n'


def _translation(source: Catalog, string: Marked) -> str:
    message = source.get(string.text)
    if message is None or message.fuzzy:
        return ""
    return message.string[0] if isinstance(message.string, list | tuple) else message.string


def _shaped(said: str, string: Marked, plurals: int) -> str | tuple[str, ...]:
    if string.plural is None:
        return said
    return (said,) if plurals == 1 else ("",) * plurals


def main(arguments: list[str]) -> int:
    problems: Problems = []
    strings = marked(problems)
    if "--write" in arguments:
        write(strings, [Path(a) for a in arguments if a.endswith(".po")])
    problems += wrong_in_chinese(strings, catalogue("zh_Hans"))
    for problem in problems:
        print(problem)
    print(f"{len(strings)} strings, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
