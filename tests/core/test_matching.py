"""When two records are one company or one person: the table of docs/explanation/matching.md, and what never merges."""

from __future__ import annotations

import random

import pytest

from tenure.core import matching
from tenure.core.matching import Companies, Company, Person


@pytest.mark.parametrize(
    ("left", "right", "score", "verdict"),
    [
        pytest.param("北京字节跳动科技有限公司", "字节跳动科技(北京)有限公司", 100, "review", id="place moved"),
        pytest.param("上海华信科技有限公司", "上海华新科技有限公司", 75, "different", id="another firm"),
        pytest.param("阿里云计算有限公司", "阿里云", 75, "review", id="short name is a part"),
        pytest.param("Acme Co., Ltd.", "ＡＣＭＥ", 100, "review", id="width, case and form"),
        pytest.param("Müller GmbH", "MÜLLER", 100, "review", id="german form"),
        pytest.param("", "", 0, "different", id="no names"),
        pytest.param("北京", "上海", 0, "different", id="nothing but a place"),
    ],
)  # fmt: skip
def test_names_alone_are_never_the_same(left: str, right: str, score: int, verdict: str) -> None:
    match = matching.compare(Company.of(left, None, None, None), Company.of(right, None, None, None))
    assert (match.score, match.verdict) == (score, verdict)


def coded(body: str) -> str:
    return next(body + c for c in "0123456789ABCDEFGHJKLMNPQRTUWXY" if matching.valid_uscc(body + c))


GOOD, OTHER = coded("91350100M000100Y4"), coded("91110108MA01ABCD1")


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        pytest.param(("甲乙", GOOD, None), ("完全不同", GOOD, None), "same", id="equal code"),
        pytest.param(("甲乙科技", GOOD, "a.cn"), ("甲乙科技", OTHER, "a.cn"), "different", id="other code"),
        pytest.param(("甲乙科技", GOOD[:17] + "0", None), ("甲", GOOD[:17] + "0", None), "different", id="broken code"),
        pytest.param(("甲乙科技", None, "a@jia.com.cn"), ("甲乙科技公司", None, "JIA.com.cn"), "same", id="both"),
        pytest.param(("甲乙科技", None, "jia.cn"), ("丙丁物流", None, "jia.cn"), "review", id="domain alone"),
        pytest.param(("甲乙科技", None, "qq.com"), ("甲乙科技", None, "qq.com"), "review", id="free mail is no domain"),
    ],
)  # fmt: skip
def test_a_code_or_a_domain_with_the_name_decides(left: tuple, right: tuple, verdict: str) -> None:
    one, other = (Company.of(name, None, uscc, domain) for name, uscc, domain in (left, right))
    assert matching.compare(one, other).verdict == matching.compare(other, one).verdict == verdict


def test_the_code_of_the_standard_has_its_check_character() -> None:
    assert matching.valid_uscc(" 91350100m000100y43 ") == "91350100M000100Y43"
    assert matching.valid_uscc("91350100M000100Y44") == matching.valid_uscc("9135") == matching.valid_uscc(None) == ""


@pytest.mark.parametrize(
    ("given", "normal"),
    [("http://shop.acme.co.uk:8080/a?b", "acme.co.uk"), ("x@mail.acme.cn", "acme.cn"), ("com.cn", ""), ("10.0.0.1", ""),
     ("localhost", ""), ("中文.com", "xn--fiq228c.com"), ("." * 300, ""), (None, "")],
)  # fmt: skip
def test_domains_are_what_was_registered(given: str | None, normal: str) -> None:
    assert matching.company_domain(given) == normal


def test_persons_need_an_address_or_a_number_with_the_name() -> None:
    wang = Person.of("王 伟", "Wang@acme.cn", "+86 138-0013-8000")
    assert matching.compare_persons(wang, Person.of("王伟", None, "013800138000")).verdict == "same"
    assert matching.compare_persons(wang, Person.of("Wei", "wang@ACME.cn", None)).verdict == "same"
    assert matching.compare_persons(wang, Person.of("李娜", None, "13800138000")).verdict == "review"
    assert matching.compare_persons(wang, Person.of("王伟", None, None)).verdict == "review"
    assert matching.compare_persons(wang, Person.of("李娜", None, "8000")).verdict == "different"


def test_blocks_give_each_pair_once_and_miss_none_of_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "BLOCK_ROWS", 3)
    rng = random.Random(7)
    made = [
        Company(rng.choice("甲乙") + "乙" + "".join(rng.choices("丙丁戊", k=rng.randint(0, 4))),
                rng.choice(["", "", "", GOOD, OTHER]), rng.choice(["", "", "a.cn", "b.cn"]))
        for _ in range(40)
    ]  # fmt: skip
    monkeypatch.setattr(matching, "MOST_LONGER", 99)
    found = [(left, right) for left, right, _match in Companies(made).pairs()]
    wanted = {
        (a, b) for a in range(40) for b in range(a + 1, 40)
        if (match := matching.compare(made[a], made[b])).verdict != "different"
        and (made[a].name[:2] == made[b].name[:2] or set(match.reasons) & {"uscc", "domain"})
    }  # fmt: skip
    assert len(found) == len(set(found))
    assert set(found) == wanted
