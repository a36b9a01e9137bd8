-- The invoice lines behind a figure, as they were given.
-- Grain: one row per row key asked for ($keys).
SELECT
  'invoice_lines' AS "table", l.row_id, l.source, l.account_id, l.line_id AS line, CAST(NULL AS VARCHAR) AS item,
  CAST(NULL AS VARCHAR) AS product, l.plan, l.currency, l.amount, CAST(NULL AS DECIMAL(38, 12)) AS quantity, l.interval,
  l.interval_count, l.period_start AS start, l.period_end AS end, l.mrr, l.recorded_at, l.superseded_at, l.row_key
FROM invoice_lines AS l
INNER JOIN keys AS k ON k.row_key = l.row_key
