"""The simulated firm: one seed lives one life, an action changes only whom it reaches, and causes are causes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tenure.core.periods import day_date
from tenure.core.simulation import Firm, Intervention, Scenario, rules, truths
from tenure.core.simulation.scenario import CAUSES, CHANNELS, EVENTS, FEATURES, KINDS, SIGNS, TREATMENTS

UNTIL = date(2026, 11, 1)
Actions = Callable[[int], Sequence[Intervention]]
Life = tuple[Firm, pa.Table, list[dict[str, pa.Table]]]


def lived(scenario: Scenario, seed: int = 1, actions: Actions = lambda week: ()) -> Life:
    """A firm after its weeks, its events, and what it wrote down week by week."""
    firm = Firm(scenario, np.random.default_rng(seed))
    written = [firm.step(week, actions(week)) for week in range(scenario.weeks)]
    return firm, pa.concat_tables([one.events for one in written]), [one.tables for one in written]


def plain(table: pa.Table) -> pa.Table:
    """The rows, whatever their dictionaries are."""
    return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})


def texts(table: pa.Table, column: str) -> np.ndarray[Any, Any]:
    return table[column].cast(pa.string()).to_numpy(zero_copy_only=False)


SMALL = Scenario(accounts=120, months=18, until=UNTIL, planted=0)


@pytest.fixture(scope="module")
def alone() -> Life:
    return lived(SMALL)


def test_one_seed_is_one_life(alone: Life) -> None:
    firm, events, tables = lived(SMALL)
    assert events.equals(alone[1])
    assert tables == alone[2]
    assert firm.journal.history() == alone[0].journal.history()
    assert truths(firm) == truths(alone[0])


def test_another_seed_is_another_life(alone: Life) -> None:
    firm, _, _ = lived(SMALL, seed=2)
    assert firm.journal.current()["accounts"] != alone[0].journal.current()["accounts"]


def test_an_action_changes_only_whom_it_reaches(alone: Life) -> None:
    always = alone[0].books.active & (alone[0].people.arrival < SMALL.since)
    reached = [alone[0].books.ids[i] for i in np.flatnonzero(always)[:3]]
    firm, events, _ = lived(
        SMALL, actions=lambda week: [Intervention(kind, reached) for kind in KINDS[:5]] if week in (20, 24) else []
    )
    others = pa.array(sorted(set(alone[0].books.ids) - set(reached)))
    now, before = (
        found.filter(pc.is_in(found["account_id"].cast(pa.string()), others)) for found in (events, alone[1])
    )
    assert plain(now).equals(plain(before))
    assert not plain(events).equals(plain(alone[1]))
    for name, table in firm.journal.current().items():
        if "account_id" in table.column_names:
            there = [row for row in table.to_pylist() if row["account_id"] not in reached]
            former = alone[0].journal.current()[name].to_pylist()
            assert there == [row for row in former if row["account_id"] not in reached], name


def test_what_was_lived_before_an_action_is_the_same(alone: Life) -> None:
    everybody = alone[0].books.ids
    _, events, tables = lived(SMALL, actions=lambda week: [Intervention("visit", everybody)] if week == 30 else [])
    assert tables[:30] == alone[2][:30]
    assert tables != alone[2]
    assert not events.equals(alone[1])


def test_a_part_lives_as_it_does_in_the_whole() -> None:
    whole, events, _ = lived(Scenario(accounts=60, months=12, until=UNTIL, planted=0))
    part, of_part, _ = lived(Scenario(accounts=20, months=12, until=UNTIL, planted=0, first_slot=40))
    own = set(part.books.ids[:20])
    assert own == {f"A{number:06d}" for number in range(41, 61)}
    inside = pc.is_in(events["account_id"].cast(pa.string()), pa.array(sorted(own)))
    assert plain(events.filter(inside)).equals(plain(of_part))
    contracts = [row for row in whole.journal.current()["contracts"].to_pylist() if row["account_id"] in own]
    assert part.journal.current()["contracts"].to_pylist() == contracts


def test_weeks_come_one_after_the_other() -> None:
    firm = Firm(Scenario(accounts=5, months=2, until=UNTIL), np.random.default_rng(1))
    firm.step(0)
    for week in (0, 2, 99):
        with pytest.raises(ValueError, match="the next week is 1"):
            firm.step(week)
    for week in range(1, firm.scenario.weeks):
        firm.step(week)
    with pytest.raises(ValueError, match="the last one"):
        firm.step(firm.scenario.weeks)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"accounts": 0}, id="no account"),
        pytest.param({"months": 0}, id="no month"),
        pytest.param({"activity": -1.0}, id="negative activity"),
        pytest.param({"until": date(2060, 1, 1)}, id="a year without a known Spring Festival"),
        pytest.param({"until": date(2015, 6, 1)}, id="a beginning too early"),
    ],
)
def test_a_scenario_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least|years from"):
        Scenario(**wrong)


def test_a_firm_of_one_account_lives() -> None:
    firm, _, _ = lived(Scenario(accounts=1, months=6, until=UNTIL))
    assert set(firm.journal.current()) == set(firm.journal.history())


def test_nothing_is_written_about_the_future(alone: Life) -> None:
    firm, events, tables = alone
    for week, written in enumerate(tables):
        after = day_date(firm.scenario.since + 7 * (week + 1))
        for table in written.values():
            assert max(moment.date() for moment in table["recorded_at"].to_pylist()) < after
    assert max(events["ts"].to_pylist()).date() < UNTIL


def test_weekly_rows_add_up_to_the_history(alone: Life) -> None:
    firm, _, tables = alone
    for name, whole in firm.journal.history().items():
        rows = sum(written[name].num_rows for written in tables if name in written)
        assert rows == whole.num_rows, name
        known = [row for row in whole.to_pylist() if row["superseded_at"] is None]
        assert len(known) == firm.journal.current()[name].num_rows, name


def test_ids_are_used_once(alone: Life) -> None:
    firm, events, _ = alone
    assert len(events["event_id"].unique()) == events.num_rows
    for name, key in (
        ("accounts", "account_id"),
        ("contacts", "contact_id"),
        ("contracts", "contract_id"),
        ("invoice_lines", "line_id"),
    ):
        column = firm.journal.current()[name][key]
        assert len(column.unique()) == len(column), name


def test_events_belong_to_customers_and_their_users(alone: Life) -> None:
    firm, events, _ = alone
    accounts = set(firm.journal.current()["accounts"]["account_id"].to_pylist())
    assert set(texts(events, "account_id")) <= accounts
    pairs = set(zip(texts(events, "account_id"), texts(events, "user_id"), strict=True))
    assert all(user[1:7] == account[1:] for account, user in pairs)
    assert set(texts(events, "event")) <= set(EVENTS)
    assert {row["account_id"] for row in firm.journal.current()["contacts"].to_pylist()} == accounts


def test_contracts_follow_on_one_another(alone: Life) -> None:
    rows = {row["contract_id"]: row for row in alone[0].journal.current()["contracts"].to_pylist()}
    renewals = [row for row in rows.values() if row["renews"]]
    assert len(renewals) > 20
    for row in renewals:
        assert {rows[former]["end"] for former in row["renews"]} == {row["start"]}
    assert all(row["start"] < row["end"] and row["total"] > 0 for row in rows.values())


@pytest.mark.parametrize("treatment", TREATMENTS, ids=lambda treatment: treatment.kind)
def test_an_intervention_costs_and_waits(treatment: Any) -> None:
    firm = Firm(SMALL, np.random.default_rng(1))
    account = firm.books.ids[int(np.flatnonzero(firm.people.arrival < SMALL.since)[0])]
    firm.step(0)
    firm.step(1, [Intervention(treatment.kind, [account])])
    assert firm.cost == treatment.cost
    touched = [firm.mood.treated.sum() > 0]
    for week in range(2, 5):
        firm.step(week)
        touched.append(firm.mood.treated.sum() > 0)
    assert touched.index(True) == treatment.delay_weeks


@pytest.mark.parametrize(
    ("kind", "state", "better"),
    [
        pytest.param("visit", {"satisfaction": 0.3}, lambda m: m.satisfaction, id="a visit satisfies"),
        pytest.param("training", {"adoption": 0.2}, lambda m: m.skill, id="training lets more be reached"),
        pytest.param("offer", {"pressure": 0.8}, lambda m: -m.pressure, id="an offer takes pressure off"),
        pytest.param("offer", {"pull": 0.8}, lambda m: -m.pull, id="an offer answers the competitor"),
        pytest.param("fix", {"defect": True}, lambda m: ~m.defect, id="a fix closes the defect"),
        pytest.param("message", {"adoption": 0.2}, lambda m: m.adoption[:, 1], id="a message reaches managers"),
    ],
)
def test_an_intervention_answers_its_need(kind: str, state: dict[str, Any], better: Callable[[Any], Any]) -> None:
    delay = next(t.delay_weeks for t in TREATMENTS if t.kind == kind)

    def after(reach: bool) -> Any:
        firm = Firm(Scenario(accounts=40, months=6, until=UNTIL, activity=0), np.random.default_rng(4))
        firm.step(0)
        for week in range(1, delay + 2):
            for name, value in state.items():
                getattr(firm.mood, name)[...] = value
            firm.step(week, [Intervention(kind, firm.books.ids)] if reach and week == 1 else [])
        return firm

    without, treated = after(False), after(True)
    reached = without.books.active
    gain = better(treated.mood)[reached].astype(float) - better(without.mood)[reached].astype(float)
    assert gain.mean() > 0
    assert treated.mood.annoyance[reached].max() == 0


def test_an_intervention_without_need_annoys() -> None:
    firm = Firm(Scenario(accounts=40, months=6, until=UNTIL, activity=0), np.random.default_rng(4))
    firm.step(0)
    reached = firm.books.active.copy()
    for week in (1, 2):
        firm.mood.satisfaction[:], firm.mood.champion[:] = 0.9, True
        firm.step(week, [Intervention("visit", firm.books.ids)] if week == 1 else [])
    assert (firm.mood.annoyance[reached] > 0).all()


@pytest.mark.parametrize(
    ("action", "said"),
    [
        pytest.param(Intervention("bribe", ["A000001"]), "an intervention is one of visit", id="unknown kind"),
        pytest.param(Intervention("visit", ["A999999"]), "there is no account A999999", id="unknown account"),
    ],
)
def test_an_intervention_that_cannot_be(action: Intervention, said: str) -> None:
    firm = Firm(Scenario(accounts=5, months=2, until=UNTIL), np.random.default_rng(1))
    with pytest.raises(ValueError, match=said):
        firm.step(0, [action])


def test_every_departure_has_its_cause_and_its_end_in_the_rows() -> None:
    firm, _, _ = lived(Scenario(accounts=400, until=UNTIL, activity=0, planted=0))
    tables = firm.journal.current()
    assert {one.cause for one in firm.departures} >= set(CAUSES) - {"annoyed"}
    ends: dict[str, set[date]] = {}
    for row in tables["contracts"].to_pylist():
        ends.setdefault(row["account_id"], set()).add(row["end"])
    for row in tables["subscriptions"].to_pylist():
        ends.setdefault(row["account_id"], set()).add(row["end"] or row["unpaid_at"])
    for one in firm.departures:
        assert day_date(one.left) in ends[one.account_id], one
        assert one.decided < one.left


def test_signs_begin_at_their_lead_and_silent_leavers_show_none() -> None:
    firm, events, _ = lived(Scenario(accounts=900, months=30, until=UNTIL), seed=7)
    days = pc.divide(events["ts"].cast(pa.int64()), 86_400_000_000).to_numpy()
    names, accounts = texts(events, "event"), texts(events, "account_id")
    left = {one.account_id: one for one in firm.departures if one.left - one.decided >= 70}

    def ratio(event: str, lead: int, *, silent: bool) -> float:
        """Events a week inside the lead against those of the ten weeks before it, all leavers together."""
        chosen = {account: one.left for account, one in left.items() if one.silent == silent}
        mine = names == event
        ends = np.array([chosen.get(account, -1) for account in accounts[mine]])
        weeks = (ends - days[mine]) / 7
        inside = ((ends >= 0) & (weeks > 0) & (weeks <= lead - 1)).sum() / (lead - 1)
        before = ((ends >= 0) & (weeks > lead + 1) & (weeks <= lead + 11)).sum() / 10
        return float(inside / before)

    for sign in SIGNS:
        shown = ratio(sign.event, sign.weeks, silent=False)
        hidden = ratio(sign.event, sign.weeks, silent=True)
        assert (shown < 0.6) if sign.factor < 1 else (shown > 2), (sign, shown)
        assert 0.5 < hidden < 2, (sign, hidden)


def test_the_rules_name_what_is_planted() -> None:
    found = rules(Scenario(until=UNTIL))
    assert [shock["what"] for shock in found["shocks"]] == ["outage", "price_rise", "competitor_launch"]
    assert len(found["features"]) == len(FEATURES) == 30
    assert {sign["event"] for sign in found["signs"]}.isdisjoint(decoy["event"] for decoy in found["decoys"])
    verdicts = {channel["code"]: channel["verdict"] for channel in found["channels"]}
    assert (verdicts["display"], verdicts["events"]) == ("wasteful", "slow but rich")


def test_the_product_is_down_during_the_outage(alone: Life) -> None:
    _, events, _ = alone
    days = pc.divide(pc.add(events["ts"].cast(pa.int64()), 8 * 3_600_000_000), 86_400_000_000).to_numpy()
    names = texts(events, "event")
    inside = (days >= SMALL.outage_day) & (days < SMALL.outage_day + 2)
    before = (days >= SMALL.outage_day - 7) & (days < SMALL.outage_day - 5)
    assert set(names[inside]) <= {"support_opened"}
    assert len(set(names[before])) > 10


@pytest.fixture(scope="module")
def acquired() -> dict[str, pa.Table]:
    firm = Firm(Scenario(accounts=900, months=30, until=UNTIL, activity=0), np.random.default_rng(3))
    for week in range(firm.scenario.weeks):
        firm.step(week)
    return dict(firm.journal.current())


def test_every_customer_that_came_in_these_years_was_a_lead_and_a_deal(acquired: dict[str, pa.Table]) -> None:
    won = [row for row in acquired["leads"].to_pylist() if row["won_at"] is not None]
    deals = {row["source_lead"]: row for row in acquired["deals"].to_pylist()}
    assert len(won) > 400
    for lead in won:
        deal = deals[lead["lead_id"]]
        assert (deal["stage"], deal["account_id"], deal["won_at"]) == ("won", lead["account_id"], lead["won_at"])
        assert lead["created_at"] < lead["mql_at"] < lead["sql_at"] < lead["opportunity_at"] < lead["won_at"]


def test_channels_win_as_often_as_the_truths_say(acquired: dict[str, pa.Table]) -> None:
    leads = acquired["leads"].group_by("channel").aggregate([("lead_id", "count"), ("won_at", "count")]).to_pylist()
    rates = {row["channel"]: row["won_at_count"] / row["lead_id_count"] for row in leads}
    for channel in CHANNELS:
        assert rates[channel.code] == pytest.approx(channel.lead_to_won, rel=0.3), channel.code
    dear = acquired["leads"].filter(pc.equal(acquired["leads"]["keyword"], "免费 OA"))
    assert dear.num_rows > 50
    assert dear["won_at"].null_count == dear.num_rows


def test_what_is_named_is_there(acquired: dict[str, pa.Table]) -> None:
    ids = {name: set(acquired[name][f"{name[:-1]}_id"].to_pylist()) for name in ("accounts", "contacts", "deals")}
    for table, column, named in [
        ("deals", "account_id", "accounts"),
        ("committee_members", "contact_id", "contacts"),
        ("committee_members", "deal_id", "deals"),
        ("touches", "contact_id", "contacts"),
        ("activities", "deal_id", "deals"),
        ("tenders", "account_id", "accounts"),
        ("demand_links", "account_id", "accounts"),
    ]:
        assert set(acquired[table][column].to_pylist()) <= ids[named], (table, column)
    days = acquired["spend"].group_by(["day", "channel", "campaign", "keyword", "kind"], use_threads=False)
    assert days.aggregate([]).num_rows == acquired["spend"].num_rows
