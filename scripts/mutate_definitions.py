"""Make small mistakes in the definitions, one at a time, and see that a test notices each.

    python scripts/mutate_definitions.py [--only NAME ...] [--jobs 2]

Every mutation is a replacement of one text by another in a copy of the tree; the quick tests of the definitions run
there. At least 95 % must fail them. A mutation whose text is gone or stands twice is an error: rewrite it with the
code.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

from mistakes import ROOT, Mutation, Try, chosen, run

SHARED = Path(os.environ.get("TENURE_SHARED", ROOT.parent / "shared"))
TESTS = (
    "tests/warehouse/test_edges.py", "tests/warehouse/test_metric_edges.py", "tests/warehouse/test_examples.py",
    "tests/warehouse/test_reasons.py", "tests/core", "tests/warehouse/test_ingest.py", "tests/warehouse/test_laws.py",
)  # fmt: skip
LEAST_NOTICED = 0.95

MRR = "core/metrics/mrr.py"
RENEWAL = "core/metrics/renewal.py"
NET = "core/sequences/net.py"
DAILY = "core/sequences/daily.py"
WALK = "core/sequences/walk.py"
SPANS = "core/sequences/spans.py"
PRICES = "core/sequences/prices.py"
PRICING = "core/pricing.py"
TERMS = "core/terms.py"
PERIODS = "core/periods.py"
LINES = "warehouse/lines.py"
DISCOUNTS = "warehouse/discounts.py"
RATES = "warehouse/rates.py"
REVENUE = "warehouse/revenue.py"
ARRAYS = "warehouse/arrays.py"
COHORTS = "warehouse/questions/cohorts.py"
INVOICED = "warehouse/questions/invoiced.py"
MEASURES = "warehouse/measures"


MUTATIONS = (
    # metrics: signs and denominators
    Mutation("arpa over the opening", MRR, "ratio(m.close, m.customers_close)", "ratio(m.close, m.customers_open)"),
    Mutation("asp over all customers", MRR, "ratio(m.new, m.customers_new)", "ratio(m.new, m.customers_close)"),
    Mutation("arr of eleven months", MRR, "MONTHS_PER_YEAR = 12", "MONTHS_PER_YEAR = 11"),
    Mutation(
        "churn over the close",
        MRR,
        "ratio(m.customers_churned, m.customers_open)",
        "ratio(m.customers_churned, m.customers_close)",
    ),
    Mutation("new in no base", MRR, "m.customers_open + m.customers_new)", "m.customers_open)"),
    Mutation("contraction is no loss", MRR, "-(m.contraction + m.churn + m.leaving)", "-(m.churn + m.leaving)"),
    Mutation("leaving is no loss", MRR, "-(m.contraction + m.churn + m.leaving)", "-(m.contraction + m.churn)"),
    Mutation(
        "net churn adds expansion", MRR, "ratio(lost(m) - m.expansion, m.open)", "ratio(lost(m) + m.expansion, m.open)"
    ),
    Mutation("net churn forgets reactivation", MRR, "lost(m) - m.expansion - m.reactivation", "lost(m) - m.expansion"),
    Mutation(
        "nrr without expansion", MRR, "ratio(m.open + m.expansion - lost(m), m.open)", "ratio(m.open - lost(m), m.open)"
    ),
    Mutation(
        "grr with expansion", MRR, "ratio(m.open - lost(m), m.open)", "ratio(m.open + m.expansion - lost(m), m.open)"
    ),
    Mutation(
        "quick ratio without reactivation", MRR, "m.new + m.expansion + m.reactivation, -", "m.new + m.expansion, -"
    ),
    Mutation("trailing five months", MRR, "TRAILING_MONTHS = 6", "TRAILING_MONTHS = 5"),
    Mutation("ltv at churn 0", MRR, "or churn == 0:", "or churn == 1:"),
    Mutation("ltv where revenue grows", MRR, "or m.open == 0 or leak <= 0", "or m.open == 0"),
    # renewals
    Mutation("due on the day after", RENEWAL, "self.end - timedelta(days=1)", "self.end"),
    Mutation("grace ends a day early", RENEWAL, "if s.start <= limit]", "if s.start < limit]"),
    Mutation("pending ends a day early", RENEWAL, "and as_of <= limit", "and as_of < limit"),
    Mutation("counted a day late", RENEWAL, "c.end > as_of and not noticed", "c.end >= as_of and not noticed"),
    Mutation("notice a day late", RENEWAL, "c.notice_given <= as_of", "c.notice_given < as_of"),
    Mutation("month to month is due", RENEWAL, "if c.month_to_month:", "if False and c.month_to_month:"),
    Mutation("kept uncapped", RENEWAL, "min(self.old_mrr, self.new_mrr)", "self.new_mrr"),
    Mutation(
        "pending in the decided",
        RENEWAL,
        "ratio(self.renewed, self.expiring - self.pending)",
        "ratio(self.renewed, self.expiring)",
    ),
    Mutation("a split by heads", RENEWAL, "    if whole == 0:", "    if True:"),
    Mutation("won back before it began", RENEWAL, "any(s.start <= as_of for s in following)", "bool(following)"),
    Mutation(
        "a lost contract takes a share",
        RENEWAL,
        "    renewed = [r for r in renewed if successor.start <= r.end + timedelta(days=grace_days)]\n",
        "",
    ),
    Mutation(
        "pending hides renewed",
        RENEWAL,
        "RENEWED if RENEWED in have else PENDING if PENDING in have else LOST",
        "PENDING if PENDING in have else RENEWED if RENEWED in have else LOST",
    ),
    # the walks
    Mutation(
        "window includes its day",
        NET,
        "window >= 0 and today - left > window",
        "window >= 0 and today - left >= window",
    ),
    Mutation("ledger window includes its day", DAILY, "today - left > window", "today - left >= window"),
    Mutation(
        "the last return names the month", NET, "                    if entry < 0:\n", "                    if True:\n"
    ),
    Mutation("every return is new", NET, "fresh = not ever or (", "fresh = True or ("),
    Mutation("grace a day short", WALK, "<= grace:", "< grace:"),
    Mutation(
        "movements at the closing rate",
        NET,
        "rates = opening_rates if open_paid else closing_rates\n            touched",
        "rates = closing_rates\n            touched",
    ),
    Mutation(
        "entering is expansion",
        NET,
        "elif was <= 0 and now > 0:\n                    kind = ENTERING",
        "elif was <= 0 and now > 0:\n                    kind = EXPANSION",
    ),
    Mutation(
        "leaving is contraction",
        NET,
        "elif was > 0 and now <= 0:\n                    kind = LEAVING",
        "elif was > 0 and now <= 0:\n                    kind = CONTRACTION",
    ),
    Mutation(
        "ledger at the month's own rate",
        DAILY,
        "max(month, 0) if open_paid else max(month, 0) + 1",
        "max(month, 0) + 1",
    ),
    Mutation("negative accounts are negative", NET, "elif value <= 0 and paid:", "elif value == 0 and paid:"),
    # versions and prices
    Mutation("the earlier start wins", SPANS, "return bool(start[a] > start[b])", "return bool(start[a] < start[b])"),
    Mutation(
        "the first recorded version wins",
        SPANS,
        "return bool(recorded[a] > recorded[b])",
        "return bool(recorded[a] < recorded[b])",
    ),
    Mutation("the last repetition counts", SPANS, "if recorded[i] < recorded[j]:", "if recorded[i] > recorded[j]:"),
    Mutation("versions touch", SPANS, "start[order[nxt]] < change", "start[order[nxt]] <= change"),
    Mutation(
        "a pause one day late", PRICES, "if pause_from[p] <= a < pause_to[p]:", "if pause_from[p] < a < pause_to[p]:"
    ),
    Mutation(
        "amounts before shares",
        PRICES,
        "        if kind[d] == PERCENT and discount_from[d] <= day < discount_to[d]:\n",
        "        if kind[d] == AMOUNT and discount_from[d] <= day < discount_to[d]:\n"
        "            vlo, vhi, _ = wide.scale(value[d, 0], value[d, 1], numerator, denominator)\n"
        "            lo, hi = wide.subtract(lo, hi, vlo, vhi)\n"
        "            value[d, 0], value[d, 1] = 0, 0\n"
        "        if kind[d] == PERCENT and discount_from[d] <= day < discount_to[d]:\n",
    ),
    Mutation("discounts below 0", PRICES, "    if wide.sign(lo, hi) < 0:\n        return 0, 0\n", ""),
    Mutation(
        "an amount per month",
        PRICES,
        "            if kind[d] == AMOUNT:\n",
        "            if False and kind[d] == AMOUNT:\n",
    ),
    Mutation("a pause bears a discount", PRICES, "any(a <= day < b for a, b", "any(a < day < b for a, b"),
    Mutation("items in any order", PRICES, 'key=lambda v: (v.item != "main", v.item)', "key=lambda v: v.item"),
    Mutation("an amount off every item", PRICES, "                left -= taken\n", "                left -= 0\n"),
    Mutation("weeks of a 48-week year", PRICING, '"week": Fraction(52, 12)', '"week": Fraction(48, 12)'),
    Mutation("days of a 360-day year", PRICING, '"day": Fraction(365, 12)', '"day": Fraction(360, 12)'),
    Mutation("quarters count as months", PRICING, "_DENOMINATORS[code]), count[i])", "_DENOMINATORS[code]), 1)"),
    Mutation("anniversaries are not clamped", TERMS, "min(day, days_in_month(year, month))", "min(day, 28)"),
    Mutation("the rest over the wrong month", TERMS, "anniversary(start, months + 1) - last", "30"),
    # discounts, days and rates
    Mutation("forever lets all in", DISCOUNTS, 'if policy == "forever" else []', 'if policy == "never" else []'),
    Mutation("none lets all in", DISCOUNTS, 'policy == "none" or', 'policy == "never" or'),
    Mutation("once without an end", DISCOUNTS, "once & (over == OPEN)", "once & (over != OPEN)"),
    Mutation(
        "half the percentage",
        DISCOUNTS,
        "Fraction(percent) / 100",
        "Fraction(percent) / 200",
    ),
    Mutation("served until given up", LINES, "stop = np.minimum(end, unpaid)", "stop = np.maximum(end, unpaid)"),
    Mutation("cancelled after the end", LINES, "stop = np.minimum(stop, cancelled)", "stop = cancelled"),
    Mutation("trials are paid", LINES, "paid_from = np.maximum(start, trial)", "paid_from = start"),
    Mutation(
        "kept pauses count 0", LINES, 'if definition.pause_policy == "zero":', 'if definition.pause_policy != "none":'
    ),
    Mutation(
        "ramps are averaged",
        LINES,
        'amount[there] = to_words(int(step["mrr"].scaleb(12))) if usable',
        "amount[there] = price[i] if usable",
    ),
    Mutation(
        "a trial has a last second", ARRAYS, 'name.endswith("end") and name != "trial_end"', 'name.endswith("end")'
    ),
    Mutation(
        "the last second ends the day",
        ARRAYS,
        "moved_to + (second == 86_399)",
        "moved_to + (second == 86_400)",
    ),
    Mutation(
        "opening a month too late", RATES, "    return day.replace(day=1) - timedelta(days=1)\n", "    return day\n"
    ),
    Mutation(
        "a rate from the day after",
        RATES,
        "bisect_right(self.days[currency], month_end)",
        "bisect_right(self.days[currency], month_end + timedelta(days=1))",
    ),
    Mutation("before the first rate the last", RATES, "max(place - 1, 0)", "place - 1"),
    Mutation("new at the opening rate", WALK, "AT_CLOSING_RATE = (NEW, REACTIVATION)", "AT_CLOSING_RATE = ()"),
    Mutation(
        "fx with the wrong sign",
        REVENUE,
        "fx=closed - opened - sum(kinds, ZERO)",
        "fx=opened - closed + sum(kinds, ZERO)",
    ),
    Mutation(
        "weeks begin a day late", PERIODS, "(day.weekday() - week_start) % 7", "(day.weekday() - week_start - 1) % 7"
    ),
    Mutation(
        "cohorts a day early", COHORTS, 'np.searchsorted(edges, days, "right")', 'np.searchsorted(edges, days, "left")'
    ),
    # invoices, totals of others
    Mutation(
        "prorated the wrong way round",
        "warehouse/derived.py",
        "np.where(partial, full, 1), np.where(partial, period, 1)",
        "np.where(partial, period, 1), np.where(partial, full, 1)",
    ),
    Mutation("refunds keep their tax", INVOICED, 'sign * row["tax"] * rate', 'row["tax"] * rate'),
    Mutation("ours less theirs", INVOICED, "rounded(theirs - ours)", "rounded(ours - theirs)"),
    # what is known
    Mutation(
        "the first close speaks",
        f"{MEASURES}/closes.sql",
        "ORDER BY c.recorded_at DESC, c.row_key DESC",
        "ORDER BY c.recorded_at, c.row_key",
    ),
    Mutation(
        "known a moment late",
        f"{MEASURES}/subscription_rows.sql",
        "s.recorded_at < $recorded_before",
        "s.recorded_at <= s.recorded_at",
    ),
    Mutation(
        "superseded rows stay",
        f"{MEASURES}/subscription_rows.sql",
        "s.superseded_at >= $superseded_from",
        "s.superseded_at IS NOT NULL",
    ),
    Mutation("a billed line counts twice", f"{MEASURES}/invoiced.sql", "WHERE k.place = 1", "WHERE k.place >= 1"),
    Mutation(
        "unvalued rows give way", "warehouse/book.py", "used = ~duplicate & (", "used = ~duplicate & read.valued & ("
    ),
)


def forget_kernels(tree: Path, path: str) -> None:
    """Delete the compiled kernels of a changed module of the core and of all that import it: they hold its code."""
    if not path.startswith("core/"):
        return
    package = tree / "src" / "tenure"
    wanted, changed = {f"tenure.{path.removesuffix('.py').replace('/', '.')}"}, True
    while changed:
        changed = False
        for file in package.glob("core/**/*.py"):
            name = "tenure." + ".".join(file.relative_to(package).with_suffix("").parts)
            text = file.read_text(encoding="utf-8")
            imports = {
                f"{m[1]}.{n.strip()}"
                for m in re.finditer(r"from (\S+) import \(?([^)\n]+)", text)
                for n in m[2].split(",")
            }
            imports |= set(re.findall(r"from (\S+) import", text))
            if name not in wanted and imports & wanted:
                wanted.add(name)
                changed = True
    for name in wanted:
        folder = package.joinpath(*name.split(".")[1:-1])
        for kernel in folder.glob(f"__pycache__/{name.rsplit('.', 1)[1]}.*.nb[ci]"):
            kernel.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="names of mutations, or parts of them")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    there = [name for name in TESTS if (ROOT / name).exists()]
    tests = ("-p", "no:django", "-o", "addopts=--import-mode=importlib", *there)
    tries = chosen([Try(mutation, (tests,)) for mutation in MUTATIONS], given.only)
    environment = {**os.environ, "TENURE_SHARED": str(SHARED)}
    environment.pop("TENURE_EXAMPLES", None)
    noticed = sum(bool(done.noticed) for done in run(tries, tests, given.jobs, environment, forget_kernels))
    share = noticed / max(len(tries), 1)
    print(f"{noticed} of {len(tries)} mistakes noticed ({share:.1%}; at least {LEAST_NOTICED:.0%})")
    return 0 if noticed >= LEAST_NOTICED * len(tries) else 1


if __name__ == "__main__":
    sys.exit(main())
