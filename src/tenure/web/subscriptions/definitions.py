"""What the page of metric definitions shows of them: every setting side by side, and the versions people wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.core.definition import PRESETS, Definition
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.choices import refused
from tenure.web.definition import OWN, called
from tenure.web.export import exports
from tenure.web.subscriptions.definition_words import SETTINGS, Setting

AGAINST = "stripe-like"
"""What the workspace's own definition is compared with until the reader chooses."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Which two definitions are compared."""

    left: str
    right: str

    @property
    def kept(self) -> dict[str, str]:
        return {"left": self.left, "right": self.right}


def choices(query: Mapping[str, str], known: Mapping[str, Definition]) -> Choices:
    """The two definitions an address names.

    Raises: QuestionRefused if there is no such definition.
    """
    found = []
    for field, usual in (("left", OWN), ("right", AGAINST)):
        name = query.get(field) or usual
        if name not in known:
            raise refused(field, name, [*known])
        found.append(name)
    return Choices(*found)


def board(known: Mapping[str, Definition], written: Iterable[Any], chosen: Choices) -> dict[str, Any]:
    """The page but for the comparison, as values a template only has to print."""
    return {
        "facts": [_in_force(known[OWN])],
        "settings": settings_table(known, chosen),
        "versions": versions(written),
        "exports": exports("definitions_file"),
        "new": reverse("definition_new"),
    }


def _in_force(own: Definition) -> dict[str, str]:
    return {"text": _("Figures are made by %(name)s, version %(version)s, unless another is chosen")
            % {"name": called(own.name), "version": own.version}}  # fmt: skip


def address(name: str) -> str:
    """The page with a definition beside the workspace's own."""
    return f"{reverse('definitions')}{'' if name == OWN else '?' + urlencode({'right': name})}"


def writable(known: Mapping[str, Definition], name: str) -> Definition:
    """A definition that people may write a next version of.

    Raises: TenureError for a preset, or a name that is none.
    """
    if name not in known or name in PRESETS:
        raise refused("name", name, [other for other in known if other not in PRESETS])
    return known[name]


def untaken(known: Mapping[str, Definition], name: str, is_new: bool) -> None:
    """Refuse a new definition under a name that people wrote one under already.

    Raises: TenureError definition.exists.
    """
    if is_new and name.strip() in known and name.strip() not in PRESETS:
        raise TenureError(
            "definition.exists",
            _("There is already a definition %(name)s.") % {"name": name},
            fix=_("Choose another name, or edit that one."),
            field="name",
            value=name,
        )


def note(name: str, is_new: bool) -> str:
    """What a person should know before writing."""
    if is_new:
        return _("It begins as a copy of our definition. What you leave as it is follows our definition later too.")
    if name == OWN:
        return _("Every figure for which nobody chooses a definition is made by this one, closed months included.")
    return _("Answers made with the former versions still name them.")


# ------------------------------------------------------------------------------------------------- side by side


def settings_table(known: Mapping[str, Definition], chosen: Choices) -> dict[str, Any]:
    """Every setting with its value in each definition; where one differs from the workspace's own it is marked."""
    own = known[OWN].settings
    return {
        "heads": [
            {
                "name": called(name),
                "version": _("version %(version)s") % {"version": definition.version},
                "is_compared": name in (chosen.left, chosen.right),
                "edit": "" if name in PRESETS else f"{reverse('definition_edit')}?{urlencode({'name': name})}",
            }
            for name, definition in known.items()
        ],
        "rows": [
            {
                "label": setting.label,
                "name": setting.name,
                "meaning": setting.meaning,
                "touches": setting.touches,
                "choices": _choices(setting),
                "cells": [
                    {
                        "text": setting.said(definition.settings[setting.name]),
                        "differs": definition.settings[setting.name] != own[setting.name],
                    }
                    for definition in known.values()
                ],
            }
            for setting in SETTINGS
        ],
    }


def _choices(setting: Setting) -> str:
    return " / ".join(str(said) for said in setting.values.values())


def table(known: Mapping[str, Definition]) -> tuple[list[Any], list[list[Any]]]:
    """The settings side by side for a file."""
    heads = [_("Setting"), _("In words"), _("Touches"), *(called(name) for name in known)]
    return heads, [
        [
            *(setting.name, setting.label, setting.touches),
            *(setting.said(definition.settings[setting.name]) for definition in known.values()),
        ]
        for setting in SETTINGS
    ]


def versions(written: Iterable[Any]) -> list[dict[str, Any]]:
    """Every version people wrote, the newest first, with what it changed from the one before."""
    out: list[dict[str, Any]] = []
    former: dict[str, dict[str, Any]] = {}
    for row in written:
        settings = json.loads(row.settings)
        before = former.get(row.name)
        out.append(
            {
                "name": called(row.name),
                "version": row.version,
                "author": row.author or f.NOTHING,
                "at": f.moment(timezone.localtime(row.recorded_at)),
                "recorded_at": row.recorded_at,
                "changed": _changed(settings, before) or [_("nothing")],
                "edit": f"{reverse('definition_edit')}?{urlencode({'name': row.name})}",
            }
        )
        former[row.name] = settings
    return sorted(out, key=lambda row: row["recorded_at"], reverse=True)


def _changed(settings: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[str]:
    """What a version says, or what it says otherwise than the one before."""
    said = []
    for setting in SETTINGS:
        name = setting.name
        if before is not None and name in before and name not in settings:
            said.append(_("%(setting)s: as our definition again") % {"setting": setting.label})
        elif name in settings and (before is None or before.get(name, ...) != settings[name]):
            said.append(_("%(setting)s: %(value)s") % {"setting": setting.label, "value": setting.said(settings[name])})
    return said
