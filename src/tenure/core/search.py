"""Finding and sorting names: hides width, case and how Chinese is spelled in Latin letters.

A name is found by itself, by its pinyin (`yuntikeji` finds 云梯科技) and by the first letters of it (`ytkj`).
A character that is read in several ways is read as in the longest known phrase around it (长 is `chang` in 长沙);
where no phrase is known, its second reading is tried too.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

LONGEST_PHRASE = 4
MOST_READINGS = 6
"""Of a name. One with more has each doubtful character read in its second way alone, not in all combinations."""
MOST_SPLITS = 16
BETWEEN_SYLLABLES = {ord(c): None for c in " '’"}
LATIN_FIRST = "\ue000"
"""What stands before a Chinese character in a key to sort by: above every letter and digit."""

FIRST_HAN = "\u2e80"
_RUNS = re.compile(f"[^{FIRST_HAN}-\U0010ffff]+|[{FIRST_HAN}-\U0010ffff]+")

Syllables = tuple[str, ...]


def folded(text: str) -> str:
    """The text as it is compared: one width, one case, single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.lower().split())


def initials(text: str) -> list[str]:
    """The first letters of a name with Chinese characters, for each way to read it; what is not Chinese stays whole."""
    return _initials(_ways(folded(text)))


def spelled(text: str) -> list[str]:
    """A name with Chinese characters in pinyin, for each way to read it; each syllable begins with a capital."""
    return _spelled(_ways(folded(text)))


def sort_key(text: str) -> str:
    """By what names are sorted: digits, letters, then Chinese by pinyin, tone and character."""
    pieces = _pieces(folded(text))
    return "".join(_sorted_by(piece) if piece[0] >= FIRST_HAN else piece for piece in pieces)


class Index:
    """Names that are searched often: each entry is found by any of its texts. Positions are those of the entries given.

    Three strings and their offsets, whatever the number of entries, so that a search is a few searches in a string.
    """

    def __init__(self, entries: Iterable[Sequence[str]]) -> None:
        self._plain, self._initials, self._spelled = _Lines(), _Lines(), _Lines()
        for position, texts in enumerate(entries):
            for text in texts:
                plain = folded(text)
                self._plain.add(plain, position)
                if plain.isascii():
                    continue
                ways = _ways(plain)
                for line in _initials(ways):
                    self._initials.add(line, position)
                for line in _spelled(ways):
                    self._spelled.add(line, position)
        for lines in (self._plain, self._initials, self._spelled):
            lines.join()

    def search(self, query: str, limit: int | None = None) -> list[int]:
        """The positions that the query finds: whole names first, then beginnings, then what has it inside."""
        plain = folded(query)
        if not plain:
            return []
        letters = _letters(plain)
        splits = _splits(letters)
        hits = itertools.chain(
            self._plain.found(f"\n{plain}\n"),
            self._plain.found(f"\n{plain}"),
            self._initials.found(f"\n{letters}") if letters else (),
            *(self._spelled.found(f"\n{split}") for split in splits),
            self._plain.found(plain),
            self._initials.found(letters) if letters else (),
            *(self._spelled.found(split) for split in splits),
        )
        distinct = dict.fromkeys(hits) if limit is None else _first(hits, limit)
        return list(distinct)

    def every(self, query: str) -> npt.NDArray[np.int64]:
        """The positions that `search` finds, ascending: for who wants all of many and has an order of their own."""
        plain = folded(query)
        if not plain:
            return np.zeros(0, np.int64)
        letters = _letters(plain)
        found = [self._plain.every(plain)]
        if letters:
            found += [self._initials.every(letters), *(self._spelled.every(split) for split in _splits(letters))]
        return np.unique(np.concatenate(found))


