"""The metric definition of a page: which one its address names, and the part by which the reader takes another.

It is one field of the address, `definition`, which every link of the page keeps beside its stretch of time; without it
the workspace's own is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from tenure.web.asking import Seen

FIELD = "definition"
OWN = "default"
NAMES: Mapping[str, Any] = {
    OWN: gettext_lazy("Our definition"),
    "tenure": gettext_lazy("Tenure"),
    "chartmogul-like": gettext_lazy("Like ChartMogul"),
    "stripe-like": gettext_lazy("Like Stripe"),
}
"""What the definitions that come with the product are called; people's own are called what they named them."""


def called(name: str) -> str:
    return str(NAMES.get(name, name))


def kept(query: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The definition an address names, as links keep it."""
    name = query.get(FIELD, "")
    return ((FIELD, name),) if name else ()


def switch(request: HttpRequest, opened: Seen) -> dict[str, Any]:
    """The part in the head of a page: the definition in force, and the same page under each of the others."""
    chosen = opened.definition().name
    choices = []
    for name in opened.definitions():
        query = request.GET.copy()
        query[FIELD] = name
        if name == OWN:
            del query[FIELD]
        choices.append({"label": called(name), "href": f"?{query.urlencode()}", "current": name == chosen})
    return {"label": called(chosen), "is_other": chosen != OWN, "choices": choices}
