"""The tables of the lake: every column with its type, unit and meaning. Hides how a column is typed in Arrow.

`TABLES[name]` is the one source: `ingest` builds rows by it, the docs page `reference/tables.md` is made from it.

Conventions
- Money is `decimal(38,12)` without tax; quantities, rates and percentages share the type.
- Days are `date32`, local to the workspace's time zone. Where a moment was given instead of a day, the column
  `NAME_at` keeps it (UTC), so that the day can be made again for another time zone.
- An `end` is exclusive: the first day without service.
- Columns of kind `derived` are computed once, on load, and never accepted from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

MONEY = pa.decimal128(38, 12)
DAY = pa.date32()
STAMP = pa.timestamp("us", tz="UTC")
SPAN = pa.list_(pa.struct([("from", DAY), ("to", DAY)]))
STEP = pa.list_(pa.struct([("from", DAY), ("to", DAY), ("amount", MONEY), ("mrr", MONEY)]))

Kind = Literal["text", "number", "integer", "boolean", "day", "stamp", "spans", "steps", "texts", "json", "derived"]

ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "number": MONEY,
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "day": DAY,
    "stamp": STAMP,
    "spans": SPAN,
    "steps": STEP,
    "texts": pa.list_(pa.string()),
    "json": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how it is written (`kind`), what it means and in which unit, and its default."""

    name: str
    kind: Kind
    doc: str
    default: str | None = None
    dtype: pa.DataType | None = None

    @property
    def arrow(self) -> pa.DataType:
        return self.dtype if self.dtype is not None else ARROW[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, the columns that name a row (`key`), and those a row cannot do without (`required`)."""

    name: str
    doc: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def by_name(self) -> dict[str, Column]:
        return {c.name: c for c in self.columns}

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns a person or a file may give."""
        return tuple(c for c in self.columns if c.kind != "derived")

    @property
    def arrow(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.arrow) for c in self.columns])


def _derived(name: str, dtype: pa.DataType, doc: str) -> Column:
    return Column(name, "derived", doc, dtype=dtype)


def _day(name: str, doc: str) -> tuple[Column, Column]:
    """A day column with the moment it was made from, if a moment was given."""
    return Column(name, "day", doc), _derived(f"{name}_at", STAMP, f"the moment `{name}` was given as, if it was one")


_IDENTITY = (
    Column("source", "text", "the system the row came from"),
    Column("row_id", "text", "the row's own id; a repeated one is the same row sent twice. Made on load if empty"),
    Column("recorded_at", "stamp", "when we came to know the row", default="the time of loading"),
    Column("superseded_at", "stamp", "when it ceased to be what we know; empty = still is"),
    Column("attributes", "json", "columns of the input that the table does not know"),
    _derived("origin", pa.string(), "`load` (handed to the lake) or `store` (mirrored from the application store)"),
    _derived("row_key", pa.int64(), "stable hash of (source, row_id)"),
)
_ACCOUNT_KEY = _derived("account_key", pa.int64(), "stable hash of account_id: the bucket and the sort key")
_USER_KEY = _derived("user_key", pa.int64(), "stable hash of user_id, or of anonymous_id where there is none")
_LINE_KEY = _derived("line_key", pa.int64(), "stable hash of the line whose versions exclude each other")
_SUBSCRIPTION_KEY = _derived(
    "subscription_key", pa.int64(), "stable hash of subscription_id: discounts find their lines by it"
)
_MRR = _derived(
    "mrr", MONEY, "list price per month and in full, in `currency`: what the line adds to MRR before discounts"
)
_FLAWS = _derived("flaws", pa.list_(pa.string()), "what was wrong with the row as given, as anomaly kinds")

TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        Table(
            "accounts",
            "The buying companies.",
            ("account_id",),
            ("account_id",),
            (
                Column("account_id", "text", "the account's id"),
                Column("name", "text", "its name"),
                Column("parent_id", "text", "the account it belongs to"),
                Column("industry", "text", "industry"),
                Column("region", "text", "region"),
                Column("employees", "integer", "number of employees"),
                Column("tier", "text", "tier"),
                Column("owner", "text", "the member who looks after it"),
                Column("product", "text", "its main product"),
                Column("created_at", "stamp", "when the account was created"),
                Column("merged_into", "text", "the account this one was merged into: both are one customer"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "contacts",
            "The people at the accounts.",
            ("contact_id",),
            ("contact_id",),
            (
                Column("contact_id", "text", "the contact's id"),
                Column("account_id", "text", "the account the person works at"),
                Column("user_id", "text", "the person's id in events"),
                Column("name", "text", "name"),
                Column("title", "text", "job title"),
                Column("roles", "texts", "roles in the buying committee"),
                Column("email", "text", "e-mail address"),
                Column("phone", "text", "telephone number"),
                Column("consent", "json", "what the person agreed to"),
                *_day("left", "the day the person left the account"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "products",
            "What is sold.",
            ("product",),
            ("product",),
            (
                Column("product", "text", "the product's code"),
                Column("name", "text", "its name"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "plans",
            "The priced forms of a product.",
            ("plan",),
            ("plan",),
            (
                Column("plan", "text", "the plan's code"),
                Column("product", "text", "the product it belongs to"),
                Column("name", "text", "its name"),
                Column("currency", "text", "ISO 4217 code of its list price"),
                Column("amount", "number", "list price per unit and billing period, without tax"),
                Column("interval", "text", "day, week, month or year"),
                Column("interval_count", "integer", "billing periods are this many intervals", default="1"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "subscriptions",
            "Recurring lines. Several rows of one account, subscription and item are versions in time.",
            ("account_id", "subscription_id", "item", "start"),
            ("account_id", "subscription_id", "start"),
            (
                Column("account_id", "text", "the account that pays"),
                Column("subscription_id", "text", "the subscription's id"),
                Column("item", "text", "the line inside the subscription", default="main"),
                Column("product", "text", "the product"),
                Column("plan", "text", "the plan"),
                Column("currency", "text", "ISO 4217 code", default="the reporting currency"),
                Column(
                    "amount",
                    "number",
                    "price per unit and billing period, without tax unless tax_inclusive_rate is given",
                ),
                Column("quantity", "number", "units, such as seats", default="1"),
                Column("interval", "text", "day, week, month or year", default="month"),
                Column("interval_count", "integer", "billing periods are this many intervals", default="1"),
                *_day("start", "first day with service"),
                *_day("end", "first day without service; empty = open"),
                *_day("cancelled", "day of the cancel request (given as `cancelled_at`)"),
                *_day("trial_end", "first paid day; nothing counts before it"),
                Column("pauses", "spans", "stretches [from, to) without service"),
                Column("tax_inclusive_rate", "number", "e.g. 0.13 if `amount` contains 13 % tax"),
                *_day("signed", "day of signature (given as `signed_at`)"),
                *_day("unpaid", "day on which a past-due subscription was given up (given as `unpaid_at`)"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _LINE_KEY,
                _SUBSCRIPTION_KEY,
                _MRR,
                _FLAWS,
            ),
        ),
        Table(
            "discounts",
            "Recurring discounts of subscriptions.",
            ("subscription_id", "kind", "duration", "start"),
            ("subscription_id", "kind", "value"),
            (
                Column("subscription_id", "text", "the subscription it belongs to"),
                Column("kind", "text", "percent, or amount (per billing period)"),
                Column("value", "number", "20 means 20 %, or an amount in the subscription's currency"),
                Column("duration", "text", "once, repeating or forever", default="forever"),
                *_day("start", "first day in force; empty = from the beginning"),
                *_day("end", "first day no more in force; empty = open (once: one billing period)"),
                *_IDENTITY,
                _SUBSCRIPTION_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "contracts",
            "Signed terms with a total.",
            ("contract_id",),
            ("contract_id", "account_id", "start"),
            (
                Column("contract_id", "text", "the contract's id"),
                Column("account_id", "text", "the account that signed"),
                Column("currency", "text", "ISO 4217 code", default="the reporting currency"),
                Column("total", "number", "value of the whole term, without tax"),
                *_day("start", "first day with service"),
                *_day("end", "first day without service"),
                Column("schedule", "steps", "steps of a ramp [{from, to, amount}]; `mrr` is added on load"),
                Column("renews", "texts", "ids of the contracts it renews"),
                Column("kind", "text", "term, or month_to_month (left out of renewal rates)", default="term"),
                Column("product", "text", "the product"),
                Column("plan", "text", "the plan"),
                Column("quantity", "number", "units, such as seats"),
                Column("notice_days", "integer", "days before the end by which notice must be given"),
                *_day("notice_given", "day on which notice was given (given as `notice_given_at`)"),
                Column("auto_renew", "boolean", "renews by itself unless notice is given"),
                *_day("signed", "day of signature (given as `signed_at`)"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _LINE_KEY,
                _MRR,
                _FLAWS,
            ),
        ),
        Table(
            "invoice_lines",
            "Lines of invoices: what was billed.",
            ("line_id",),
            ("line_id", "account_id"),
            (
                Column("line_id", "text", "the line's id; a repeated one is the same line sent twice"),
                Column("account_id", "text", "the account billed"),
                Column("subscription_id", "text", "the subscription billed"),
                Column("type", "text", "subscription, one_time, usage or refund", default="subscription"),
                Column("invoice_id", "text", "the invoice"),
                Column("plan", "text", "the plan"),
                Column("amount", "number", "amount with tax"),
                Column("tax", "number", "the tax in it", default="0"),
                Column("currency", "text", "ISO 4217 code", default="the reporting currency"),
                Column("interval", "text", "day, week, month or year"),
                Column("interval_count", "integer", "billing periods are this many intervals", default="1"),
                *_day("period_start", "first day the line pays for"),
                *_day("period_end", "first day it does not pay for"),
                *_day("full_period_start", "first day of the whole billing period, if the line is prorated"),
                *_day("full_period_end", "first day after the whole billing period, if the line is prorated"),
                Column("prorated", "boolean", "the line pays for a part of a billing period"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _LINE_KEY,
                _MRR,
                _FLAWS,
            ),
        ),
        Table(
            "trials",
            "Trials of the product.",
            ("trial_id",),
            ("trial_id", "account_id"),
            (
                Column("trial_id", "text", "the trial's id"),
                Column("account_id", "text", "the account that tries"),
                *_day("start", "first day of the trial"),
                *_day("end", "first day after it"),
                *_day("converted", "day of the first payment (given as `converted_at`)"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "events",
            "What people did with the product. An event is sent once, and never changed.",
            ("event_id",),
            ("event", "ts"),
            (
                Column("event_id", "text", "the event's id; a repeated one is the same event sent twice"),
                Column("account_id", "text", "the account it happened in; empty = the one its user belongs to"),
                Column("user_id", "text", "the person who did it"),
                Column("anonymous_id", "text", "the device, as long as nobody says who is using it"),
                Column("event", "text", "what was done"),
                Column("ts", "stamp", "when it was done, by the corrected clock of the device"),
                Column("properties", "json", "what is to be said of it, as a JSON object"),
                Column("received_at", "stamp", "when we received it"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _USER_KEY,
                _derived("place", pa.int64(), "place among the rows handed over together: orders equal moments"),
                _FLAWS,
            ),
        ),
        Table(
            "identities",
            "Who is behind an id, and where a person belongs, from a moment on. Made by identify, alias and group.",
            ("anonymous_id", "user_id", "account_id", "valid_from"),
            (),
            (
                Column("anonymous_id", "text", "an id of a device, or an id that a person had before"),
                Column("user_id", "text", "the person"),
                Column("account_id", "text", "the account the person belongs to"),
                Column("valid_from", "stamp", "from when on; the first also speaks for the time before"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "leads",
            "People and companies that asked, or were asked, before they are customers.",
            ("lead_id",),
            ("lead_id", "created_at"),
            (
                Column("lead_id", "text", "the lead's id"),
                Column("account_id", "text", "the account it is of, once that is known"),
                Column("contact_id", "text", "the contact it became"),
                Column("channel", "text", "the channel that brought it"),
                Column("campaign", "text", "the campaign"),
                Column("keyword", "text", "the keyword"),
                Column("created_at", "stamp", "when it came"),
                Column("mql_at", "stamp", "when marketing found it worth a call"),
                Column("sql_at", "stamp", "when a seller accepted it"),
                Column("opportunity_at", "stamp", "when a deal was made of it"),
                Column("won_at", "stamp", "when it became a customer"),
                Column("lost_at", "stamp", "when it was given up"),
                Column("reason", "text", "why it was"),
                Column("owner", "text", "the member who looks after it"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "spend",
            "What reaching people cost, by day.",
            ("day", "channel", "campaign", "keyword", "kind"),
            ("day", "cost"),
            (
                Column("day", "day", "the day"),
                Column("channel", "text", "the channel"),
                Column("campaign", "text", "the campaign"),
                Column("keyword", "text", "the keyword"),
                Column("impressions", "integer", "how often it was shown"),
                Column("clicks", "integer", "how often it was followed"),
                Column("cost", "number", "what was paid, without tax"),
                Column("currency", "text", "ISO 4217 code", default="the reporting currency"),
                Column("kind", "text", "media, sales, agent_commission, event or content", default="media"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "touches",
            "Moments at which an account was reached, online and off.",
            ("touch_id",),
            ("ts", "channel"),
            (
                Column("touch_id", "text", "the touch's id"),
                Column("account_id", "text", "the account; empty = that of the contact"),
                Column("contact_id", "text", "the contact; empty = the account's own, such as a bid"),
                Column("ts", "stamp", "when it was"),
                Column("channel", "text", "the channel"),
                Column("campaign", "text", "the campaign"),
                Column("keyword", "text", "the keyword"),
                Column("kind", "text", "ad, visit, event, call, email, wechat, bid, referral, ..."),
                Column("role", "text", "role of the contact in the buying committee at that time"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "deals",
            "What an account may buy, from the opportunity to the end.",
            ("deal_id",),
            ("deal_id", "account_id", "created_at"),
            (
                Column("deal_id", "text", "the deal's id"),
                Column("account_id", "text", "the account"),
                Column("stage", "text", "the stage of its pipeline"),
                Column("amount", "number", "what it is worth in all, without tax"),
                Column("mrr", "number", "what it would add to MRR"),
                Column("currency", "text", "ISO 4217 code", default="the reporting currency"),
                Column("created_at", "stamp", "when the opportunity was seen"),
                Column("won_at", "stamp", "when it was won"),
                Column("lost_at", "stamp", "when it was lost"),
                Column("close_date", "day", "the day on which it is expected to be decided"),
                Column("competitor", "text", "who else was in it"),
                Column("source_lead", "text", "the lead it was made of"),
                *_IDENTITY,
                _ACCOUNT_KEY,
                _FLAWS,
            ),
        ),
        Table(
            "fx_rates",
            "Exchange rates; the rate of a month is that of its last day.",
            ("day", "currency"),
            ("day", "currency", "rate"),
            (
                Column("day", "day", "the day of the rate"),
                Column("currency", "text", "ISO 4217 code"),
                Column("rate", "number", "units of the reporting currency for one unit of `currency`"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "metric_definitions",
            "Named and versioned settings that change numbers.",
            ("name", "version"),
            ("name", "version", "settings"),
            (
                Column("name", "text", "the definition's name"),
                Column("version", "integer", "1, 2, ..."),
                Column("settings", "json", "the settings, as JSON"),
                Column("author", "text", "who wrote it"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "closes",
            "Months that a person has closed: from then on, changes show as restatements.",
            ("month",),
            ("month", "closed_at", "closed_by"),
            (
                Column("month", "text", "the month, as 2024-03"),
                Column("closed_at", "stamp", "what was known at this moment is the closed figure"),
                Column("closed_by", "text", "the person's name"),
                Column("note", "text", "why, if anything is to be said"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "targets",
            "What metrics should be at the close of a period.",
            ("metric", "period"),
            ("metric", "period", "value"),
            (
                Column("metric", "text", "the metric's name"),
                Column("period", "text", "the period, as 2026-12, 2026-Q4, 2026 or FY2026"),
                Column(
                    "value", "number", "the value aimed at: money of the reporting currency, or a share such as 0.9"
                ),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "annotations",
            "What happened on a day, for the charts over time.",
            ("annotation_id",),
            ("annotation_id", "day", "kind", "text"),
            (
                Column("annotation_id", "text", "the annotation's id"),
                *_day("day", "the day it happened"),
                Column("kind", "text", "release, price, campaign or other"),
                Column("text", "text", "what happened, in a few words"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
        Table(
            "event_entries",
            "What people wrote of events: the entries of the event catalogue.",
            ("event",),
            ("event",),
            (
                Column("event", "text", "the event's name"),
                Column("feature", "text", "the feature it belongs to; empty = none"),
                Column("owner", "text", "who knows about it"),
                Column("description", "text", "what it means that it was done"),
                Column("hidden", "boolean", "whether it is noise, that no list offers and no heat map shows"),
                *_IDENTITY,
                _FLAWS,
            ),
        ),
    )
}

SUPERSESSIONS = pa.schema(
    [
        pa.field("table", pa.string()),
        pa.field("row_key", pa.int64()),
        pa.field("superseded_at", STAMP),
    ]
)
"""Rows of other tables that ceased to be what we know: written by the mirror, joined when a table is read."""

REFUSED_EVENTS = pa.schema(
    [
        pa.field("refused_id", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("field", pa.string()),
        pa.field("content", pa.string()),
        pa.field("call", pa.string()),
        pa.field("source", pa.string()),
        pa.field("received_at", STAMP),
    ]
)
"""What arrived by the tracking protocol and is no event: what was sent, by which call and key, and the reason."""

GIVEN_AS = {
    "cancelled_at": "cancelled",
    "signed_at": "signed",
    "unpaid_at": "unpaid",
    "notice_given_at": "notice_given",
    "converted_at": "converted",
    "left_at": "left",
    "discount_id": "row_id",
    "customer_id": "account_id",
    "timestamp": "ts",
    "message_id": "event_id",
}
"""Names of the public contract whose column is called otherwise here (a day keeps its moment under `NAME_at`)."""
