"""Accounts and contacts: merged, left, and named in any script."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tenure.apps.crm import services as crm
from tenure.apps.crm.models import AccountVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


def test_a_contact_leaves_and_an_account_is_merged(known: Any) -> None:
    for account in ("a", "b"):
        crm.add("accounts", {"account_id": account}, by="test")
    crm.add("contacts", {"contact_id": "c", "account_id": "a", "roles": ["champion", "procurement"]}, by="test")
    crm.end("contacts", "c", "2024-05-01", by="test")
    crm.merge_account("b", "a", by="test")
    assert known("contacts", "left", "roles") == [(date(2024, 5, 1), ["champion", "procurement"])]
    assert known("accounts", "account_id", "merged_into") == [("a", None), ("b", "a")]


def test_the_same_account_text_in_any_script_is_one_record() -> None:
    crm.add("accounts", {"account_id": "上海/一 号%", "name": "甲"}, by="test")
    crm.edit("accounts", "上海%2F一 号%25", {"name": "乙"}, by="test")
    assert [a.name for a in AccountVersion.objects.live()] == ["乙"]
