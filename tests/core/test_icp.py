"""The score of a company against the profile: what counts, what is not known, and what speaks against it."""

from __future__ import annotations

import pytest

from tenure.core.errors import TenureError
from tenure.core.icp import Fact, Rule, rule_from, score, vocabulary

INDUSTRY = Rule("Makers", "industry", ("manufacturing", "制造"), 40)
SIZE = Rule("Middle-sized", "employees", ("50-500",), 30)
TOOLS = Rule("Has a shop system", "technology", ("Shopify",), 30)
AGAINST = Rule("Agencies", "words", ("agency",), -50)
RULES = (INDUSTRY, SIZE, TOOLS)


@pytest.mark.parametrize(
    ("facts", "expected", "holds"),
    [
        pytest.param([], 0, [None, None, None], id="nothing known is not a failure"),
        pytest.param([("industry", "Manufacturing of pumps")], 40, [True, None, None], id="a word inside a fact"),
        pytest.param([("industry", "装备制造业")], 40, [True, None, None], id="Chinese words anywhere"),
        pytest.param([("industry", "Remanufacturings")], 0, [False, None, None], id="not a part of another word"),
        pytest.param([("employees", "50"), ("technology", "SHOPIFY")], 60, [None, True, True], id="ends are inside"),
        pytest.param([("employees", "501")], 0, [None, False, None], id="one too many"),
        pytest.param([("employees", "many")], 0, [None, False, None], id="no number"),
    ],
)
def test_points_of_the_rules_that_hold(facts, expected, holds):
    found = score(RULES, [Fact(subject, value, "https://a.example/") for subject, value in facts])
    assert (found.value, [one.holds for one in found.evidence]) == (expected, holds)
    assert all(one.fact is not None for one in found.evidence if one.holds)


def test_what_speaks_against_a_company_is_taken_off_but_never_below_nothing():
    known = [Fact("industry", "manufacturing"), Fact("words", "agency")]
    assert score((*RULES, AGAINST), known).value == 0
    assert score((*RULES, AGAINST), [*known, Fact("employees", "60"), Fact("technology", "Shopify")]).value == 50


def test_without_points_to_be_had_there_is_no_score():
    assert score((), [Fact("words", "x")]).value is None
    assert score((AGAINST,), [Fact("words", "agency")]).value is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({"name": "", "subject": "words", "values": "a", "points": 1}, "name", id="no name"),
        pytest.param({"name": "a", "subject": "mood", "values": "a", "points": 1}, "subject", id="no such subject"),
        pytest.param({"name": "a", "subject": "words", "values": " , ", "points": 1}, "values", id="no words"),
        pytest.param({"name": "a", "subject": "words", "values": "a", "points": "0"}, "points", id="nothing"),
        pytest.param({"name": "a", "subject": "words", "values": "a", "points": "many"}, "points", id="no number"),
        pytest.param({"name": "a", "subject": "employees", "values": "9-5", "points": 1}, "values", id="backwards"),
        pytest.param({"name": "a", "subject": "employees", "values": "-", "points": 1}, "values", id="no ends"),
        pytest.param({}, "name", id="nothing given"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(given, field):
    with pytest.raises(TenureError) as refused:
        rule_from(given)
    assert refused.value.where["field"] == field


def test_rules_survive_being_kept_and_name_the_words_to_look_for():
    assert all(rule_from(rule.as_dict()) == rule for rule in (*RULES, AGAINST))
    assert vocabulary((*RULES, AGAINST)) == {
        "industry": ("manufacturing", "制造"),
        "technology": ("Shopify",),
        "words": ("agency",),
    }
