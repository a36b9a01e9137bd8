"""Draw the simulated firm beside real firms, as docs/explanation/simulated-firm.md shows it.

    python -m venv PLACE && PLACE/bin/python -m pip install --upgrade pip      (25.1 or newer knows groups)
    PLACE/bin/python -m pip install --group plots
    PYTHONPATH=src PLACE/bin/python scripts/plot_simulation.py [--accounts 2000] [--seed 1] [--into FOLDER]

Six SVG pictures, and on the standard output a Markdown table of the figures behind them. Neither the product nor its
tests need the group `plots`. The real data sets are those of scripts/real_sets.py; only curves over many accounts go
into the pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import vl_convert as vlc
from real_sets import DAY, SHARED, TELCO, Floats, Ints, Openstack, contributors, online_retail, payers, wholesale

from tenure.core.periods import add_months, day_date, day_number
from tenure.core.simulation import Firm, Scenario
from tenure.core.simulation.calendar import NEW_YEARS
from tenure.core.simulation.scenario import CNY, DOLLAR, FEATURES

ROOT = Path(__file__).resolve().parents[1]
INTO = ROOT / "docs" / "explanation" / "simulated-firm"

Rows = list[dict[str, Any]]
Figure = tuple[str, str, str]
"""what is measured, in the simulation, in the real sets"""

SIMULATED = "simulated"
BLUE, ORANGE, GREEN, VIOLET = "#2f62d4", "#b9580a", "#12855f", "#a04f99"
INK, MUTED, GRID = "#17191f", "#5a616c", "#e3e5ea"
FONT = "Helvetica, Arial, sans-serif"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CHINA = 8 * 3_600
"""Seconds by which China is ahead of UTC."""


class Picture(NamedTuple):
    name: str
    chart: alt.TopLevelMixin
    figures: list[Figure]


# ---------------------------------------------------------------------- the simulated firm


class Spell(NamedTuple):
    """A customer's time from its first paid day to the day it was lost, or to the end of the simulation."""

    first: int
    last: int
    lost: bool
    annual: bool


