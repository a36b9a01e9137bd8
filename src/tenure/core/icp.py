"""How well a company fits the ideal customer profile: points for rules that hold, each with the fact that proves it.

Nothing is guessed: a rule of which nothing is known gives no points and is told apart from one that fails.
See docs/how-to/find-prospects.md, "What the score says".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from tenure.core.errors import TenureError

SUBJECTS = ("industry", "employees", "region", "words", "hiring", "technology")
"""What a rule can be about: what a fact of a company is of."""
MOST_RULES = 40
MOST_VALUES = 50
LONGEST = 60
"""Characters of a rule's name and of each of its words."""
MOST_POINTS = 100
_RANGE = re.compile(r"^(?P<least>\d{1,7})?\s*(?:-|to|至|–)\s*(?P<most>\d{1,7})?$")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the profile: it holds if a fact of the subject is one of the values, or lies in the range."""

    name: str
    subject: str
    values: tuple[str, ...]
    """words; of `employees` one range such as 50-500, 50- or -500, both ends included"""
    points: int
    """what it weighs against the others; below 0: what speaks against a company"""

    def as_dict(self) -> dict[str, Any]:
        """The rule as it is kept."""
        return {"name": self.name, "subject": self.subject, "values": [*self.values], "points": self.points}


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a company, and where it was read."""

    subject: str
    value: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What became of one rule: whether it holds (None: nothing is known of its subject), and by which fact."""

    rule: Rule
    holds: bool | None
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100, or None where no rule gives points; and what became of each rule, in their order."""

    value: int | None
    evidence: tuple[Evidence, ...]


def score(rules: Sequence[Rule], facts: Iterable[Fact]) -> Score:
    """The share of all the points to be had that a company has, less what speaks against it; within 0 and 100."""
    known: dict[str, list[Fact]] = {}
    for fact in facts:
        known.setdefault(fact.subject, []).append(fact)
    evidence = tuple(_evidence(rule, known.get(rule.subject, [])) for rule in rules)
    whole = sum(rule.points for rule in rules if rule.points > 0)
    if not whole:
        return Score(None, evidence)
    part = sum(one.rule.points for one in evidence if one.holds)
    share = (Decimal(100 * part) / whole).quantize(Decimal(1), ROUND_HALF_EVEN)
    return Score(int(min(max(share, Decimal(0)), Decimal(100))), evidence)


def vocabulary(rules: Iterable[Rule]) -> dict[str, tuple[str, ...]]:
    """Subject -> the words that its rules look for: what is worth finding on a site, and all that is kept of it."""
    found: dict[str, dict[str, None]] = {}
    for rule in rules:
        if rule.subject != "employees":
            found.setdefault(rule.subject, {}).update(dict.fromkeys(rule.values))
    return {subject: tuple(words) for subject, words in found.items()}


def rule_from(given: Mapping[str, Any]) -> Rule:
    """A rule as somebody wrote it.

    Raises: TenureError (icp.bad_rule) that names the field.
    """
    name = str(given.get("name") or "").strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise _bad("name", name, "A rule has a name of 1 to 60 characters.")
    subject = str(given.get("subject") or "")
    if subject not in SUBJECTS:
        raise _bad("subject", subject, f"Use one of: {', '.join(SUBJECTS)}.")
    points = given.get("points")
    try:
        worth = int(str(points).strip())
    except ValueError:
        worth = 0
    if not worth or abs(worth) > MOST_POINTS:
        raise _bad("points", points, "Write a whole number from -100 to 100 that is not 0.")
    return Rule(name, subject, _values(subject, given.get("values")), worth)


def folded(text: str) -> str:
    """The form in which words are compared: width and case do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def mentions(text: str, word: str) -> bool:
    """Whether a folded text holds a word: a word of letters as a whole one, a Chinese one anywhere."""
    wanted = folded(word)
    if not wanted:
        return False
    if not wanted.isascii():
        return wanted in text
    return re.search(rf"(?<![a-z0-9]){re.escape(wanted)}(?![a-z0-9])", text) is not None


def _evidence(rule: Rule, known: Sequence[Fact]) -> Evidence:
    if not known:
        return Evidence(rule, None)
    proof = next((fact for fact in known if _meets(rule, fact.value)), None)
    return Evidence(rule, proof is not None, proof or known[0])


def _meets(rule: Rule, value: str) -> bool:
    if rule.subject != "employees":
        return any(mentions(folded(value), word) for word in rule.values)
    least, most = _ends(rule.values[0])
    digits = value.strip()
    return digits.isascii() and digits.isdigit() and least <= int(digits) <= most


def _values(subject: str, given: Any) -> tuple[str, ...]:
    parts = re.split(r"[,，;；、\n]", given) if isinstance(given, str) else list(given or ())
    words = tuple(dict.fromkeys(word for part in parts if (word := " ".join(str(part).split()))))
    if subject == "employees":
        if len(words) != 1:
            raise _bad("values", given, "Write one range, such as 50-500, 50- or -500.")
        _ends(words[0])
        return words
    if not 0 < len(words) <= MOST_VALUES or any(len(w) > LONGEST or not w.isprintable() for w in words):
        raise _bad("values", given, "Write 1 to 50 words, with commas between them, each at most 60 characters long.")
    return words


def _ends(text: str) -> tuple[int, int]:
    found = _RANGE.match(text)
    if found is None or (found["least"] is None and found["most"] is None):
        raise _bad("values", text, "Write one range, such as 50-500, 50- or -500.")
    least, most = int(found["least"] or 0), int(found["most"] or 10**9)
    if least > most:
        raise _bad("values", text, "Write one range, such as 50-500, 50- or -500.")
    return least, most


def _bad(field: str, value: Any, fix: str) -> TenureError:
    return TenureError("icp.bad_rule", "This is no rule of a profile.", fix=fix, field=field, value=str(value)[:80])
