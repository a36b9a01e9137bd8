"""What can be done with many accounts at once: one value for all of them, seen before it is written, and taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.errors import QuestionRefused
from tenure.web import formatting as f
from tenure.web.crm.accounts import Opened, listing
from tenure.web.listing import Chosen

SHOWN = 12
"""How many of the present values the preview lists."""
LONGEST = 200

ACTIONS: Mapping[str, tuple[str, Any, Any, str]] = {
    "set_owner": ("owner", gettext_lazy("Set the owner"), gettext_lazy("Whose accounts shall they be?"), "user"),
    "set_tier": ("tier", gettext_lazy("Set the tier"), gettext_lazy("Which tier shall they have?"), "flag"),
    "set_region": ("region", gettext_lazy("Set the region"), gettext_lazy("In which region are they?"), ""),
    "set_industry": ("industry", gettext_lazy("Set the industry"), gettext_lazy("In which industry are they?"), ""),
}
"""Name of what is done -> column, its label, the question it asks, and its icon."""
EXPORTS: Mapping[str, Any] = {
    "export_csv": gettext_lazy("Export as CSV"),
    "export_xlsx": gettext_lazy("Export as Excel"),
}


def actions(*, may_edit: bool) -> tuple[dict[str, Any], ...]:
    """The buttons under the list."""
    edits = [
        {"name": name, "label": label, "icon": icon} for name, (_c, label, _q, icon) in ACTIONS.items() if may_edit
    ]
    return (*edits, *({"name": name, "label": label, "icon": "download"} for name, label in EXPORTS.items()))


def column_of(action: str) -> str:
    """The column that is set.

    Raises: QuestionRefused if there is no such thing to do.
    """
    if action not in ACTIONS:
        raise QuestionRefused(
            "list.unknown_action",
            _("There is no action “%(value)s” in this list.") % {"value": action[:100]},
            fix=_("Take one of: %(allowed)s.") % {"allowed": ", ".join((*ACTIONS, *EXPORTS))},
            field="action",
            value=action[:100],
            allowed=[*ACTIONS, *EXPORTS],
        )
    return ACTIONS[action][0]


def without_record(picked: Chosen, recorded: Collection[str]) -> frozenset[str]:
    """The chosen accounts that only contracts or subscriptions name: there is no record a value could be written to."""
    return frozenset(key for key in picked.keys if key not in recorded)


def preview(found: Opened, picked: Chosen, action: str, value: str | None, without: Collection[str]) -> dict[str, Any]:
    """What would change: how many accounts, and from which values; `value` is None until one is given."""
    keys = [key for key in picked.keys if key not in without]
    column = column_of(action)
    _name, label, question, _icon = ACTIONS[action]
    values = Counter(row[column] or "" for row in found.rows.named(keys))
    same = 0 if value is None else values.pop(value.strip(), 0)
    listed = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))
    field = next(one for one in listing(found).columns if one.name == column)
    return {
        "heading": label,
        "question": question,
        "field_label": field.label,
        "action": action,
        "words": picked.words,
        "value": value,
        "value_said": _said((value or "").strip()),
        "options": found.rows.values(field),
        "counted": _counted(len(picked.keys)),
        "without": "" if not without else _without(len(without)),
        "same": "" if not same else _already(same),
        "changing": sum(values.values()),
        "change_label": ngettext("Change %(count)s account", "Change %(count)s accounts", sum(values.values()))
        % {"count": f.exact(sum(values.values()))},
        "rows": [{"value": _said(one), "count": f.exact(count)} for one, count in listed[:SHOWN]],
        "more": _("and %(count)s more values") % {"count": f.exact(len(listed) - SHOWN)} if len(listed) > SHOWN else "",
        "back": f"{reverse('accounts')}?{picked.query}",
        "longest": LONGEST,
    }


def done(changed: int, unchanged: int) -> str:
    """What was done, in words."""
    said = ngettext("%(count)s account changed.", "%(count)s accounts changed.", changed) % {"count": f.exact(changed)}
    return said if not unchanged else _("%(done)s %(same)s") % {"done": said, "same": _already(unchanged)}


def taken_back(restored: int, kept: int) -> str:
    """What was taken back, in words."""
    said = ngettext(
        "%(count)s account is as it was before.", "%(count)s accounts are as they were before.", restored
    ) % {"count": f.exact(restored)}
    if not kept:
        return said
    stays = ngettext(
        "%(count)s was changed since, and stays as it is.", "%(count)s were changed since, and stay as they are.", kept
    ) % {"count": f.exact(kept)}
    return _("%(done)s %(same)s") % {"done": said, "same": stays}


def _counted(count: int) -> str:
    return ngettext("%(count)s account", "%(count)s accounts", count) % {"count": f.exact(count)}


def _already(count: int) -> str:
    return ngettext("%(count)s has it already.", "%(count)s have it already.", count) % {"count": f.exact(count)}


def _without(count: int) -> str:
    return ngettext(
        "%(count)s has no record of its own yet, and stays out.",
        "%(count)s have no record of their own yet, and stay out.",
        count,
    ) % {"count": f.exact(count)}


def _said(value: str) -> str:
    return value or _("no value")
