"""What the firm sells, through whom, what happens to it, and how its customers behave: every number of the simulation.

`Scenario` holds what a caller may choose; the tables below it are the firm. All of it is written into the truths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import NamedTuple

import numpy as np

from tenure.core.periods import add_months, day_number

FIRST_YEAR, LAST_YEAR = 2015, 2043
"""Years whose lunar calendar, and that of the two years before, is known."""
TAX = 6
"""Per cent on invoices in yuan; invoices in dollars carry none."""

CNY, USD = 0, 1
CURRENCIES = ("CNY", "USD")
DOLLAR = 7.1
"""Yuan for a dollar, about which the monthly rates walk."""


class Product(NamedTuple):
    """A product with its life: shares of new business at the first and the last week, and how its quality moves."""

    code: str
    english: str
    chinese: str
    first_share: float
    last_share: float
    quality_first: float
    quality_last: float
    stage: str


PRODUCTS = (
    Product("desk", "Desk", "协同工作台", 0.55, 0.47, 0.04, 0.04, "maturity"),
    Product("flow", "Flow", "流程自动化", 0.18, 0.48, 0.00, 0.10, "growth"),
    Product("meet", "Meet", "会务管理", 0.27, 0.05, 0.00, -0.15, "decline"),
)
DESK, FLOW, MEET = range(3)


class Plan(NamedTuple):
    """List prices in cents a seat and month."""

    code: str
    english: str
    chinese: str
    cny: int
    usd: int


PLANS = (
    Plan("basic", "Basic", "基础版", 4_800, 900),
    Plan("pro", "Professional", "专业版", 9_800, 1_800),
    Plan("enterprise", "Enterprise", "企业版", 16_800, 2_900),
)
LIST_PRICES = np.array([(plan.cny, plan.usd) for plan in PLANS], np.int64)
"""(plans, currencies)"""


class Channel(NamedTuple):
    """A source of customers: its share of arrivals, how well they fit, their size, and what it costs."""

    code: str
    english: str
    chinese: str
    share: float
    fit: float
    size: float
    weeks_to_win: float
    cost_per_lead: int
    """yuan"""
    lead_to_won: float
    commission: float
    """share of the first year's revenue"""
    verdict: str


CHANNELS = (
    Channel("baidu", "Baidu search", "百度搜索", 0.22, 0.55, 0.9, 6, 260, 0.07, 0.0, "sound"),
    Channel("sogou_360", "360 and Sogou search", "360 与搜狗搜索", 0.07, 0.50, 0.8, 6, 210, 0.06, 0.0, "sound"),
    Channel("display", "Display advertising", "信息流广告", 0.08, 0.33, 0.7, 5, 330, 0.02, 0.0, "wasteful"),
    Channel("wechat", "WeChat content", "微信内容", 0.16, 0.60, 0.9, 9, 90, 0.08, 0.0, "sound"),
    Channel("events", "Events and salons", "会销与沙龙", 0.13, 0.66, 1.9, 20, 780, 0.16, 0.0, "slow but rich"),
    Channel("referral", "Referral", "转介绍", 0.14, 0.70, 1.1, 5, 40, 0.25, 0.0, "best"),
    Channel("agents", "Agents", "渠道代理", 0.12, 0.52, 1.2, 8, 60, 0.12, 0.30, "dear: commission"),
    Channel("outbound", "Telephone", "电话外呼", 0.08, 0.45, 1.0, 10, 150, 0.03, 0.0, "poor"),
)
REFERRAL = 5

EXECUTOR, MANAGER, DECIDER = range(3)
"""Roles whose adoption is followed."""

CAUSES = (
    "never_adopted",
    "champion_left",
    "poor_service",
    "price",
    "competitor",
    "product_aging",
    "annoyed",
    "firm_closed",
)
"""Why a customer leaves: the part of its state that weighed most, drawn by weight."""


class Feature(NamedTuple):
    """A feature or another thing users do, as an event; `role` is who mostly does it."""

    event: str
    role: int = EXECUTOR


FEATURES = (
    Feature("task_created"), Feature("task_completed"), Feature("comment_added"), Feature("search_used"),
    Feature("file_uploaded"), Feature("dashboard_viewed", DECIDER), Feature("approval_submitted"),
    Feature("report_viewed", MANAGER), Feature("approval_completed", MANAGER), Feature("mobile_opened"),
    Feature("form_submitted"), Feature("calendar_viewed"), Feature("mention_sent"),
    Feature("report_exported", MANAGER), Feature("workflow_run"), Feature("reminder_set"),
    Feature("template_used"), Feature("member_invited", MANAGER), Feature("meeting_booked"),
    Feature("form_created"), Feature("minutes_shared"), Feature("workflow_edited", MANAGER),
    Feature("bulk_edited"), Feature("api_called"), Feature("permission_changed", MANAGER),
    Feature("integration_connected", MANAGER), Feature("data_imported"), Feature("data_exported", MANAGER),
    Feature("year_report_opened", MANAGER), Feature("theme_changed"),
)  # fmt: skip
"""The 30 features, the most used first: the use of the k-th is about 1 / k of the first (Zipf)."""

