"""Which events a step, a return or an exclusion means. Hides how a matcher is read, and its form as SQL.

A matcher names an event, several, or any, and conditions on properties that must all hold. A property is looked up in
the event; where the event does not have it, an attribute of the account or of the contact of that name is taken. What
is nowhere is "(none)". Texts are compared as they stand, numbers as numbers where the value asked for is a number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tenure.core.errors import QuestionRefused
from tenure.core.tracking import SAID
from tenure.warehouse.lines import NONE
from tenure.warehouse.slices import ACCOUNT_FIELDS, OPS

ACCOUNT_TRAITS = tuple(name for name in ACCOUNT_FIELDS if name != "account_id")
CONTACT_TRAITS = ("title", "roles")
OWN_COLUMNS = ("account_id", "user_id", "event")
"""Names that mean a column of the event itself."""
KEYS = ("event", "event_in", "where")

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PropertyIs:
    """`prop op value`: one condition on a property."""

    prop: str
    op: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Matcher:
    """Event names (None: any) and conditions that must all hold."""

    events: tuple[str, ...] | None = None
    where: tuple[PropertyIs, ...] = ()

    def bare(self) -> Matcher:
        """The same events whatever their properties."""
        return Matcher(self.events)

    def props(self) -> set[str]:
        """The properties its conditions name."""
        return {condition.prop for condition in self.where}

    def canonical(self) -> dict[str, Any]:
        """The JSON form."""
        out: dict[str, Any] = {}
        if self.events is None:
            out["event"] = None
        elif len(self.events) == 1:
            out["event"] = self.events[0]
        else:
            out["event_in"] = list(self.events)
        if self.where:
            out["where"] = [
                {"prop": c.prop, "op": c.op, "value": list(c.value) if isinstance(c.value, tuple) else c.value}
                for c in self.where
            ]
        return out

    def sql(self, values: Parameters) -> exp.Expression:
        """The condition on a row of `event_rows` called r; its values become parameters in `values`.

        Any event is any activity: what programs said of a user, of a group, of two ids is none.
        """
        named = exp.In(this=column("event"), expressions=[_bound(values, name) for name in self.events or SAID])
        terms: list[exp.Expression] = [named if self.events is not None else exp.Not(this=named)]
        terms += [meets(condition, property_of(condition.prop), values) for condition in self.where]
        return exp.and_(*terms)


def parse(given: Any, field: str) -> Matcher:
    """The matcher of a JSON object that may hold nothing else.

    Raises: QuestionRefused, naming the field.
    """
    if isinstance(given, Matcher):
        return given
    if not isinstance(given, Mapping):
        raise _refused(field, given, 'Write {"event": "signup"}, {"event_in": ["a", "b"]} or {"event": null} for any.')
    unknown = [key for key in given if key not in KEYS]
    if unknown:
        raise QuestionRefused(
            "question.unknown_field",
            f"A matcher in `{field}` has no key {unknown[0]!r}.",
            fix=f"Use: {', '.join(KEYS)}.",
            field=field,
            value=str(unknown[0]),
            allowed=list(KEYS),
        )
    return Matcher(_events(given, field), tuple(_read_condition(one, field) for one in _conditions(given, field)))


def _events(given: Mapping[str, Any], field: str) -> tuple[str, ...] | None:
    if ("event" in given) == ("event_in" in given):
        raise _refused(field, given, "Give `event` (null means any) or `event_in`, one of the two.")
    if "event" in given:
        name = given["event"]
        if name is None:
            return None
        if not isinstance(name, str) or not name:
            raise _refused(field, name, "An event is a name, or null for any.")
        return (name,)
    names = given["event_in"]
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(n, str) and n for n in names):
        raise _refused(field, names, "`event_in` is a list of names.")
    return tuple(dict.fromkeys(names))


def _conditions(given: Mapping[str, Any], field: str) -> list[Any]:
    where = given.get("where") or []
    if isinstance(where, Mapping):
        return [{"prop": k, "op": "in" if isinstance(v, (list, tuple)) else "eq", "value": v} for k, v in where.items()]
    if not isinstance(where, (list, tuple)):
        raise _refused(field, where, '`where` is a list such as [{"prop": "plan", "op": "eq", "value": "Pro"}].')
    return list(where)


def _read_condition(given: Any, field: str) -> PropertyIs:
    if isinstance(given, PropertyIs):
        return given
    if not isinstance(given, Mapping) or set(given) - {"prop", "op", "value"} or "prop" not in given:
        raise _refused(field, given, "A condition has prop, op and value.")
    prop, op, value = given["prop"], given.get("op", "eq"), given.get("value")
    if not isinstance(prop, str) or not prop:
        raise _refused(field, prop, "A property is a name.")
    if op not in OPS:
        raise QuestionRefused(
            "question.unknown_operator",
            f"There is no operator {op!r} in `{field}`.",
            fix=f"Use one of: {', '.join(OPS)}.",
            field=field,
            value=str(op),
            allowed=list(OPS),
        )
    if op in ("set", "not_set"):
        return PropertyIs(prop, op)
    if isinstance(value, (list, tuple)):
        if op not in ("in", "eq", "ne") or not value or any(isinstance(v, (list, tuple, Mapping)) for v in value):
            raise _refused(field, value, "A list of values goes with in, eq or ne, and is not empty.")
        return PropertyIs(prop, op, tuple(_plain(v, field) for v in value))
    value = _plain(value, field)
    if op in ("gt", "lt") and _number(value) is None:
        raise _refused(field, value, f"`{op}` compares with a number.")
    return PropertyIs(prop, op, value)


def _plain(value: Any, field: str) -> Any:
    if value is None:
        return NONE
    if isinstance(value, (str, bool)) or (isinstance(value, (int, float)) and math.isfinite(value)):
        return value
    raise _refused(field, value, "A value is a text, a number, true or false.")


def _number(value: Any) -> float | None:
    """A value as a number; None where it is none."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _refused(field: str, value: Any, fix: str) -> QuestionRefused:
    return QuestionRefused(
        "question.bad_value",
        f"`{field}` cannot be read.",
        fix=fix,
        field=field,
        value=json.dumps(value, default=str, ensure_ascii=False)[:200],
    )


