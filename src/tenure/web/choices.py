"""Words of an address that choose one of a few things or name a record: how they are read and refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tenure.core.errors import QuestionRefused


def one_of(query: Mapping[str, str], field: str, allowed: Iterable[str], usual: str) -> str:
    """What an address chooses, or what is usual where it does not say.

    Raises: QuestionRefused (page.choice) for anything that is not allowed.
    """
    words = list(allowed)
    value = query.get(field) or usual
    if value not in words:
        raise refused(field, value, words)
    return value


def refused(field: str, value: str, allowed: Iterable[str]) -> QuestionRefused:
    """The refusal of a value that is none of the allowed ones."""
    words = list(allowed)
    return QuestionRefused(
        "page.choice",
        f"{field!r} cannot be {value!r}.",
        fix="Take one of: " + ", ".join(words) + ".",
        field=field,
        value=value,
        allowed=words,
    )


def not_shown(field: str, value: str) -> QuestionRefused:
    """The refusal of a record that is not there for the reader, whether or not it is for others."""
    return QuestionRefused(
        "page.not_shown",
        f"There is no {value!r} here.",
        fix="Open it from the list it is in.",
        field=field,
        value=value,
    )
