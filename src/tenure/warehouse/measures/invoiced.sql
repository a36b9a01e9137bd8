-- What was billed, by first day of the billed period.
-- Grain: one row per day, currency, type, plan and account. Sums only: a rate meets them outside.
-- A refund counts by its size, whichever sign it was given with.
SELECT
  l.period_start AS day,
  l.currency,
  l.type,
  l.plan,
  l.account_key,
  SUM(CASE WHEN l.type = 'refund' THEN ABS(l.amount) ELSE l.amount END) AS amount,
  SUM(CASE WHEN l.type = 'refund' THEN ABS(l.tax) ELSE l.tax END) AS tax,
  COUNT(*) AS n
FROM invoice_lines AS l
LEFT JOIN supersessions AS gone
  ON gone.row_key = l.row_key AND gone.table = 'invoice_lines' AND gone.superseded_at < $superseded_from
WHERE
  l.recorded_at < $recorded_before
  AND (l.superseded_at IS NULL OR l.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
GROUP BY l.period_start, l.currency, l.type, l.plan, l.account_key
