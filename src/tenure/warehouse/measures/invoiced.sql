-- What was billed, by day of the billing period's start and currency.
-- Grain: one row per day, currency and line type. Sums only: a rate meets them outside.
SELECT
  l.period_start AS day,
  l.currency,
  l.type,
  SUM(l.amount) AS amount,
  SUM(l.tax) AS tax,
  COUNT(*) AS n
FROM invoice_lines AS l
LEFT JOIN supersessions AS gone
  ON gone.row_key = l.row_key AND gone.table = 'invoice_lines' AND gone.superseded_at < $superseded_from
WHERE
  l.recorded_at < $recorded_before
  AND (l.superseded_at IS NULL OR l.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
GROUP BY l.period_start, l.currency, l.type
