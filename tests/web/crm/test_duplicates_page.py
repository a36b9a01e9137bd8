"""The pages of duplicates: pairs, the choice of what stands, the way back, and who may."""

from __future__ import annotations

from typing import Any

import pytest

from tenure.apps.connectors.files import Options, importer
from tenure.apps.crm import duplicates
from tenure.apps.crm import services as crm
from tenure.apps.crm.models import AccountVersion, DuplicatePair

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


@pytest.fixture
def pair() -> Any:
    crm.add("accounts", {"account_id": "a", "name": "云梯科技", "domain": "yt.cn", "tier": "A"}, by="test")
    crm.add("accounts", {"account_id": "b", "name": "云梯科技公司", "domain": "yt.cn", "region": "华东"}, by="test")
    duplicates.find(duplicates.begin())
    return DuplicatePair.objects.get()


def test_a_pair_is_looked_at_merged_and_taken_back(signed_in: Any, pair: Any) -> None:
    browser = signed_in("sales")
    assert "云梯科技公司" in browser.get("/customers/duplicates/").content.decode()
    place = f"/customers/duplicates/{pair.pk}/"
    assert "华东" in browser.get(place).content.decode()
    sent = {"do": "merge", "stays": "right", "take-tier": "left", "take-region": "right"}
    assert browser.post(f"{place}decide/", sent).status_code == 302
    live = {one.account_id: one for one in AccountVersion.objects.live()}
    assert (live["a"].merged_into, live["b"].tier, live["b"].region) == ("b", "A", "华东")
    shown = browser.get("/customers/duplicates/").content.decode()
    undo = shown[shown.index("/customers/duplicates/merges/") :].partition('"')[0]
    assert browser.post(f"{place}decide/", sent).status_code == 422
    assert browser.post(undo).status_code == 302
    assert {one.merged_into for one in AccountVersion.objects.live()} == {None}
    assert browser.post(undo).status_code == 409


def test_a_new_account_shows_what_is_like_it_and_can_be_added_all_the_same(signed_in: Any, pair: Any) -> None:
    browser = signed_in("sales")
    sent = {"account_id": "c", "name": "上海云梯科技有限公司"}
    assert "云梯科技公司" in browser.post("/customers/new/accounts/", sent).content.decode()
    assert not AccountVersion.objects.filter(account_id="c").exists()
    assert browser.post("/customers/new/accounts/", {**sent, "looked": "yes"}).status_code == 302
    assert AccountVersion.objects.filter(account_id="c").exists()


FILE = "account_id,name,domain,industry\nx1,上海云梯科技有限公司,yt.cn,it\nx2,云梯科技股份有限公司,,it\nx3,别的,,it\n"


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        pytest.param("import", {"a", "b", "x1", "x2", "x3"}, id="anyway"),
        pytest.param("leave_out", {"a", "b", "x3"}, id="left out"),
        pytest.param("update", {"a", "b", "x3"}, id="updated"),
    ],
)
def test_rows_like_others_are_counted_and_the_same_file_again_changes_nothing(
    pair: Any, choice: str, written: set[str]
) -> None:
    content = FILE.encode()
    told = importer.preview(content, "accounts", name="f.csv").as_dict()["duplicates"]
    assert (told["same"], told["review"], [row["row"] for row in told["rows"]]) == (1, 1, [2, 3])
    importer.run_import(content, "accounts", Options(duplicates=choice), by="test", name="f.csv")  # type: ignore[arg-type]
    live = {one.account_id: one for one in AccountVersion.objects.live()}
    assert set(live) == written
    if choice == "update":
        assert [(one.industry, one.tier) for one in (live["a"], live["b"]) if one.industry] == [("it", "A")]
    again = importer.run_import(content, "accounts", Options(duplicates=choice), by="test", name="f.csv")  # type: ignore[arg-type]
    assert (again.created, again.changed) == (0, 0)