# ------------------------------------------------------------------------------------------------------ as SQL


def column(name: str, table: str = "r") -> exp.Column:
    """A column of a table."""
    return exp.column(name, table=table)


def property_of(name: str) -> exp.Expression:
    """The text of a property of a row of `event_rows`; null where it is nowhere."""
    if name in OWN_COLUMNS:
        return column(name)
    own = in_event(name)
    if name in ACCOUNT_TRAITS:
        return exp.Coalesce(this=own, expressions=[column(name, "account")])
    if name in CONTACT_TRAITS:
        return exp.Coalesce(this=own, expressions=[column(name, "contact")])
    return own


def in_event(name: str) -> exp.Expression:
    """The text of a property as the event itself has it."""
    return exp.func("JSON_EXTRACT_STRING", column("properties"), exp.Literal.string(_pointer(name)))


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _bound(values: Parameters, value: Any) -> exp.Expression:
    name = f"m{len(values)}"
    values[name] = value
    return exp.Parameter(this=exp.Var(this=name))


def meets(condition: PropertyIs, found: exp.Expression, values: Parameters) -> exp.Expression:
    """Whether a text meets a condition; what it is compared with becomes parameters in `values`."""
    if condition.op == "set":
        return exp.Not(this=exp.Is(this=found, expression=exp.Null()))
    if condition.op == "not_set":
        return exp.Is(this=found, expression=exp.Null())
    if condition.op in ("gt", "lt"):
        number = exp.TryCast(this=found, to=exp.DataType.build("double"))
        compare = exp.GT if condition.op == "gt" else exp.LT
        whether = compare(this=number, expression=_bound(values, _number(condition.value)))
        return exp.Coalesce(this=whether, expressions=[exp.false()])
    text = exp.Coalesce(this=found, expressions=[exp.Literal.string(NONE)])
    if condition.op == "contains":
        return exp.Contains(this=text, expression=_bound(values, _text(condition.value)))
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    same = exp.or_(*(_equals(found, text, value, values) for value in wanted))
    return exp.Not(this=exp.paren(same)) if condition.op == "ne" else same


def _equals(found: exp.Expression, text: exp.Expression, value: Any, values: Parameters) -> exp.Expression:
    """Equal as texts; a number also equals the same number written otherwise."""
    same = exp.EQ(this=text.copy(), expression=_bound(values, _text(value)))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return same
    number = exp.TryCast(this=found.copy(), to=exp.DataType.build("double"))
    equal = exp.EQ(this=number, expression=_bound(values, float(value)))
    return exp.paren(exp.or_(same, exp.Coalesce(this=equal, expressions=[exp.false()])))


def _text(value: Any) -> str:
    """A value as the text that a JSON property of it gives."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
