"""Metric definitions: side by side, what two of them say and whose accounts do it, and writing the next version."""

from __future__ import annotations

import csv
import io

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.subscriptions import selectors, services
from tenure.apps.workspaces.services import lake
from tenure.core.definition import CHOICES, Definition
from tenure.web.subscriptions.definition_words import SETTINGS

PAGE = "/retain/definitions/"
LINES = [
    {"account_id": "acme", "subscription_id": "s1", "amount": "100", "start": "2023-01-01"},
    {"account_id": "birch", "subscription_id": "s2", "amount": "100", "start": "2023-01-01", "end": "2024-04-01",
     "cancelled_at": "2024-01-20"},
]  # fmt: skip
"""The example of docs/how-to/compare-definitions.md: birch asks in January to leave, and has paid until April."""
JANUARY = "from=2023-11&to=2024-01&left=tenure&right=stripe-like"


@pytest.fixture
def home(home):
    tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"}).load("subscriptions", LINES)
    return home


@pytest.fixture
def look(signed_in, home):
    def get(query="", role="viewer", path=PAGE):
        response = signed_in(role).get(f"{path}?{query}")
        return response.content.decode("utf-8-sig")

    return get


def test_every_setting_is_in_words(look):
    page = look()
    settings = Tables(page).tables[-1]
    assert len(settings) == 1 + len(SETTINGS)
    assert settings[0][1:5] == ["Our definitionversion 1", "Tenureversion 1", "Like ChartMogulversion 1",
                                "Like Stripeversion 1"]  # fmt: skip
    lost = next(row for row in settings if row[0].startswith("When a customer is lost"))
    assert lost[1] == "when service ends"
    assert lost[4] == "when they ask to leave, if that is earlier"
    assert {setting.name for setting in SETTINGS} == set(Definition().settings)
    assert all(set(CHOICES[setting.name]) == set(setting.values) for setting in SETTINGS if setting.name in CHOICES)


def test_two_definitions_differ_in_figures_and_accounts(look):
    page = look(JANUARY)
    figures, accounts = Tables(page).tables[:2]
    assert figures[0][1:3] == ["Tenure", "Like Stripe"]
    lines = {row[0]: row[1:] for row in figures}
    assert lines["MRR"] == ["$200", "$100", "−$100", "in 1 period"]
    assert lines["Customer churn rate"] == ["0.00%", "50.00%", "+50.00 points", "in 1 period"]
    assert lines["New customers"] == ["0", "0", "", ""]
    assert accounts[1] == ["birch", "$100", "$0", "−$100", "Like Stripe: 2024-01-20 Churn −100 (A line ended)"]
    assert "When a customer is lost: when service ends, or when they ask to leave, if that is earlier" in page


def test_the_proof_of_either_side_is_of_that_definition(look):
    proof = "grain=month&period=2024-01&kind=churn&definition={}"
    path = "/retain/movements/rows/"
    assert "kind=churn&amp;definition=stripe-like" in look(JANUARY)
    assert "−$100" in look(proof.format("stripe-like"), path=path, role="analyst")
    under_ours = look(proof.format("tenure"), path=path, role="sales")
    assert "−$100" not in under_ours
    assert "Definition tenure, version 1" in under_ours


def test_the_same_definition_twice_says_the_same(look):
    assert "both definitions say the same" in look(JANUARY.replace("stripe-like", "tenure"))


def test_a_definition_that_is_none_is_refused(signed_in, home):
    assert signed_in("viewer").get(f"{PAGE}?left=tea").status_code == 422


def test_the_file_has_every_period_and_figure(look):
    rows = list(csv.reader(io.StringIO(look(JANUARY, path=f"{PAGE}diff.csv"))))
    assert ["2024-01", "MRR", "200", "100", "yes", "birch"] in rows
    assert ["2023-12", "MRR", "200", "200", "no", ""] in rows
    settings = list(csv.reader(io.StringIO(look(path=f"{PAGE}definitions.csv", role="analyst"))))
    assert [row[0] for row in settings[1:]] == [setting.name for setting in SETTINGS]


FORM = {
    "churn_recognition": "service_end", "discount_policy": "active", "pause_policy": "zero",
    "reactivation_window_days": "", "grace_gap_days": "", "renewal_grace_days": "30",
    "net_churn_includes_reactivation": "false", "churn_base_includes_new": "false",
    "revenue_source": "subscriptions", "gross_margin": "", "reporting_currency": "USD", "timezone": "UTC",
    "week_start": "monday", "fiscal_year_start": "1",
}  # fmt: skip