BESIDE = (Feature("login"), Feature("help_viewed"), Feature("support_opened"), Feature("billing_viewed", MANAGER))
"""What users do beside using features: events per active user and week in `BESIDE_RATES`."""
BESIDE_RATES = (0.6, 0.05, 0.012, 0.010)

EVENTS = tuple(feature.event for feature in (*FEATURES, *BESIDE))
ROLES = np.array([feature.role for feature in (*FEATURES, *BESIDE)])


class Sign(NamedTuple):
    """An early sign: from so many weeks before the end, an event of a leaving customer becomes so many times as often.

    Silent leavers show none.
    """

    event: str
    weeks: int
    factor: float


SIGNS = (
    Sign("member_invited", 10, 0.10),
    Sign("report_exported", 8, 0.25),
    Sign("approval_completed", 6, 0.35),
    Sign("billing_viewed", 5, 5.0),
    Sign("data_exported", 3, 6.0),
)
LAST_WEEKS, LAST_FACTOR = 2, 0.7
"""In its last weeks, a leaving customer that is not silent does less of everything."""


class Decoy(NamedTuple):
    """An event that looks like a sign and is none."""

    event: str
    why: str


DECOYS = (
    Decoy("theme_changed", "comes in bursts that have to do with nothing"),
    Decoy("year_report_opened", "is used in December and January by all, when many terms end"),
    Decoy("data_imported", "falls after the first eight weeks of every customer"),
    Decoy("mobile_opened", "falls for all over the years: the old app is being replaced"),
    Decoy("support_opened", "follows the size of the customer and its open defects, of stayers and leavers alike"),
)


class Treatment(NamedTuple):
    """What an intervention does. `need` is the part of the state it answers; without that need it only annoys."""

    kind: str
    need: str
    cost: int
    """yuan an account"""
    delay_weeks: int
    effect: float
    """how much of the need one treatment takes away; each further one within half a year half as much again"""
    annoyance: float
    rescue: float
    """probability that it turns a customer who has decided to leave, if it answers the cause"""
    answers: tuple[str, ...]


TREATMENTS = (
    Treatment("visit", "no champion, or little satisfaction", 900, 1, 0.45, 0.90, 0.90,
              ("champion_left", "competitor", "poor_service")),
    Treatment("training", "little adoption by executors", 600, 2, 0.45, 0.90, 0.90, ("never_adopted",)),
    Treatment("offer", "pressure on the price, or a competitor", 1500, 1, 0.45, 0.90, 0.90, ("price", "competitor")),
    Treatment("fix", "an open defect", 1200, 2, 1.0, 0.0, 0.70, ("poor_service",)),
    Treatment("message", "little adoption by managers and deciders", 5, 0, 0.10, 0.90, 0.03, ("never_adopted",)),
    Treatment("referral_reward", "none: a satisfied customer may bring another", 300, 2, 0.02, 0.90, 0.0, ()),
)  # fmt: skip
KINDS = tuple(treatment.kind for treatment in TREATMENTS)


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a caller chooses about the firm.

    `accounts` arrive over `months` that end before the day `until`; about two fifths are customers from the beginning.
    `activity` multiplies the events, 0 leaves them out.
    """

    accounts: int = 2_000
    months: int = 36
    until: date = date(2026, 11, 1)
    activity: float = 1.0
    first_slot: int = 0
    """the number of the first account: a large firm is made in parts"""
    planted: int = field(default=3)
    """faulty rows of each kind hidden in the data of a part"""

    def __post_init__(self) -> None:
        if self.accounts < 1 or self.months < 1 or self.activity < 0:
            raise ValueError("at least one account and one month, and no negative activity")
        if self.until.year > LAST_YEAR or add_months(self.until, -self.months).year < FIRST_YEAR:
            raise ValueError(f"years from {FIRST_YEAR} to {LAST_YEAR}, not {self.months} months before {self.until}")

    @property
    def since(self) -> int:
        """The first Monday on or after the first day, as a day number."""
        return _first_monday(self.until, self.months)

    @property
    def weeks(self) -> int:
        """Whole weeks from `since` to `until`, the broken one at the end included."""
        return -(-(day_number(self.until) - self.since) // 7)

    @property
    def outage_day(self) -> int:
        """The first of two days on which the product is down: a Wednesday after a third of the time."""
        return self.since + 7 * (self.weeks // 3) + 2

    @property
    def price_week(self) -> int:
        """The week in which list prices rise by `PRICE_RISE`."""
        return self.weeks * 45 // 100

    @property
    def competitor_week(self) -> int:
        """The week of the competitor's launch."""
        return self.weeks * 62 // 100


@cache
def _first_monday(until: date, months: int) -> int:
    """On or after the day so many months before."""
    first = day_number(add_months(until, -months))
    return first + (-(first + 3)) % 7


OUTAGE_DAYS = 2
PRICE_RISE = 0.06
"""Of list prices: for new customers at once, for contracts at their renewal, for subscriptions after eight weeks."""
PRICE_NOTICE_WEEKS = 8
COMPETITOR_INDUSTRIES = ("software", "retail", "education", "business_services")
"""Where the competitor is strong."""