class Life:
    """What the pictures need of a firm that has lived to its end."""

    def __init__(self, accounts: int, seed: int) -> None:
        firm = Firm(Scenario(accounts=accounts), np.random.default_rng(seed))
        self.since, self.until = firm.scenario.since, firm.until
        days = self.until - self.since
        self.uses = np.zeros(len(FEATURES), np.int64)
        self.logins = np.zeros(days, np.int64)
        self.clock = np.zeros((7, 24), np.int64)
        """events by local weekday and hour"""
        places = {feature.event: k for k, feature in enumerate(FEATURES)}
        for week in range(firm.scenario.weeks):
            events = firm.step(week).events
            names = events["event"].combine_chunks()
            kinds = names.dictionary.to_pylist()
            code = names.indices.to_numpy()
            local = events["ts"].cast(pa.int64()).to_numpy() // 1_000_000 + CHINA
            for kind, count in enumerate(np.bincount(code, minlength=len(kinds)).tolist()):
                if kinds[kind] in places:
                    self.uses[places[kinds[kind]]] += count
            day = local[code == kinds.index("login")] // DAY - self.since
            self.logins += np.bincount(day[(day >= 0) & (day < days)], minlength=days)
            np.add.at(self.clock, ((local // DAY + 3) % 7, local % DAY // 3_600), 1)
        self.mrr = firm.books.mrr(self.until - 1) * np.where(firm.people.currency == CNY, 1.0, DOLLAR) / 10_000
        self.mrr = self.mrr[self.mrr > 0]
        arrival = firm.people.arrival
        self.arrivals = arrival[(arrival >= self.since) & (arrival < self.until)]
        tables = firm.journal.current()
        self.contracts = tables["contracts"].to_pylist()
        self.paid = _paid(self.contracts, tables["subscriptions"].to_pylist())
        self.annual = {contract["account_id"] for contract in self.contracts}

    def spells(self) -> Iterator[Spell]:
        """The first unbroken time of every customer that arrived while the firm was simulated."""
        for account, times in self.paid.items():
            first, last = times[0]
            if self.since < first < self.until:
                yield Spell(first, min(last, self.until), last < self.until, account in self.annual)

    def customers(self, day: int) -> set[str]:
        """Accounts that pay for a day."""
        return {account for account, times in self.paid.items() if any(a <= day < b for a, b in times)}

    def years(self) -> list[tuple[int, int]]:
        """First days of the simulated years and of the years after them; the last year may be some days short."""
        edges = [self.since + 365 * k for k in range(1 + round((self.until - self.since) / 365))]
        edges[-1] = self.until - 1
        return list(pairwise(edges))


def _paid(contracts: Rows, subscriptions: Rows) -> dict[str, list[tuple[int, int]]]:
    """Account -> times without a gap in which it paid, in order; one that goes on ends far away."""
    far = 1 << 40
    times: dict[str, list[tuple[int, int]]] = {}
    for row in contracts:
        times.setdefault(row["account_id"], []).append((day_number(row["start"]), day_number(row["end"])))
    lines: dict[tuple[str, str], Rows] = {}
    for row in subscriptions:
        lines.setdefault((row["account_id"], row["item"]), []).append(row)
    for (account, _), versions in lines.items():
        versions.sort(key=lambda row: row["start"])
        for row, following in zip(versions, [*versions[1:], None], strict=True):
            end = row["end"] or row["unpaid_at"]
            if end is None and following is not None:  # a planted fault: nobody ended the former version
                end = following["start"]
            start = day_number(row["trial_end"] or row["start"])
            if end is None or day_number(end) > start:
                times.setdefault(account, []).append((start, far if end is None else day_number(end)))
    return {account: _joined(sorted(found)) for account, found in times.items()}


def _joined(times: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined = [times[0]]
    for first, last in times[1:]:
        if first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


# ---------------------------------------------------------------------- arithmetic


def top_share(sizes: Floats, share: float) -> float:
    """Per cent of the whole that the largest `share` of sizes makes."""
    ordered = np.sort(sizes)[::-1]
    return float(100 * ordered[: max(round(share * len(ordered)), 1)].sum() / ordered.sum())


def gini(sizes: Floats) -> float:
    ordered = np.sort(sizes)
    count = len(ordered)
    return float((2 * np.arange(1, count + 1) - count - 1) @ ordered / (count * ordered.sum()))


def line_through(rank: Floats, use: Floats) -> tuple[float, float]:
    """Slope and R2 of a straight line through the logarithms."""
    x, y = np.log(rank), np.log(use)
    slope = float(np.polyfit(x, y, 1)[0])
    return slope, float(np.corrcoef(x, y)[0, 1] ** 2)


def surviving(months: Ints, lost: npt.NDArray[np.bool_], longest: int) -> list[float]:
    """Kaplan and Meier: per cent still there after 0, 1 .. `longest` months; shorter where fewer than ten are left."""
    shares = [100.0]
    for month in range(1, longest + 1):
        at_risk = int((months >= month).sum())
        if at_risk < 10:
            break
        shares.append(shares[-1] * (1 - int((lost & (months == month)).sum()) / at_risk))
    return shares


def about(daily: Ints, first: int, feasts: Iterable[int], reach: int = 8) -> Floats:
    """Index of the weeks -`reach` .. `reach` about each feast, its week 0; 100 = those four or more weeks away.

    Week 0 begins on the day before the feast. A row a feast that has all its weeks.
    """
    rows = []
    for feast in feasts:
        start = feast - 1 - 7 * reach - first
        if start < 0 or start + 7 * (2 * reach + 1) > len(daily):
            continue
        weeks = daily[start : start + 7 * (2 * reach + 1)].reshape(-1, 7).sum(axis=1)
        usual = np.concatenate([weeks[: reach - 3], weeks[reach + 4 :]]).mean()
        rows.append(100 * weeks / usual)
    return np.array(rows)


def months_between(first: int, last: int) -> int:
    """Whole months from a day to a later one."""
    a, b = day_date(first), day_date(last)
    return (b.year - a.year) * 12 + b.month - a.month - (b.day < a.day)


# ---------------------------------------------------------------------- drawing


def styled(chart: alt.TopLevelMixin, title: str, subtitle: str | list[str]) -> alt.TopLevelMixin:
    """A chart as all pictures look: on its own white ground, so that it is read on any page."""
    return (
        chart.properties(
            background="#ffffff",
            padding={"left": 14, "right": 18, "top": 14, "bottom": 12},
            title=alt.TitleParams(title, subtitle=subtitle),
        )
        .configure(font=FONT, aria=False)
        .configure_title(
            anchor="start", fontSize=16, color=INK, subtitleFontSize=12, subtitleColor=MUTED, subtitlePadding=5,
            offset=14,
        )
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=12, titleFontSize=12, titleFontWeight="normal", labelColor=MUTED, titleColor=INK,
            gridColor=GRID, domainColor=MUTED, tickColor=MUTED, titlePadding=8,
        )
        .configure_legend(
            orient="top", title=None, labelFontSize=12, labelColor=INK, labelLimit=0, symbolSize=300,
            symbolStrokeWidth=2.5, columnPadding=18, offset=8,
        )
        .configure_header(labelFontSize=12, labelColor=INK)
    )  # fmt: skip


def coloured(
    series: dict[str, tuple[str, Sequence[float]]], columns: int = 4, *, inside: bool = False
) -> dict[str, Any]:
    """Colour and dashes of each series, in one legend: colour is never the only sign."""
    legend = alt.Legend(orient="bottom-left", columns=1) if inside else alt.Legend(columns=columns)
    names = list(series)
    return {
        "color": alt.Color("series:N", sort=names, legend=legend,
                           scale=alt.Scale(domain=names, range=[colour for colour, _ in series.values()])),
        "strokeDash": alt.StrokeDash("series:N", sort=names, legend=legend,
                                     scale=alt.Scale(domain=names, range=[list(dash) for _, dash in series.values()])),
    }  # fmt: skip


def lines(rows: Rows) -> alt.Chart:
    return alt.Chart(alt.Data(values=rows)).mark_line(strokeWidth=2.2)


def panel(text: str, offset: int = 6) -> alt.TitleParams:
    """The title of a panel; one whose axis has no label at its top needs twice the offset to stand as high."""
    return alt.TitleParams(text, fontSize=12, fontWeight="bold", color=INK, offset=offset, frame="group")


WHOLE, LONG, SHORT, DOTS = (1, 0), (8, 4), (4, 3), (1.5, 3)


# ---------------------------------------------------------------------- the pictures


def account_sizes(life: Life) -> Picture:
    sizes = {
        SIMULATED: life.mrr,
        "online_retail_2010_2011": online_retail(),
        "wholesale_customers": wholesale(),
        "oss_subscriptions": contributors(),
    }
    look = coloured(dict(zip(sizes, [(BLUE, WHOLE), (ORANGE, LONG), (GREEN, SHORT), (VIOLET, DOTS)], strict=True)), 2)
    shares, tails = [], []
    for name, values in sizes.items():
        ordered = np.sort(values)[::-1]
        for percent in (0, 1, 2, 3, 4, *range(5, 101, 5)):
            share = 0.0 if percent == 0 else top_share(values, percent / 100)
            shares.append({"series": name, "x": percent, "y": round(share, 1)})
        times = ordered / np.median(ordered)
        for place in sorted({round(p) for p in np.geomspace(1, len(times), 28)}):
            if times[place - 1] >= 0.05:
                tails.append({"series": name, "x": float(f"{times[place - 1]:.4g}"),
                              "y": float(f"{100 * place / len(times):.4g}")})  # fmt: skip
    left = lines(shares).encode(
        x=alt.X("x:Q", title="% of accounts, the largest first", scale=alt.Scale(domain=[0, 100])),
        y=alt.Y("y:Q", title="% of all money", scale=alt.Scale(domain=[0, 100])),
        **look,
    )
    right = lines(tails).encode(
        x=alt.X("x:Q", title="size, in medians", scale=alt.Scale(type="log", domain=[0.05, 1_000], clamp=True),
                axis=alt.Axis(values=[0.1, 1, 10, 100, 1_000], format="~g")),
        y=alt.Y("y:Q", title="% of accounts that large or larger", scale=alt.Scale(type="log", domain=[0.02, 100]),
                axis=alt.Axis(values=[0.1, 1, 10, 100], format="~g")),
        **look,
    )  # fmt: skip
    both = alt.hconcat(
        left.properties(width=275, height=240, title=panel("What the largest make of the whole")),
        right.properties(width=275, height=240, title=panel("The tail")),
        spacing=28,
    )

    def told(measure: Any) -> tuple[str, str]:
        others = "; ".join(f"{name} {measure(values)}" for name, values in list(sizes.items())[1:])
        return measure(life.mrr), others

    figures = [
        ("accounts", *told(lambda v: f"{len(v):,}")),
        ("share of the top 1 %", *told(lambda v: f"{top_share(v, 0.01):.1f} %")),
        ("share of the top 10 %", *told(lambda v: f"{top_share(v, 0.1):.1f} %")),
        ("share of the top 20 %", *told(lambda v: f"{top_share(v, 0.2):.1f} %")),
        ("Gini coefficient", *told(lambda v: f"{gini(v):.2f}")),
        ("largest, in medians", *told(lambda v: f"{v.max() / np.median(v):,.0f}")),
    ]
    title = "A few accounts make most of the money"
    said = "MRR by account on the last day; turnover, spend and payments by customer"
    return Picture("account-sizes", styled(both, title, said), figures)


def feature_use(life: Life, openstack: Openstack) -> Picture:
    used = {"simulated: 30 features": np.sort(life.uses)[::-1], "openstack_events: 71 kinds": openstack.uses}
    names = list(used)
    points, fits, figures = [], [], []
    for name, uses in used.items():
        for rank, use in enumerate(uses.tolist(), 1):
            points.append({"series": name, "x": rank, "y": float(f"{100 * use / uses[:30].sum():.3g}")})
        slope, fit = line_through(np.arange(1.0, 31), uses[:30].astype(float))
        level = np.log(100 * uses[:30] / uses[:30].sum()).mean() - slope * np.log(np.arange(1, 31)).mean()
        for rank in (1, 30):
            fits.append({"series": name, "x": rank, "y": float(f"{np.exp(level + slope * np.log(rank)):.3g}")})
        figures.append((slope, fit, 100 * uses[0] / uses[:30].sum(), 100 * uses[:3].sum() / uses[:30].sum()))
    legend = alt.Legend(symbolStrokeWidth=1.5, symbolSize=70)
    colour = alt.Color("series:N", sort=names, legend=legend, scale=alt.Scale(domain=names, range=[BLUE, ORANGE]))
    shape = alt.Shape("series:N", sort=names, legend=legend, scale=alt.Scale(domain=names, range=["circle", "diamond"]))
    x = alt.X("x:Q", title="rank, the most used first", scale=alt.Scale(type="log", domain=[1, 80]),
              axis=alt.Axis(values=[1, 2, 3, 5, 10, 20, 30, 50, 70], format="~g"))  # fmt: skip
    y = alt.Y("y:Q", title="% of the use of the first 30", scale=alt.Scale(type="log", domain=[0.005, 40]),
              axis=alt.Axis(values=[0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], format="~g"))  # fmt: skip
    dots = alt.Chart(alt.Data(values=points)).mark_point(size=45, filled=False, strokeWidth=1.7)
    drawn = alt.layer(
        alt.Chart(alt.Data(values=fits)).mark_line(strokeWidth=1.2, strokeDash=[5, 4]).encode(x=x, y=y, color=colour),
        dots.encode(x=x, y=y, color=colour, shape=shape),
    ).properties(width=610, height=300)
    pairs = [f"slope {slope:.2f}, R2 {fit:.2f}" for slope, fit, *_ in figures]
    rows: list[Figure] = [
        ("Zipf slope of the first 30", *pairs),
        ("share of the first, of the first three", *(f"{one:.1f} %, {three:.1f} %" for *_, one, three in figures)),
        ("use counted", f"{used[names[0]].sum():,} events", f"{openstack.uses.sum():,} events"),
    ]
    said = f"Both axes logarithmic; dashed: straight lines through the first 30 (simulated {pairs[0]}; real {pairs[1]})"
    return Picture("feature-use", styled(drawn, "Few features are used much", said), rows)


def weeks_of_the_years(life: Life, openstack: Openstack) -> Picture:
    days = life.until - life.since
    signed = [day_number(c["signed_at"]) - life.since for c in life.contracts]
    daily = {
        "New customers": np.bincount(life.arrivals - life.since, minlength=days),
        "Contracts signed": np.bincount([d for d in signed if 0 <= d < days], minlength=days),
        "Logins": life.logins,
    }
    feasts = [day for day in NEW_YEARS if life.since <= day < life.until]
    bands = [{"from": day_date(d - 2).isoformat(), "to": day_date(d + 9).isoformat()} for d in feasts]
    ground = alt.Chart(alt.Data(values=bands)).mark_rect(color="#f3dcc4").encode(x="from:T", x2="to:T")
    span = [life.since, life.until - 1]
    domain = [{"year": d.year, "month": d.month, "date": d.day} for d in map(day_date, span)]
    stack = []
    for name, counts in daily.items():
        weekly = counts[: days // 7 * 7].reshape(-1, 7).sum(axis=1).tolist()
        values = [{"x": day_date(life.since + 7 * k).isoformat(), "y": count} for k, count in enumerate(weekly)]
        bottom = name == "Logins"
        ticks = {"interval": "month", "step": 6}
        axis = alt.Axis(title=None, tickCount=ticks, labels=bottom, ticks=bottom, format="%b %Y")
        line = alt.Chart(alt.Data(values=values)).mark_line(color=BLUE, strokeWidth=1.5)
        line = line.encode(x=alt.X("x:T", axis=axis, scale=alt.Scale(domain=domain)),
                           y=alt.Y("y:Q", title=None, axis=alt.Axis(tickCount=3, format="~s", minExtent=34)),
                           )  # fmt: skip
        stack.append(alt.layer(ground, line).properties(width=620, height=72, title=panel(f"{name} a week")))
    first = day_number(date(2010, 5, 28))
    work = np.bincount(np.maximum(openstack.second // DAY - first, 0))
    christmas = [day_number(date(year, 12, 25)) for year in range(2011, 2026)]
    dips = {"simulated logins, about Spring Festival": about(life.logins, life.since, feasts)}
    dips["openstack_events, about Christmas"] = about(work, first, christmas)
    look = coloured(dict(zip(dips, [(BLUE, WHOLE), (ORANGE, LONG)], strict=True)))
    rows = [{"series": name, "x": week - 8, "y": round(float(value), 1)}
            for name, index in dips.items() for week, value in enumerate(index.mean(axis=0))]  # fmt: skip
    feast = "datum.value == 0 ? 'feast' : format(datum.value, '+d')"
    dip = lines(rows).encode(
        x=alt.X("x:Q", title="weeks from the feast", axis=alt.Axis(tickCount=17, labelExpr=feast)),
        y=alt.Y("y:Q", title=None, scale=alt.Scale(domain=[0, 125]), axis=alt.Axis(values=[0, 50, 100], minExtent=34)),
        **look,
    )
    compared = dip.properties(
        width=620, height=120, title=panel("Work about the year's feast, mean of the years, usual = 100")
    )
    drawn = alt.vconcat(*stack, compared, spacing=14).resolve_scale(color="independent", strokeDash="independent")
    sim, real = dips.values()
    figures: list[Figure] = [
        (
            "work in the week of the feast against the usual",
            f"{sim.mean(axis=0)[8] - 100:+.0f} % ({', '.join(f'{v - 100:+.0f}' for v in sim[:, 8])})",
            f"openstack_events {real.mean(axis=0)[8] - 100:+.0f} % (mean of {len(real)} Christmases, "
            f"{real[:, 8].min() - 100:+.0f} to {real[:, 8].max() - 100:+.0f})",
        ),
        (
            "work in the weeks before and after",
            f"{sim.mean(axis=0)[7] - 100:+.0f} %, {sim.mean(axis=0)[9] - 100:+.0f} %",
            f"openstack_events {real.mean(axis=0)[7] - 100:+.0f} %, {real.mean(axis=0)[9] - 100:+.0f} %",
        ),
    ]
    for name in ("New customers", "Contracts signed"):
        index = about(daily[name], life.since, feasts).mean(axis=0)
        figures.append((f"{name.lower()} in the week of the feast", f"{index[8] - 100:+.0f} %", "no counterpart"))
    weekly = {name: counts[: days // 7 * 7].reshape(-1, 7).sum(axis=1) for name, counts in daily.items()}
    ratio = ", ".join(f"{name.lower()} {np.var(w) / np.mean(w):.1f}" for name, w in list(weekly.items())[:2])
    figures.append(("variance over mean of a week's count (1 = pure chance)", ratio, "no counterpart"))
    said = "Shaded: two days before to eight days after the first day of the lunar year; in October, another holiday"
    return Picture("weeks", styled(drawn, "The firm's weeks, with Spring Festival", said), figures)


def staying(life: Life, openstack: Openstack) -> Picture:
    curves: dict[str, list[float]] = {}
    years = life.years()
    spells = list(life.spells())
    sizes = []
    for k, (first, last) in enumerate(years):
        own = [spell for spell in spells if first <= spell.first < last]
        months = np.array([months_between(spell.first, spell.last) for spell in own])
        curves[f"simulated, came in year {k + 1}"] = surviving(months, np.array([s.lost for s in own]), 36)
        sizes.append(len(own))
    first, last, end = payers()
    curves["oss_subscriptions, monthly payers"] = surviving(last - first + 1, last < end - 1, 36)
    begun, seen = openstack.spans()
    newest = int(openstack.month.max())
    curves["openstack_events, companies"] = surviving(seen - begun + 1, seen < newest - 11, 36)
    dashes = [(BLUE, WHOLE), (BLUE, LONG), (BLUE, DOTS), (GREEN, SHORT), (ORANGE, LONG)]
    look = coloured(dict(zip(curves, dashes, strict=True)), inside=True)
    rows = [{"series": name, "x": k, "y": round(share, 1)} for name, c in curves.items() for k, share in enumerate(c)]
    left = lines(rows).encode(
        x=alt.X(
            "x:Q",
            title="months after the first",
            scale=alt.Scale(domain=[0, 36]),
            axis=alt.Axis(values=list(range(0, 37, 6))),
        ),
        y=alt.Y("y:Q", title="% still there", scale=alt.Scale(domain=[0, 100])),
        **look,
    )
    ours = []
    for a, b in years:
        opening = life.customers(a)
        ours.append(100 * len(opening - life.customers(b)) / len(opening))
    theirs = openstack.churn()
    bars = [{"year": f"year {k + 1}", "y": round(v, 1), "who": "simulated"} for k, v in enumerate(ours)]
    bars += [{"year": str(year), "y": round(v, 1), "who": "openstack_events"} for year, v in theirs.items()]
    order = [bar["year"] for bar in bars]
    bar = alt.Chart(alt.Data(values=bars)).mark_bar().encode(
        y=alt.Y("year:N", sort=order, title=None, axis=alt.Axis(grid=False, ticks=False)),
        x=alt.X("y:Q", title="% lost in a year", scale=alt.Scale(domain=[0, 55])),
        color=alt.Color("who:N", legend=None,
                        scale=alt.Scale(domain=["simulated", "openstack_events"], range=[BLUE, ORANGE])),
    )  # fmt: skip
    told = alt.Chart(alt.Data(values=bars)).mark_text(align="right", dx=-4, fontSize=11, color="white").encode(
        y=alt.Y("year:N", sort=order), x="y:Q", text=alt.Text("y:Q", format=".0f")
    )  # fmt: skip
    rule = alt.Chart(alt.Data(values=[{"x": TELCO}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(x="x:Q")
    right = alt.layer(bar, rule, told).properties(
        width=215, height=290, title=panel(f"Lost in a year (dashed: telco_churn {TELCO} %)", 12)
    )
    left = left.properties(width=320, height=290, title=panel("Still there after so many months"))
    drawn = alt.hconcat(left, right, spacing=24).resolve_scale(color="independent", strokeDash="independent")

    def at(month: int) -> tuple[str, str]:
        named = [(name, c[month]) for name, c in curves.items() if len(c) > month]
        simulated = ", ".join(f"{n.rsplit(' ', 2)[1]} {n.rsplit(' ', 1)[1]} {v:.1f} %" for n, v in named if n[0] == "s")
        return simulated, "; ".join(f"{n.split(',')[0]} {v:.1f} %" for n, v in named if n[0] != "s")

    forms = []
    for name, wanted in (("contracts", True), ("monthly subscriptions", False)):
        lost = whole = 0
        for a, b in years:
            opening = {x for x in life.customers(a) if (x in life.annual) == wanted}
            lost, whole = lost + len(opening - life.customers(b)), whole + len(opening)
        forms.append(f"{name} {100 * lost / whole:.1f} %")
    ever = [{x for x, times in life.paid.items() if any(a < d and c > b for a, c in times)} for b, d in years]
    alike = [100 * len(one - two) / len(one) for one, two in pairwise(ever)]
    real = list(theirs.values())
    figures: list[Figure] = [
        ("how many", "cohorts of " + ", ".join(map(str, sizes)),
         f"oss_subscriptions {len(first)} payers; openstack_events {len(begun)} companies"),
        ("still there after 6 months", *at(6)),
        ("still there after 12 months (a year's contract has then ended)", *at(12)),
        ("still there after 24 months", *at(24)),
        ("customers of a year's first day lost by its last", ", ".join(f"{v:.1f} %" for v in ours),
         f"telco_churn {TELCO} % (fictional; a snapshot without dates)"),
        ("customers of a year not seen in the next", ", ".join(f"{v:.1f} %" for v in alike),
         f"openstack_events median {np.median(real):.1f} %, {min(real):.1f} to {max(real):.1f} (2011-2024)"),
        ("by form of contract", ", ".join(forms),
         "telco_churn one year 11.27 %, month-to-month 42.71 % (fictional)"),
    ]  # fmt: skip
    said = [
        "Left: Kaplan-Meier, who is still there at the end counts as long as he was seen. Right: simulated customers",
        "of the year's first day lost by its last; openstack_events companies of the year not seen in the next.",
    ]
    return Picture("staying", styled(drawn, "Who stays", said), figures)


def work_hours(life: Life, openstack: Openstack) -> Picture:
    clocks = {
        "simulated, China's clock": life.clock,
        "openstack_events, each user's day": openstack.clock(own=True),
        "openstack_events, UTC": openstack.clock(own=False),
    }
    look = coloured(dict(zip(clocks, [(BLUE, WHOLE), (ORANGE, LONG), (GREEN, DOTS)], strict=True)))
    hours, days = [], []
    for name, clock in clocks.items():
        share = 100 * clock / clock.sum()
        hours += [{"series": name, "x": h, "y": round(float(v), 2)} for h, v in enumerate(share.sum(axis=0))]
        days += [{"series": name, "x": DAYS[d], "y": round(float(v), 2)} for d, v in enumerate(share.sum(axis=1))]
    left = lines(hours).encode(
        x=alt.X("x:Q", title="hour of the day", axis=alt.Axis(values=list(range(0, 24, 3)), format="02d")),
        y=alt.Y("y:Q", title="% of all work"),
        **look,
    )
    right = lines(days).encode(
        x=alt.X("x:O", title="weekday", sort=list(DAYS), axis=alt.Axis(labelAngle=0)),
        y=alt.Y("y:Q", title=None, scale=alt.Scale(domain=[0, 25])),
        **look,
    )
    drawn = alt.hconcat(
        left.properties(width=330, height=230, title=panel("By hour")),
        right.properties(width=230, height=230, title=panel("By weekday")),
        spacing=24,
    )

    def outside(clock: Ints) -> float:
        return 100 - 100 * clock[:, 9:18].sum() / clock.sum()

    def weekend(clock: Ints) -> float:
        return 100 * clock[5:].sum() / clock.sum()

    def lunch(clock: Ints) -> float:
        """How much less is done in the quietest hour about noon than in the busiest before and after."""
        hour = clock.sum(axis=0)
        return 100 * hour[11:14].min() / min(hour[9:12].max(), hour[13:17].max()) - 100

    sim, own, utc = clocks.values()
    figures: list[Figure] = [
        (name, f"{of(sim):{form}} %",
         f"openstack_events {of(own):{form}} % by each user's day, {of(utc):{form}} % in UTC")
        for name, of, form in (
            ("work outside 9-18 h", outside, ".1f"),
            ("work at weekends", weekend, ".1f"),
            ("the dip at noon", lunch, "+.0f"),
        )
    ]  # fmt: skip
    said = (
        "Events; commits. Each user's day: the middle of his work on other days is put at 13:30 (100 commits or more)"
    )
    return Picture("work-hours", styled(drawn, "When work is done", said), figures)


def contract_ends(life: Life) -> Picture:
    renewed = {former for contract in life.contracts for former in contract["renews"]}
    ends: dict[tuple[str, date], bool] = {}
    for contract in life.contracts:  # add-ons end with the contract they add to: an account counts once a day
        if life.since <= day_number(contract["end"]) < life.until:
            key = contract["account_id"], contract["end"]
            ends[key] = ends.get(key, False) or contract["contract_id"] in renewed
    fates = ("renewed", "left")
    first = day_date(life.since).replace(day=1)
    months = [add_months(first, k) for k in range(months_between(day_number(first), life.until))]
    count = {(m, fate): 0 for m in months for fate in fates}
    for (_, end), stays in ends.items():
        month = end.replace(day=1)
        if month in count or (month, "left") in count:
            count[month, "renewed" if stays else "left"] += 1
    rows = [
        {"x": m.isoformat()[:7], "y": n, "series": fate, "order": fates.index(fate)} for (m, fate), n in count.items()
    ]
    highest = max(count[m, "renewed"] + count[m, "left"] for m in months) // 20 * 20 + 20
    labels = "substring(datum.value, 5) == '01' || substring(datum.value, 5) == '07' ? datum.value : ''"
    left = alt.Chart(alt.Data(values=rows)).mark_bar().encode(
        x=alt.X("x:O", title="month in which the contract ended",
                axis=alt.Axis(labelAngle=0, labelExpr=labels, ticks=False, labelOverlap=False, labelPadding=6)),
        y=alt.Y("y:Q", title="accounts", scale=alt.Scale(domain=[0, highest])),
        color=alt.Color("series:N", sort=list(fates), scale=alt.Scale(domain=list(fates), range=[BLUE, ORANGE])),
        order="order:Q",
    )  # fmt: skip
    calendar = np.zeros(12)
    for (_, end), stays in ends.items():
        calendar[end.month - 1] += stays
    share = 100 * calendar / calendar.sum()
    values = [{"x": MONTHS[k], "y": round(float(v), 1)} for k, v in enumerate(share)]
    bars = alt.Chart(alt.Data(values=values)).mark_bar(color=BLUE).encode(
        x=alt.X("x:O", sort=list(MONTHS), title="month of the year",
                axis=alt.Axis(labelAngle=0, labelExpr="slice(datum.label, 0, 1)")),
        y=alt.Y("y:Q", title="% of all renewals", scale=alt.Scale(domain=[0, 15])),
    )  # fmt: skip
    even = alt.Chart(alt.Data(values=[{"y": 100 / 12}])).mark_rule(color=INK, strokeDash=[4, 3]).encode(y="y:Q")
    drawn = alt.hconcat(
        left.properties(width=alt.Step(9.4), height=220, title=panel("Contracts that ended")),
        alt.layer(bars, even).properties(width=210, height=220, title=panel("Renewals (dashed: evenly spread)")),
        spacing=24,
    )
    total = np.array([count[m, "renewed"] + count[m, "left"] for m in months])
    by_day = np.bincount([end.day for _, end in ends], minlength=32)[1:]
    stays = 100 * sum(ends.values()) / len(ends)
    ranked = np.argsort(share)[::-1]
    figures: list[Figure] = [
        ("contracts ended, renewed", f"{len(ends):,}, {stays:.1f} %", "no counterpart"),
        ("busiest month of the year, share of renewals", f"{MONTHS[ranked[0]]} {share[ranked[0]]:.1f} % (even: 8.3 %)",
         "no counterpart"),
        ("quietest month of the year", f"{MONTHS[ranked[-1]]} {share[ranked[-1]]:.1f} %", "no counterpart"),
        ("busiest three months of the year", f"{share[ranked[:3]].sum():.1f} % (even: 25 %)", "no counterpart"),
        ("contracts that end in a month, least, median and most",
         f"{total.min()}, {np.median(total):.0f}, {total.max()}",
         "no counterpart"),
        ("contracts that end on the 28th or later, on the 1st",
         f"{100 * by_day[27:].sum() / by_day.sum():.1f} %, {100 * by_day[0] / by_day.sum():.1f} %", "no counterpart"),
    ]  # fmt: skip
    said = "The simulated firm alone: none of the real sets has contracts"
    return Picture("contract-ends", styled(drawn, "Contracts end in clusters", said), figures)


# ---------------------------------------------------------------------- the door


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, default=INTO, help="the folder of the pictures")
    chosen = parser.parse_args()
    if not SHARED.is_dir():
        parser.exit(1, "The real data sets are not here: set TENURE_SHARED to the folder that holds `data`.\n")
    life, openstack = Life(chosen.accounts, chosen.seed), Openstack()
    pictures = [
        account_sizes(life), feature_use(life, openstack), weeks_of_the_years(life, openstack),
        staying(life, openstack), work_hours(life, openstack), contract_ends(life),
    ]  # fmt: skip
    chosen.into.mkdir(parents=True, exist_ok=True)
    print("| picture | figure | simulated | real |\n|---|---|---|---|")
    for picture in pictures:
        svg = vlc.vegalite_to_svg(picture.chart.to_dict())
        (chosen.into / f"{picture.name}.svg").write_text(svg + "\n", encoding="utf-8")
        for figure in picture.figures:
            print("|", " | ".join((picture.name, *figure)), "|")


if __name__ == "__main__":
    main()
