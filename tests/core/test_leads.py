"""What a lead is worth. See docs/explanation/leads-and-sla.md."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tenure.core import leads
from tenure.core.errors import TenureError

NOW = datetime(2026, 3, 9, 9, tzinfo=UTC)
RULES = leads.rules_from(
    "industry: 制造, software = 20\nemployees: 50-500 = 30\nregion: 北京 = 10\nrole: 总监, director = 40"
)
DIRECTOR = {"industry": "软件 software", "employees": 120, "role": "Director of IT", "email": "li@acme.cn"}


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([("demo_request", 0)], 60, id="just now"),
        pytest.param([("demo_request", 14)], 30, id="one half-life ago"),
        pytest.param([("demo_request", 28), ("form", 14)], 35, id="they add up"),
        pytest.param([("demo_request", 0)] * 3, 100, id="at most 100"),
        pytest.param([("demo_request", -1), ("nonsense", 0)], 0, id="not yet, or not known"),
    ],
)
def test_engagement_halves(done: list[tuple[str, int]], expected: int) -> None:
    signals = [leads.Signal(kind, NOW - timedelta(days=days)) for kind, days in done]
    assert leads.engagement(signals, NOW, leads.DEFAULT_POINTS, 14).value == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param(DIRECTOR, 90, id="all but the region, which is not known"),
        pytest.param({**DIRECTOR, "employees": 5_000}, 60, id="too large"),
        pytest.param({"role": "student"}, 0, id="nothing holds"),
        pytest.param({}, 0, id="nothing is known"),
    ],
)
def test_fit_is_the_share_of_the_points(known: dict[str, object], expected: int) -> None:
    assert leads.fit(RULES, known).value == expected


def test_rules_are_written_as_they_are_read() -> None:
    assert leads.rules_from(leads.rules_text(RULES)) == RULES
    assert leads.fit((), DIRECTOR).value is None
    assert leads.rules_text(leads.rules_from("职务：总监 ＝ 40")) == "role: 总监 = 40"


@pytest.mark.parametrize("line", ["mood: good = 4", "role: = 4", "role: boss", "employees: 9-1 = 5", "role: x = 0"])
def test_what_is_no_rule(line: str) -> None:
    with pytest.raises(TenureError) as caught:
        leads.rules_from(line)
    assert caught.value.code == "lead.bad_rule"


@pytest.mark.parametrize(
    ("fit", "engagement", "more", "expected", "grade"),
    [
        pytest.param(50, 40, {}, True, "B3", id="both lines reached"),
        pytest.param(49, 100, {}, False, "C1", id="does not fit"),
        pytest.param(100, 39, {}, False, "A3", id="does not engage"),
        pytest.param(90, 90, {"email": "nobody"}, False, "A1", id="nobody can be reached"),
        pytest.param(90, 90, {"email": None, "phone": "138 0013 8000"}, True, "A1", id="by telephone"),
        pytest.param(90, 90, {"email": None, "wechat": "li"}, True, "A1", id="by WeChat"),
        pytest.param(None, 90, {}, False, None, id="fit is not known"),
    ],
)
def test_worth_a_call(
    fit: int | None, engagement: int, more: dict[str, object], expected: bool, grade: str | None
) -> None:
    assert leads.is_worth_a_call(fit, engagement, {**DIRECTOR, **more}, leads.Lines()) is expected
    assert leads.grade(fit, engagement) == grade


@pytest.mark.parametrize(
    ("email", "domain"),
    [("li@Acme.CN", "acme.cn"), ("li@qq.com", None), ("acme.cn", None), (None, None), ("a@b@c", None)],
)
def test_the_firm_of_an_address(email: str | None, domain: str | None) -> None:
    assert leads.domain_of(email) == domain
