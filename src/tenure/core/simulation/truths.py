"""What is true of a simulated firm and what nobody inside it can know: the answers that advice is judged by.

Everything here can be written as JSON; days are dates.
"""

from __future__ import annotations

from typing import Any

from tenure.core.periods import day_date
from tenure.core.simulation.acquiring import PLACEMENTS
from tenure.core.simulation.firm import DECIDES_FROM, DECIDES_UNTIL, Firm
from tenure.core.simulation.scenario import (
    CAUSES,
    CHANNELS,
    DECOYS,
    FEATURES,
    OUTAGE_DAYS,
    PRICE_NOTICE_WEEKS,
    PRICE_RISE,
    PRODUCTS,
    SIGNS,
    TREATMENTS,
    Scenario,
)
from tenure.core.simulation.usage import HOLDING


def rules(scenario: Scenario) -> dict[str, Any]:
    """What is true before the first week: the same for every seed."""
    since = scenario.since
    return {
        "scenario": {
            "accounts": scenario.accounts,
            "months": scenario.months,
            "since": day_date(since).isoformat(),
            "until": scenario.until.isoformat(),
            "activity": scenario.activity,
        },
        "shocks": [
            {"what": "outage", "from": day_date(scenario.outage_day).isoformat(), "days": OUTAGE_DAYS},
            {
                "what": "price_rise",
                "from": day_date(since + 7 * scenario.price_week).isoformat(),
                "share": str(PRICE_RISE),
                "notice_weeks": PRICE_NOTICE_WEEKS,
            },
            {"what": "competitor_launch", "from": day_date(since + 7 * scenario.competitor_week).isoformat()},
        ],
        "products": [{"product": p.code, "stage": p.stage} for p in PRODUCTS],
        "channels": [channel._asdict() for channel in CHANNELS],
        "placements": [placement._asdict() for placement in PLACEMENTS],
        "causes": list(CAUSES),
        "decides": {"weeks_before_the_end": [DECIDES_FROM, DECIDES_UNTIL]},
        "features": [feature.event for feature in FEATURES],
        "holding_features": list(HOLDING),
        "signs": [sign._asdict() for sign in SIGNS],
        "decoys": [decoy._asdict() for decoy in DECOYS],
        "interventions": [treatment._asdict() for treatment in TREATMENTS],
    }


def truths(firm: Firm) -> dict[str, Any]:
    """What came true in a firm by the week it has reached."""
    return {
        "departures": [
            {
                "account_id": one.account_id,
                "decided": day_date(one.decided).isoformat(),
                "left": day_date(one.left).isoformat(),
                "cause": one.cause,
                "silent": one.silent,
            }
            for one in firm.departures
        ],
        "rescues": [one._asdict() | {"day": day_date(one.day).isoformat()} for one in firm.rescues],
        "leaving": [
            {"account_id": account, "left": day_date(day).isoformat(), "cause": cause, "silent": silent}
            for account, day, cause, silent in firm.going()
        ],
        "planted": [{"kind": "overlap", "subscription_id": one} for one in firm.forgotten],
    }