def test_a_new_definition_says_only_what_it_does_otherwise(signed_in, home):
    browser = signed_in("analyst")
    given = {**FORM, "name": "board", "churn_recognition": "cancel_request", "grace_gap_days": "10"}
    response = browser.post(f"{PAGE}new/", given, follow=True)
    assert response.redirect_chain == [(f"{PAGE}?right=board", 302)]
    (written,) = selectors.definitions()
    assert (written.name, written.version) == ("board", 1)
    assert written.settings == '{"churn_recognition":"cancel_request","grace_gap_days":10}'
    page = response.content.decode()
    assert "board, version 1, is written" in page
    assert "When a customer is lost: when they ask to leave, if that is earlier" in page
    browser.post(f"{PAGE}edit/?name=board", {**FORM, "churn_recognition": "cancel_request"})
    assert "Gaps that are bridged: as our definition again" in browser.get(PAGE).content.decode()


def test_the_workspaces_own_definition_can_be_written_too(signed_in, home):
    services.define("board", {"pause_policy": "keep"}, by="test")
    signed_in("owner").post(f"{PAGE}edit/", {**FORM, "churn_recognition": "cancel_request"})
    opened = tenure.open(home)
    lake.flush()
    known = opened.definitions()
    assert (known["default"].version, known["default"].churn_recognition) == (2, "cancel_request")
    assert (known["board"].pause_policy, known["board"].churn_recognition) == ("keep", "cancel_request")
    assert known["tenure"].churn_recognition == "service_end"
    rows = opened.ask({"question": "movements", "from": "2024-01", "to": "2024-01"}).to_dicts()
    assert [row["churn"] for row in rows] == [-100]
    services.define("default", {}, by="test")
    lake.flush()
    assert opened.definition().churn_recognition == "service_end"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"name": "tenure"}, "this one comes with Tenure", id="a preset"),
        pytest.param({"name": "metric"}, "letters, digits, spaces", id="a column of the comparison"),
        pytest.param({"name": "default"}, "There is already a definition default.", id="taken"),
        pytest.param({"timezone": "Mars/Olympus"}, "The setting timezone cannot be", id="a time zone that is none"),
        pytest.param({"gross_margin": "8"}, "a share from 0 to 1", id="a margin that is no share"),
        pytest.param({"grace_gap_days": "-1"}, "greater than or equal to 0", id="negative days"),
    ],
)
def test_what_was_typed_is_kept_with_what_is_wrong(signed_in, home, changes, said):
    response = signed_in("owner").post(f"{PAGE}new/", {**FORM, "name": "board", **changes})
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert f'value="{next(iter(changes.values()))}"' in page
    assert not selectors.definitions().exists()


def test_presets_are_not_edited(signed_in, home):
    assert signed_in("owner").get(f"{PAGE}edit/?name=stripe-like").status_code == 422


def test_programs_read_and_write_them_too(client, home, key):
    headers = key("analyst")
    body = {"name": "board", "settings": {"pause_policy": "keep"}}
    made = client.post("/api/definitions", body, content_type="application/json", headers=headers)
    assert made.status_code == 201
    assert (made.json()["version"], made.json()["settings"]) == (1, {"pause_policy": "keep"})
    told = client.get("/api/definitions", headers=headers).json()
    assert [row["name"] for row in told["definitions"]] == ["default", "tenure", "chartmogul-like", "stripe-like",
                                                            "board"]  # fmt: skip
    assert told["definitions"][-1]["settings"]["pause_policy"] == "keep"
    assert [(row["name"], row["version"]) for row in told["versions"]] == [("board", 1)]
    refused = client.post("/api/definitions", {"name": "tenure"}, content_type="application/json", headers=headers)
    assert refused.json()["error"]["code"] == "record.bad_value"


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        pytest.param("/retain/movements/", "kind=close&amp;definition=stripe-like", id="movements"),
        pytest.param("/retain/metrics/", "kind=cmrr&amp;definition=stripe-like", id="metrics"),
        pytest.param("/retain/cohorts/", "value=customers&amp;definition=stripe-like", id="cohorts"),
        pytest.param("/retain/renewals/", "definition=stripe-like", id="renewals"),
    ],
)
def test_every_page_of_revenue_can_be_read_under_another_definition(signed_in, home, path, inside):
    browser = signed_in("viewer")
    page = browser.get(f"{path}?from=2023-01&to=2024-01&definition=stripe-like").content.decode()
    assert "Definition stripe-like, version 1" in page
    assert '<span class="range__part">Counted by</span>Like Stripe' in page
    assert inside in page
    assert 'href="?from=2023-01&amp;to=2024-01&amp;definition=tenure"' in page
    assert browser.get(f"{path}?definition=tea").status_code == 422
