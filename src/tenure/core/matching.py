"""Whether two records speak of one company or one person: normal forms, blocks of candidates, scores and verdicts.

Nothing is ever called the same for its name alone: `docs/explanation/matching.md` says why, with a worked table.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from rapidfuzz import fuzz, process

Verdict = Literal["same", "review", "different"]

ALIKE = 80
"""Names scored from here on are looked at by a person."""
NEARLY = 90
"""Names scored from here on are one company's, if the domain is one too."""
BLOCK_ROWS = 512
"""So many names of a block are compared with the whole block at once: the memory of a search is bounded by it."""
MOST_LONGER = 20
"""A short name that begins more than so many others tells nothing."""
MOST_SHARING = 50
"""A domain or number that more accounts share than this is a host's or a holding's, not a company's."""

_FORMS = (
    *("股份有限公司", "有限责任公司", "有限公司", "集团公司", "股份公司", "分公司", "总公司", "集团", "公司"),
    *("incorporated", "corporation", "limited", "gmbh&cokg", "gmbh", "inc", "corp", "colimited", "coltd", "ltd"),
    *("llc", "llp", "plc", "ag", "sarl", "bv", "nv", "oy", "ab", "spa", "srl", "kk", "pte", "pty", "co", "group"),
)
"""Legal forms at the end of a name; Latin ones as they read without points, commas and spaces."""
_HAN_FORMS = tuple(sorted((form for form in _FORMS if not form.isascii()), key=len, reverse=True))
_LATIN_FORMS = frozenset(form for form in _FORMS if form.isascii())
_PROVINCES = (
    *("北京", "天津", "上海", "重庆", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽"),
    *("福建", "江西", "山东", "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西"),
    *("甘肃", "青海", "内蒙古", "广西", "西藏", "宁夏", "新疆", "香港", "澳门", "台湾"),
)
_CITIES = (
    *("深圳", "广州", "杭州", "南京", "苏州", "成都", "武汉", "西安", "青岛", "大连", "宁波", "厦门"),
    *("长沙", "郑州", "济南", "合肥", "福州", "沈阳", "哈尔滨", "长春", "石家庄", "太原", "昆明", "南宁"),
    *("南昌", "贵阳", "兰州", "海口", "银川", "西宁", "拉萨", "乌鲁木齐", "呼和浩特", "无锡", "常州", "南通"),
    *("徐州", "扬州", "镇江", "泰州", "盐城", "温州", "嘉兴", "绍兴", "金华", "台州", "湖州", "东莞"),
    *("佛山", "珠海", "中山", "惠州", "汕头", "江门", "泉州", "漳州", "莆田", "烟台", "潍坊", "临沂"),
    *("威海", "淄博", "济宁", "洛阳", "唐山", "保定", "廊坊", "秦皇岛", "芜湖", "绵阳", "宜昌", "襄阳"),
    *("株洲", "岳阳", "衡阳", "桂林", "柳州", "三亚", "遵义", "咸阳", "包头", "鞍山", "大庆"),
)
_PLACE = re.compile(
    "^(?:"
    + "|".join(sorted((*_PROVINCES, *_CITIES), key=len, reverse=True))
    + ")(?:特别行政区|壮族自治区|回族自治区|维吾尔自治区|自治区|省|市)?"
)
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】|〔[^〔〕]*〕")
_NOT_TOLD = re.compile(r"[^\w]+|_+")
_LATIN_WORD = re.compile(r"[a-z0-9&]+")
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The characters of a unified social credit code (GB 32100-2015), each with its place as its number."""
_PLACES = {character: place for place, character in enumerate(_CODE)}
_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_SECOND_LEVEL = frozenset({"com", "net", "org", "gov", "edu", "ac", "co", "or", "ne", "go", "mil"})
FREE_MAIL = frozenset(
    (
        *("qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "188.com", "vip.163.com"),
        *("sina.com", "sina.cn", "sohu.com", "139.com", "189.cn", "wo.cn", "aliyun.com"),
        *("21cn.com", "tom.com", "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com"),
        *("msn.com", "yahoo.com", "yahoo.com.cn", "yahoo.co.uk", "yahoo.co.jp", "icloud.com", "me.com"),
        *("mac.com", "aol.com", "proton.me", "protonmail.com", "gmx.com", "gmx.de", "gmx.net"),
        *("web.de", "mail.ru", "yandex.ru", "yandex.com", "zoho.com", "naver.com"),
    )
)
"""Domains at which anybody may have an address: they tell nothing of a company."""


@dataclass(frozen=True, slots=True)
class Company:
    """What is compared of an account, in normal form; an empty text is not known."""

    name: str
    uscc: str
    domain: str

    @classmethod
    def of(cls, name: str | None, legal_name: str | None, uscc: str | None, domain: str | None) -> Company:
        return cls(company_name(legal_name or name), valid_uscc(uscc), company_domain(domain))


@dataclass(frozen=True, slots=True)
class Person:
    """What is compared of a contact, in normal form."""

    name: str
    email: str
    phone: str

    @classmethod
    def of(cls, name: str | None, email: str | None, phone: str | None) -> Person:
        return cls(_folded(name).replace(" ", ""), mail_address(email), phone_number(phone))


@dataclass(frozen=True, slots=True)
class Match:
    """A verdict on two records. `score` is of the names, 0 to 100; `reasons` are codes, the weightiest first."""

    verdict: Verdict
    score: int
    reasons: tuple[str, ...]


# ---------------------------------------------------------------------- normal forms


@lru_cache(maxsize=200_000)
def company_name(text: str | None) -> str:
    """What is left of a company's name without width, case, bracketed place, legal form and leading place.

    A name that is nothing but these stays as it is, folded.
    """
    folded = _folded(text)
    bare = _BRACKETED.sub(" ", folded)
    bare = _without_form(bare)
    han = bool(re.search(r"[\u2e80-\U0010ffff]", bare))
    joined = _NOT_TOLD.sub("", bare) if han else " ".join(_NOT_TOLD.sub(" ", bare).split())
    placed = _PLACE.match(joined)
    if placed is not None and len(joined) - placed.end() >= 2:
        joined = joined[placed.end() :]
    return joined or _NOT_TOLD.sub("", folded)


def _without_form(text: str) -> str:
    """A folded name without the legal forms at its end, as long as something is left."""
    text = text.strip(" .,，。、")
    while True:
        shorter = next((text[: -len(form)] for form in _HAN_FORMS if text.endswith(form)), None)
        if shorter is None:
            *rest, last = re.split(r"[\s,]+", text) if text else [""]
            if rest and "".join(_LATIN_WORD.findall(last)) in _LATIN_FORMS:
                shorter = text[: text.rindex(last)]
        shorter = None if shorter is None else shorter.strip(" .,，。、&")
        if not shorter:
            return text
        text = shorter


def _folded(text: str | None) -> str:
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def valid_uscc(text: str | None) -> str:
    """A unified social credit code as it is written; empty if its check character is wrong."""
    code = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text or "")).upper()
    if len(code) != 18 or any(character not in _PLACES for character in code):
        return ""
    total = sum(_PLACES[character] * weight for character, weight in zip(code, _WEIGHTS, strict=False))
    return code if _CODE[-total % 31] == code[17] else ""


def company_domain(text: str | None) -> str:
    """The domain a company has registered, of an address, a host or an e-mail address; empty for free mail."""
    host = _folded(text).partition("://")[2] or _folded(text)
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].strip(".")
    try:
        host = host.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    labels = host.split(".")
    if len(labels) < 2 or not all(labels) or all(label.isdecimal() for label in labels):
        return ""
    kept = 3 if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL else 2
    domain = ".".join(labels[-kept:])
    return "" if domain in FREE_MAIL or (len(labels[-1]) == 2 and domain.split(".")[0] in _SECOND_LEVEL) else domain


def mail_address(text: str | None) -> str:
    """An e-mail address as it is compared."""
    folded = _folded(text)
    return folded if re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", folded) else ""


def phone_number(text: str | None) -> str:
    """A number as it is compared: digits alone, without the code of the country where it is China's; short ones are
    extensions and tell nothing."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", text or ""))
    digits = digits.removeprefix("00")
    if digits.startswith("86") and len(digits) >= 12:
        digits = digits[2:]
    digits = digits.lstrip("0")
    return digits if len(digits) >= 7 else ""


