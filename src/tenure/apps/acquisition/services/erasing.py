"""A person who is erased: what people wrote beside prospects should name nobody, and is searched all the same."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models

from tenure.apps.acquisition.models import Call, CallList, OptOut, Prospect, Site
from tenure.apps.workspaces.services import erasure

_FREE_TEXT: Mapping[type[models.Model], tuple[str, ...]] = {
    Prospect: ("name",),
    Call: ("note",),
    CallList: ("ground",),
    Site: ("terms",),
    OptOut: ("note",),
}
PERSONAL_TABLES = tuple(model._meta.db_table for model in _FREE_TEXT)


def forget_in_texts(words: erasure.Words) -> int:
    """Replace the words by which a person can be found in what people wrote of prospects; how many rows changed."""
    return sum(erasure.blank_columns(model, columns, words) for model, columns in _FREE_TEXT.items())