class _Lines:
    """Lines of text searched as one string, each with the position of the entry it belongs to."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._owners = array("Q")
        self._starts = array("Q")
        self._length = 0
        self._joined = ""

    def add(self, line: str, owner: int) -> None:
        self._starts.append(self._length)
        self._owners.append(owner)
        self._lines.append(line)
        self._length += len(line) + 1

    def join(self) -> None:
        """Make what was added searchable; before anybody searches, for several may at once."""
        self._joined = "\n" + "\n".join(self._lines) + "\n"
        self._lines.clear()

    def found(self, needle: str) -> Iterator[int]:
        at = self._joined.find(needle)
        while at >= 0:
            line = bisect_right(self._starts, at) - 1
            yield self._owners[line]
            after = self._starts[line + 1] if line + 1 < len(self._starts) else self._length
            at = self._joined.find(needle, after)

    def every(self, needle: str) -> npt.NDArray[np.int64]:
        """The owners of all lines that hold the needle, a line as often as it does."""
        places = [hit.start() for hit in re.finditer(re.escape(needle), self._joined)]
        lines = np.searchsorted(np.array(self._starts, np.int64), places, "right") - 1
        return np.array(self._owners, np.int64)[lines]


def _first(hits: Iterator[int], limit: int) -> dict[int, None]:
    distinct: dict[int, None] = {}
    for hit in hits:
        distinct[hit] = None
        if len(distinct) == limit:
            break
    return distinct


def _letters(plain: str) -> str:
    """A folded query as pinyin is typed; empty if it cannot be that."""
    typed = plain.replace("ü", "v").translate(BETWEEN_SYLLABLES)
    return typed if typed.isalnum() else ""


def _ways(plain: str) -> list[Syllables]:
    """Each way to read a folded text: a syllable for each Chinese character, everything else but spaces as it is."""
    choices = [
        readings
        for piece in _pieces(plain)
        for readings in (_readings(piece) if piece[0] >= FIRST_HAN else [(piece.replace(" ", ""),)])
    ]
    if math.prod(map(len, choices)) <= MOST_READINGS:
        return list(itertools.product(*choices))
    usual = tuple(readings[0] for readings in choices)
    others = (
        (*usual[:place], other, *usual[place + 1 :]) for place, readings in enumerate(choices) for other in readings[1:]
    )
    return [usual, *others]


def _initials(ways: Iterable[Syllables]) -> list[str]:
    return list(dict.fromkeys("".join(map(_initial, way)) for way in ways))


@lru_cache(maxsize=50_000)
def _initial(syllable: str) -> str:
    """The first letter of a Chinese syllable; what is none stays whole."""
    return syllable[0].lower() if syllable[:1].isupper() else syllable


def _spelled(ways: Iterable[Syllables]) -> list[str]:
    return list(dict.fromkeys("".join(way) for way in ways))


def _pieces(plain: str) -> list[str]:
    """A text cut into known phrases, the longest first, other Chinese characters, and what stands between them."""
    pieces: list[str] = []
    for run in _RUNS.findall(plain):
        if run[0] < FIRST_HAN:
            pieces.append(run)
            continue
        phrases, longest, at = _phrases(), _longest(), 0
        while at < len(run):
            size = longest.get(run[at : at + 2], 1)
            while size > 1 and run[at : at + size] not in phrases:
                size -= 1
            pieces.append(run[at : at + size])
            at += size
    return pieces


@cache
def _phrases() -> Mapping[str, list[list[str]]]:
    """Each known phrase with the readings of its characters. They are many: a process that reads none does without."""
    from pypinyin.constants import PHRASES_DICT

    return PHRASES_DICT


@cache
def _characters() -> Mapping[int, str]:
    """The readings of each character by its number, the usual one first."""
    from pypinyin.constants import PINYIN_DICT

    return PINYIN_DICT


@cache
def _longest() -> dict[str, int]:
    """How long the longest known phrase is that begins with two characters; one that is too long for us is left out."""
    longest: dict[str, int] = {}
    for phrase in _phrases():
        if 1 < len(phrase) <= LONGEST_PHRASE:
            longest[phrase[:2]] = max(longest.get(phrase[:2], 0), len(phrase))
    return longest


@lru_cache(maxsize=50_000)
def _readings(piece: str) -> tuple[tuple[str, ...], ...]:
    """For each character of a Chinese piece its syllables without tone, the usual one first."""
    return tuple(
        tuple(dict.fromkeys(_without_tone(reading).capitalize() for reading in readings)) or (char,)
        for char, readings in zip(piece, _known(piece), strict=True)
    )


@lru_cache(maxsize=50_000)
def _sorted_by(piece: str) -> str:
    """What a Chinese piece is sorted by."""
    return "".join(
        f"{LATIN_FIRST}{_without_tone(readings[0])}{_tone(readings[0])}{char}" if readings else char
        for char, readings in zip(piece, _known(piece), strict=True)
    )


def _known(piece: str) -> list[list[str]]:
    if len(piece) > 1:
        return [list(readings) for readings in _phrases()[piece]]
    readings = _characters().get(ord(piece))
    if readings is None:
        return [[]]
    usual, *others = readings.split(",")
    different = (other for other in others if _without_tone(other) != _without_tone(usual))
    return [[usual, *itertools.islice(different, 1)]]


def _without_tone(reading: str) -> str:
    """`lǜ` as it is typed: `lv`."""
    parts = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(c for c in parts if c.isascii())


def _tone(reading: str) -> int:
    marks = "\u0304\u0301\u030c\u0300"
    return next((marks.index(c) + 1 for c in unicodedata.normalize("NFD", reading) if c in marks), len(marks) + 1)


def _splits(letters: str) -> list[str]:
    """The ways to read letters as pinyin; the last syllable may have only begun."""
    if not (letters.isascii() and letters.isalpha()):
        return []
    whole, begun = _syllables()
    found: list[str] = []

    def split(at: int, before: str) -> None:
        if len(found) == MOST_SPLITS:
            return
        rest = letters[at:]
        if rest in begun:
            found.append(before + rest.capitalize())
        for size in range(min(6, len(rest) - 1), 0, -1):
            if rest[:size] in whole:
                split(at + size, before + rest[:size].capitalize())

    split(0, "")
    return found


@cache
def _syllables() -> tuple[frozenset[str], frozenset[str]]:
    """All syllables of pinyin, and all beginnings of them."""
    readings = {_without_tone(r) for some in _characters().values() for r in some.split(",")}
    whole = frozenset(r for r in readings if set(r) & set("aeiouv"))
    return whole, frozenset(r[:size] for r in whole for size in range(1, len(r) + 1))