# ---------------------------------------------------------------------- verdicts


def name_score(left: str, right: str) -> int:
    """How alike two normal names are, 0 to 100."""
    return round(fuzz.ratio(left, right)) if left and right else 0


def is_part(left: str, right: str) -> bool:
    """Whether one normal name is a telling part of the other."""
    short, long = sorted((left, right), key=len)
    return len(short) >= (4 if short.isascii() else 2) and short != long and short in long


def compare(left: Company, right: Company) -> Match:
    """The verdict on two accounts."""
    score = name_score(left.name, right.name)
    if left.uscc and right.uscc:
        if left.uscc != right.uscc:
            return Match("different", score, ("other_uscc",))
        return Match("same", score, ("uscc", *(("name",) if score >= NEARLY else ())))
    domain = bool(left.domain) and left.domain == right.domain
    if domain:
        return Match("same", score, ("domain", "name")) if score >= NEARLY else Match("review", score, ("domain",))
    if score >= ALIKE:
        return Match("review", score, ("name",))
    if is_part(left.name, right.name):
        return Match("review", score, ("part",))
    return Match("different", score, ())


def compare_persons(left: Person, right: Person) -> Match:
    """The verdict on two contacts of one account."""
    score = name_score(left.name, right.name)
    mail = bool(left.email) and left.email == right.email
    phone = bool(left.phone) and left.phone == right.phone
    reasons = tuple(code for code, holds in (("email", mail), ("phone", phone), ("name", score == 100)) if holds)
    if mail or (phone and score == 100):
        return Match("same", score, reasons)
    return Match("review" if reasons else "different", score, reasons)


