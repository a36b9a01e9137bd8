"""Gaps of a buying committee: each alone, at its edge, and the coverage of the roles a deal's size asks for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenure.core.committee import Person, coverage, gaps, required_roles

TODAY = date(2026, 6, 30)
RECENT, EDGE, OLD = date(2026, 6, 20), date(2026, 5, 31), date(2026, 5, 30)
SMALL = ("decision_maker",)
LARGE = ("decision_maker", "technical_expert", "procurement", "finance")


def person(contact_id, *roles, stance=None, touched=RECENT):
    return Person(contact_id, frozenset(roles), stance, touched)


BOSS, FRIEND = person("boss", "decision_maker", stance=1), person("friend", "champion")


@pytest.mark.parametrize(
    ("people", "required", "expected"),
    [
        pytest.param([BOSS, FRIEND], SMALL, [], id="nothing is missing"),
        pytest.param([], SMALL, ["no_decision_maker", "no_champion"], id="nobody is known"),
        pytest.param([FRIEND, person("a")], SMALL, ["no_decision_maker"], id="nobody decides"),
        pytest.param([BOSS, person("a")], SMALL, ["no_champion"], id="nobody speaks for us"),
        pytest.param([person("boss", "decision_maker", stance=-1), FRIEND], SMALL, ["against"], id="against"),
        pytest.param([person("boss", "decision_maker", stance=0), FRIEND], SMALL, [], id="neutral is not against"),
        pytest.param([person("boss", "decision_maker", touched=EDGE), FRIEND], SMALL, [], id="30 days are in touch"),
        pytest.param(
            [person("boss", "decision_maker", touched=OLD), FRIEND, person("a")], SMALL, ["silent"], id="31 days silent"
        ),
        pytest.param(
            [person("boss", "decision_maker", "champion"), person("a", touched=None)],
            SMALL,
            ["single_threaded"],
            id="one person touched",
        ),
        pytest.param([BOSS, FRIEND], LARGE, ["uncovered"], id="a large deal needs more"),
    ],
)
def test_what_is_missing(people, required, expected):
    assert [gap.kind for gap in gaps(people, required, TODAY)] == expected


def test_a_gap_names_its_people_and_roles():
    found = gaps([person("boss", "decision_maker", stance=-2), FRIEND], LARGE, TODAY)
    assert [(gap.contacts, gap.roles) for gap in found] == [
        (("boss",), ()),
        ((), ("technical_expert", "procurement", "finance")),
    ]


def test_coverage_is_of_the_required_roles_only():
    assert coverage([BOSS, FRIEND], LARGE) == Decimal("0.25")
    assert coverage([person("a", *LARGE)], LARGE) == 1
    assert coverage([], SMALL) == 0
    assert coverage([BOSS], ()) is None


@pytest.mark.parametrize(
    ("amount", "count"), [(None, 1), ("0", 1), ("99999.99", 1), ("100000", 4)], ids=["unknown", "0", "below", "at"]
)
def test_the_size_of_a_deal_says_which_roles_it_needs(amount, count):
    assert len(required_roles(None if amount is None else Decimal(amount))) == count
