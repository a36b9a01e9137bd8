-- What was billed, by first day of the billed period.
-- Grain: one row per day, currency, type, plan and account. Sums only: a rate meets them outside.
-- A line sent twice counts once, as it was recorded first; a refund counts by its size, whichever sign it was given with.
WITH known AS (
  SELECT
    l.*,
    ROW_NUMBER() OVER (PARTITION BY l.row_key ORDER BY l.recorded_at, l.amount, l.tax) AS place
  FROM invoice_lines AS l
  LEFT JOIN supersessions AS gone
    ON gone.row_key = l.row_key AND gone.table = 'invoice_lines' AND gone.superseded_at < $superseded_from
  WHERE
    l.recorded_at < $recorded_before
    AND (l.superseded_at IS NULL OR l.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT
  k.period_start AS day,
  k.currency,
  k.type,
  k.plan,
  k.account_key,
  SUM(CASE WHEN k.type = 'refund' THEN ABS(k.amount) ELSE k.amount END) AS amount,
  SUM(CASE WHEN k.type = 'refund' THEN ABS(k.tax) ELSE k.tax END) AS tax,
  COUNT(*) AS n
FROM known AS k
WHERE k.place = 1
GROUP BY k.period_start, k.currency, k.type, k.plan, k.account_key
