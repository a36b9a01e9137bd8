-- Lines of invoices that are known at a moment, with what was billed and what it means per month.
-- Grain: one row per line. Units: amount with tax and tax in `currency`; mrr is inferred from price and period.
SELECT
  l.row_key,
  l.account_key,
  l.line_key,
  l.recorded_at,
  l.type,
  l.period_start,
  l.period_end,
  l.mrr,
  l.amount,
  l.tax,
  l.currency,
  l.interval,
  l.interval_count,
  l.plan,
  l.account_id,
  l.period_start_at,
  l.period_end_at
FROM invoice_lines AS l
LEFT JOIN supersessions AS gone
  ON gone.row_key = l.row_key AND gone.table = 'invoice_lines' AND gone.superseded_at < $superseded_from
WHERE
  l.recorded_at < $recorded_before
  AND (l.superseded_at IS NULL OR l.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