# ---------------------------------------------------------------------- candidates


class Companies:
    """Companies in blocks, by what can make two of them alike: searched among themselves, or for those like another."""

    def __init__(self, companies: Sequence[Company]) -> None:
        self.companies = companies
        self._blocks: dict[str, list[int]] = defaultdict(list)
        self._names: dict[str, list[int]] = defaultdict(list)
        self._shared: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(companies):
            if one.name:
                self._blocks[one.name[:2]].append(place)
                self._names[one.name].append(place)
            for value in filter(None, (one.uscc, one.domain)):
                self._shared[value].append(place)

    def like(self, one: Company) -> list[tuple[int, Match]]:
        """The companies like one, those that are the same first, then by the score of their names."""
        near: set[int] = set()
        block = self._blocks.get(one.name[:2], []) if one.name else []
        if block:
            names = [self.companies[place].name for place in block]
            near.update(
                block[at] for _name, _score, at in process.extract(
                    one.name, names, scorer=fuzz.ratio, score_cutoff=ALIKE - 0.5, limit=MOST_LONGER
                )
            )  # fmt: skip
            parts = [place for place in block if is_part(one.name, self.companies[place].name)]
            near.update(parts[:MOST_LONGER])
        for value in filter(None, (one.uscc, one.domain)):
            near.update(self._shared.get(value, [])[:MOST_SHARING])
        found = [(place, compare(one, self.companies[place])) for place in near]
        told = [(place, match) for place, match in found if match.verdict != "different"]
        return sorted(told, key=lambda pair: (pair[1].verdict != "same", -pair[1].score, pair[0]))

    def pairs(self) -> Iterator[tuple[int, int, Match]]:
        """Every two that are the same or to be reviewed, once; the second place is above the first.

        Between two pairs at most a strip of one block is held, so the memory does not grow with the pairs.
        """
        for left, right in self._candidates():
            match = compare(self.companies[left], self.companies[right])
            if match.verdict != "different":
                yield left, right, match

    def _candidates(self) -> Iterator[tuple[int, int]]:
        for block in self._blocks.values():
            names = [self.companies[place].name for place in block]
            workers = 2 if len(block) > BLOCK_ROWS else 1  # a thread costs more than a small block
            for start in range(0, len(block), BLOCK_ROWS):
                strip = names[start : start + BLOCK_ROWS]
                scores = process.cdist(
                    strip, names[start:], scorer=fuzz.ratio, score_cutoff=ALIKE - 0.5, dtype=np.float32, workers=workers
                )
                for row, column in zip(*np.nonzero(np.triu(scores, 1)), strict=True):
                    yield block[start + int(row)], block[start + int(column)]
        seen: set[tuple[int, int]] = set()
        for one, other in itertools.chain(self._parts(), self._sharing()):
            pair = (min(one, other), max(one, other))
            if pair not in seen and not self._scored_alike(*pair):
                seen.add(pair)
                yield pair

    def _parts(self) -> Iterator[tuple[int, int]]:
        """Names that another one begins with."""
        longer: dict[str, list[int]] = defaultdict(list)
        for name, places in self._names.items():
            for size in range(2, len(name)):
                if name[:size] in self._names:
                    longer[name[:size]].extend(places)
        for name, others in longer.items():
            if len(others) <= MOST_LONGER:
                yield from itertools.product(self._names[name][:MOST_LONGER], others)

    def _sharing(self) -> Iterator[tuple[int, int]]:
        for places in self._shared.values():
            if len(places) <= MOST_SHARING:
                yield from itertools.combinations(places, 2)

    def _scored_alike(self, left: int, right: int) -> bool:
        """Whether the blocks give this pair already, for the score of its names."""
        one, other = self.companies[left].name, self.companies[right].name
        return bool(one) and one[:2] == other[:2] and fuzz.ratio(one, other) >= ALIKE - 0.5


def same_persons(people: Iterable[tuple[str, Person]]) -> Iterator[tuple[str, str, Match]]:
    """Every two of the contacts of one account, by id, that are the same or to be reviewed."""
    known = list(people)
    buckets: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, (_id, one) in enumerate(known):
        for what in ("email", "phone", "name"):
            if value := getattr(one, what):
                buckets[what, value].append(place)
    seen: set[tuple[int, int]] = set()
    for places in buckets.values():
        for at, left in enumerate(places[:MOST_SHARING]):
            for right in places[at + 1 : MOST_SHARING]:
                if (left, right) not in seen:
                    seen.add((left, right))
                    yield known[left][0], known[right][0], compare_persons(known[left][1], known[right][1])
