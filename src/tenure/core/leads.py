"""What a lead is worth: how well it fits, how much it engages, its grade, and whether it is worth a call.

Both scores stay apart: a student who reads everything is no buyer, and a perfect firm that sleeps is no lead.
See docs/explanation/leads-and-sla.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tenure.core import icp
from tenure.core.errors import TenureError

SUBJECTS = ("industry", "employees", "region", "role")
"""What a rule of fit can be about."""
CALLED = {"行业": "industry", "员工数": "employees", "地区": "region", "职务": "role", "职位": "role"}
"""What a rule may call its subject, besides."""
SIGNALS = ("form", "demo_request", "trial", "event", "download", "visit", "reply", "call", "referral")
"""What a lead may do that counts."""
DEFAULT_POINTS: Mapping[str, int] = {
    "form": 40,
    "demo_request": 60,
    "trial": 60,
    "event": 30,
    "download": 20,
    "visit": 5,
    "reply": 40,
    "call": 30,
    "referral": 50,
}
HIGHEST = 100
_SECONDS_A_DAY = 86_400
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_FREE_MAIL = frozenset(
    {
        *("qq.com", "163.com", "126.com", "sina.com", "sina.cn", "sohu.com", "foxmail.com", "yeah.net", "139.com"),
        *("189.cn", "aliyun.com", "gmail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com"),
        *("icloud.com", "me.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net", "web.de", "aol.com", "mail.ru"),
        "yandex.ru",
    }
)
"""Domains of mail that say nothing about where somebody works."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing a lead did, and when."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """One signal, and the points that are left of it by now."""

    signal: Signal
    points: float


@dataclass(frozen=True, slots=True)
class Engagement:
    """0 to 100, and what it is made of, in the order given."""

    value: int
    parts: tuple[Counted, ...]


@dataclass(frozen=True, slots=True)
class Lines:
    """From which scores on a lead is worth a call."""

    fit: int = 50
    engagement: int = 40


def engagement(
    signals: Iterable[Signal], as_of: datetime, points: Mapping[str, int], half_life_days: int
) -> Engagement:
    """The points of what a lead did, each halved for every half-life that has passed since; at most 100.

    What lies after `as_of` does not count yet.
    """
    parts = []
    for signal in signals:
        age = (as_of - signal.at).total_seconds() / _SECONDS_A_DAY
        left = points.get(signal.kind, 0) * 0.5 ** (age / half_life_days) if age >= 0 else 0.0
        parts.append(Counted(signal, left))
    return Engagement(min(HIGHEST, round(sum(part.points for part in parts))), tuple(parts))


def fit(rules: Sequence[icp.Rule], known: Mapping[str, Any]) -> icp.Score:
    """How well a lead fits, of the facts known of it (industry, employees, region, role); None without rules."""
    facts = [icp.Fact(subject, str(known[subject])) for subject in SUBJECTS if known.get(subject) not in (None, "")]
    return icp.score(rules, facts)


def grade(fit_score: int | None, engagement_score: int | None) -> str | None:
    """A letter for fit (A from 75, B from 50, C from 25), a digit for engagement (1 from 75 ...); None if unknown."""
    if fit_score is None or engagement_score is None:
        return None
    return "DCBA"[min(fit_score // 25, 3)] + "4321"[min(engagement_score // 25, 3)]


def is_reachable(known: Mapping[str, Any]) -> bool:
    """Whether somebody could answer: by mail, by telephone or by WeChat."""
    digits = re.sub(r"\D", "", str(known.get("phone") or ""))
    mail = str(known.get("email") or "").strip()
    return bool(_ADDRESS.fullmatch(mail)) or len(digits) >= 7 or bool(str(known.get("wechat") or "").strip())


def is_worth_a_call(
    fit_score: int | None, engagement_score: int | None, known: Mapping[str, Any], lines: Lines
) -> bool:
    """Whether a lead is one for sales: both scores reach their line, and somebody can be reached."""
    if fit_score is None or engagement_score is None:
        return False
    return fit_score >= lines.fit and engagement_score >= lines.engagement and is_reachable(known)


def domain_of(email: str | None) -> str | None:
    """The domain of the firm that a mail address is of; None where the address is one that anybody can have."""
    domain = (email or "").strip().rpartition("@")[2].casefold()
    return domain if _ADDRESS.fullmatch((email or "").strip()) and domain not in _FREE_MAIL else None


def rule_from(given: Mapping[str, Any]) -> icp.Rule:
    """A rule of fit as somebody wrote it.

    Raises: TenureError (lead.bad_rule).
    """
    subject = str(given.get("subject") or "")
    if subject not in SUBJECTS:
        raise TenureError(
            "lead.bad_rule",
            f"A rule cannot be about {subject[:40]!r}.",
            fix=f"Use one of: {', '.join(SUBJECTS)}.",
            field="rules",
            value=subject[:40],
        )
    try:
        rule = icp.rule_from({**given, "subject": "words" if subject == "role" else subject})
    except TenureError as problem:
        raise TenureError(
            "lead.bad_rule", problem.message, fix=problem.fix, field="rules", value=problem.where.get("value")
        ) from problem
    return replace(rule, subject=subject)


def rules_from(text: str) -> tuple[icp.Rule, ...]:
    """Rules of fit, one a line: `subject: words = points`, such as `role: 总监, director = 40`.

    Raises: TenureError (lead.bad_rule).
    """
    rules = []
    for line in text.replace("：", ":").replace("＝", "=").splitlines():
        if line.strip():
            subject, _colon, rest = line.partition(":")
            values, _equals, points = rest.rpartition("=")
            about = subject.strip().casefold()
            given = {"name": line.strip()[: icp.LONGEST], "subject": CALLED.get(about, about)}
            rules.append(rule_from({**given, "values": values, "points": points}))
    if len(rules) > icp.MOST_RULES:
        raise TenureError(
            "lead.bad_rule",
            f"There are more than {icp.MOST_RULES} rules.",
            fix="Put words that are worth the same into one rule.",
            field="rules",
            value=str(len(rules)),
        )
    return tuple(rules)


def rules_text(rules: Iterable[icp.Rule]) -> str:
    """Rules of fit as `rules_from` reads them."""
    return "\n".join(f"{rule.subject}: {', '.join(rule.values)} = {rule.points}" for rule in rules)
