-- The table of `movements` as an analyst would write it: an account x month grid. Kept to be compared with the engine.
-- Grain: one row per month. Reads `subscriptions` (lake rows, with mrr = list price per month), `discounts`, `fx_rates`.
-- Exact: shares and rates have few decimals, so every product fits a decimal without loss beyond the 12th place.
WITH months AS (
  SELECT
    m.month,
    ROW_NUMBER() OVER (ORDER BY m.month) AS n,
    CAST(m.month + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE) AS last_day
  FROM (SELECT UNNEST(GENERATE_SERIES(DATE '2020-12-01', DATE '2025-12-01', INTERVAL 1 MONTH)) AS month) AS m
),
fx AS (
  SELECT months.n, CAST(f.rate AS DECIMAL(10, 6)) AS rate
  FROM months
  ASOF JOIN fx_rates AS f ON f.day <= months.last_day
),
-- versions with their order in the line and the month-ends they span, as numbers: an inequality join is ten times slower
versions AS MATERIALIZED (
  SELECT
    s.row_key,
    s.account_key,
    s.line_key,
    s.subscription_key,
    s.mrr,
    s.currency,
    s.trial_end,
    s.pauses,
    CASE s.interval WHEN 'year' THEN 12 WHEN 'month' THEN 1 END * s.interval_count AS months_a_period,
    ROW_NUMBER() OVER (PARTITION BY s.line_key ORDER BY s.start, s.recorded_at, s.row_id) AS place,
    GREATEST(DATEDIFF('month', DATE '2020-12-01', s.start), 0) + 1 AS first_n,
    LEAST(
      COALESCE(DATEDIFF('month', DATE '2020-12-01', LEAST(s.end, s.unpaid)), 61),  -- LEAST leaves nulls out
      61
    ) AS last_n
  FROM subscriptions AS s
),
spread AS (
  SELECT v.row_key, v.line_key, v.place, UNNEST(GENERATE_SERIES(v.first_n, v.last_n)) AS n
  FROM versions AS v
),
in_force AS (
  SELECT s.n, ARG_MAX(s.row_key, s.place) AS row_key
  FROM spread AS s
  GROUP BY s.line_key, s.n
),
paid AS MATERIALIZED (
  SELECT
    f.n,
    months.last_day,
    v.account_key,
    v.line_key,
    v.subscription_key,
    v.mrr,
    v.currency,
    v.months_a_period
  FROM in_force AS f
  INNER JOIN versions AS v ON v.row_key = f.row_key
  INNER JOIN months ON months.n = f.n
  WHERE
    (v.trial_end IS NULL OR v.trial_end <= months.last_day)
    AND (
      v.pauses IS NULL
      OR LEN(LIST_FILTER(v.pauses, lambda p: p."from" <= months.last_day AND months.last_day < p."to")) = 0
    )
),
reductions AS (
  SELECT
    p.line_key,
    p.n,
    CAST(PRODUCT(CASE WHEN d.kind = 'percent' THEN 1 - CAST(d.value AS DOUBLE) / 100 ELSE 1 END) AS DECIMAL(8, 6)) AS kept,
    SUM(CASE WHEN d.kind = 'amount' THEN CAST(d.value AS DECIMAL(18, 6)) ELSE 0 END) AS off
  FROM paid AS p
  INNER JOIN discounts AS d
    ON d.subscription_key = p.subscription_key
    AND (d.start IS NULL OR d.start <= p.last_day)
    AND (d.end IS NULL OR p.last_day < d.end)
  GROUP BY p.line_key, p.n
),
lines AS (
  SELECT
    p.account_key,
    p.n,
    p.currency,
    CASE
      WHEN r.line_key IS NULL THEN p.mrr
      ELSE GREATEST(
        CAST(CAST(p.mrr AS DECIMAL(24, 12)) * r.kept AS DECIMAL(38, 12))
        - CAST(COALESCE(r.off / p.months_a_period, r.off * 52 / 12) AS DECIMAL(38, 12)),
        0
      )
    END AS mrr
  FROM paid AS p
  LEFT JOIN reductions AS r ON r.line_key = p.line_key AND r.n = p.n
),
closes AS MATERIALIZED (
  SELECT
    l.account_key,
    l.n,
    SUM(CASE WHEN l.currency = 'USD' THEN l.mrr ELSE 0 END) AS usd,
    SUM(CASE WHEN l.currency = 'EUR' THEN l.mrr ELSE 0 END) AS eur
  FROM lines AS l
  GROUP BY l.account_key, l.n
),
-- the two ends of each month side by side; a month may have only one of them
pairs AS (
  SELECT
    COALESCE(now.account_key, before.account_key) AS account_key,
    COALESCE(now.n, before.n + 1) AS n,
    COALESCE(before.usd, 0) AS usd_before,
    COALESCE(before.eur, 0) AS eur_before,
    COALESCE(now.usd, 0) AS usd_now,
    COALESCE(now.eur, 0) AS eur_now
  FROM closes AS now
  FULL JOIN closes AS before ON before.account_key = now.account_key AND before.n + 1 = now.n
),
firsts AS (
  SELECT c.account_key, MIN(c.n) AS n FROM closes AS c WHERE c.usd + c.eur > 0 GROUP BY c.account_key
),
valued AS (
  SELECT
    p.n,
    p.n = f.n AS is_first,
    p.usd_before + CAST(p.eur_before AS DECIMAL(24, 12)) * opening.rate AS before,
    p.usd_now + CAST(p.eur_now AS DECIMAL(24, 12)) * opening.rate AS constant,
    p.usd_now + CAST(p.eur_now AS DECIMAL(24, 12)) * own.rate AS now
  FROM pairs AS p
  INNER JOIN firsts AS f ON f.account_key = p.account_key
  INNER JOIN fx AS opening ON opening.n = p.n - 1
  INNER JOIN fx AS own ON own.n = p.n
)
SELECT
  STRFTIME(months.month, '%Y-%m') AS period,
  SUM(v.before) AS open,
  SUM(CASE WHEN v.before = 0 AND v.is_first THEN v.now ELSE 0 END) AS new,
  SUM(CASE WHEN v.before > 0 AND v.constant > v.before THEN v.constant - v.before ELSE 0 END) AS expansion,
  SUM(CASE WHEN v.constant > 0 AND v.constant < v.before THEN v.constant - v.before ELSE 0 END) AS contraction,
  SUM(CASE WHEN v.constant = 0 THEN -v.before ELSE 0 END) AS churn,
  SUM(CASE WHEN v.before = 0 AND NOT v.is_first THEN v.now ELSE 0 END) AS reactivation,
  SUM(CASE WHEN v.before > 0 THEN v.now - v.constant ELSE 0 END) AS fx,
  SUM(v.now) AS close,
  COUNT(*) FILTER (WHERE v.before > 0) AS customers_open,
  COUNT(*) FILTER (WHERE v.before = 0 AND v.now > 0 AND v.is_first) AS customers_new,
  COUNT(*) FILTER (WHERE v.before > 0 AND v.constant = 0) AS customers_churned,
  COUNT(*) FILTER (WHERE v.before = 0 AND v.now > 0 AND NOT v.is_first) AS customers_reactivated,
  COUNT(*) FILTER (WHERE v.now > 0) AS customers_close
FROM valued AS v
INNER JOIN months ON months.n = v.n
WHERE v.n > 1
GROUP BY months.month
ORDER BY months.month
