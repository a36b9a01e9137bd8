"""A question in an address: read, written, changed by the buttons of its form, and the same as its JSON."""

from __future__ import annotations

from datetime import date

import pytest
from django.http import QueryDict

from tenure.core.definition import PRESETS
from tenure.core.errors import QuestionRefused
from tenure.web.behaviour import sheet as sheets
from tenure.web.behaviour.list import SHEETS

TODAY = date(2024, 5, 20)
MAY = "grain=week&from=2024-05-06&to=2024-05-13"


def given(query, page="funnels"):
    return sheets.read(QueryDict(query), SHEETS[page], TODAY, PRESETS["tenure"])


def canonical(query, page="funnels"):
    return sheets.canonical(QueryDict(query), SHEETS[page], TODAY, PRESETS["tenure"])


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        pytest.param("signup", {"event": "signup"}, id="one"),
        pytest.param("查看报表", {"event": "查看报表"}, id="in Chinese"),
        pytest.param("*", {"event": None}, id="any"),
        pytest.param("a|b", {"event_in": ["a", "b"]}, id="one of two"),
        pytest.param("a||b", {"event": "a|b"}, id="a name with a stroke"),
        pytest.param(" a | a ", {"event": "a"}, id="twice the same"),
    ],
)
def test_events(text, matcher):
    query = QueryDict(mutable=True)
    query["s1"], query["s2"] = text, "pay"
    assert sheets.read(query, SHEETS["funnels"], TODAY, PRESETS["tenure"]).question["steps"][0] == matcher


@pytest.mark.parametrize(
    ("words", "where"),
    [
        pytest.param("s1.if=plan~eq~pro", [{"prop": "plan", "op": "eq", "value": "pro"}], id="as an address"),
        pytest.param("s1.prop=plan&s1.op=ne&s1.value=pro", [{"prop": "plan", "op": "ne", "value": "pro"}], id="form"),
        pytest.param("s1.if=plan~in~a|b", [{"prop": "plan", "op": "in", "value": ["a", "b"]}], id="one of"),
        pytest.param(
            "s1.prop=plan&s1.op=eq&s1.value=a|b", [{"prop": "plan", "op": "in", "value": ["a", "b"]}], id="is, of two"
        ),
        pytest.param("s1.if=plan~set", [{"prop": "plan", "op": "set"}], id="has a value"),
        pytest.param("s1.prop=plan&s1.op=set&s1.value=", [{"prop": "plan", "op": "set"}], id="has a value, form"),
        pytest.param("s1.if=url~eq~a~b", [{"prop": "url", "op": "eq", "value": "a~b"}], id="a value with a tilde"),
    ],
)
def test_conditions(words, where):
    assert given(f"s1=signup&s2=pay&{words}").question["steps"][0] == {"event": "signup", "where": where}


def test_what_is_blank_or_usual_is_not_said():
    said = (
        f"s1=signup&s1.prop=&s1.op=eq&s1.value=&s1.role=&s2=pay&order=ordered&window=14d&unit=account&by=&{MAY}&do=show"
    )
    assert canonical(said) == f"s1=signup&s2=pay&{MAY}"
    assert canonical("s1=signup&s2=pay") is None


@pytest.mark.parametrize(
    ("doing", "steps"),
    [
        pytest.param("s.add", ["a", "b", "c", ""], id="add"),
        pytest.param("s2.up", ["b", "a", "c"], id="up"),
        pytest.param("s1.up", ["a", "b", "c"], id="the first cannot go up"),
        pytest.param("s2.down", ["a", "c", "b"], id="down"),
        pytest.param("s1.drop", ["b", "c"], id="drop"),
        pytest.param("s9.drop", ["a", "b", "c"], id="one that is not there"),
        pytest.param("show", ["a", "b", "c"], id="show"),
    ],
)
def test_buttons(doing, steps):
    written = QueryDict(canonical(f"s1=a&s2=b&s2.if=plan~eq~pro&s3=c&do={doing}"))
    assert [written[f"s{n}"] for n in range(1, len(steps) + 1)] == steps
    assert f"s{len(steps) + 1}" not in written
    if "b" in steps:  # conditions go with their step
        assert written[f"s{steps.index('b') + 1}.if"] == "plan~eq~pro"


def test_what_is_written_reads_the_same():
    said = (
        "s1=signup&s1.if=plan~eq~pro&s2=%E6%9F%A5|pay&s2.optional=yes&s3=*&s3.people=2&x1=cancel&x1.before=2"
        f"&unit=user&window=day&by=tier&f=region~eq~north&{MAY}"
    )
    one = given(said)
    assert given(one.query).question == one.question
    assert one.question == {
        "question": "funnel",
        "unit": "user",
        "from": "2024-05-06",
        "to": "2024-05-20",
        "steps": [
            {"event": "signup", "where": [{"prop": "plan", "op": "eq", "value": "pro"}]},
            {"event_in": ["查", "pay"], "optional": True},
            {"event": None, "min_users": 2},
        ],
        "window": "same_day",
        "exclusions": [{"event": "cancel", "from_step": 0, "to_step": 1}],
        "breakdown": {"prop": "tier", "attribution": "first_touch", "limit": 10},
        "trend": "week",
        "where": [{"prop": "region", "op": "eq", "value": "north"}],
    }


@pytest.mark.parametrize(
    ("words", "field"),
    [
        pytest.param("window=soon", "window", id="no length of time"),
        pytest.param("s1.people=two", "s1.people", id="no number"),
        pytest.param("x1=cancel&x1.after=7", "x1.after", id="a step there is not"),
    ],
)
def test_what_cannot_be_read_names_its_field(words, field):
    with pytest.raises(QuestionRefused) as refused:
        _ = given(f"s1=a&s2=b&{words}").question
    assert refused.value.where["field"] == field


def test_a_stretch_that_is_not_said_moves_with_the_day():
    assert given("s1=a&s2=b").query == "s1=a&s2=b"
    assert given("s1=a&s2=b").question["to"] == "2024-05-20"
