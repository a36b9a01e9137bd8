-- The contract rows behind a figure, as they were given.
-- Grain: one row per row key asked for ($keys).
SELECT
  'contracts' AS "table", c.row_id, c.source, c.account_id, c.contract_id AS line, CAST(NULL AS VARCHAR) AS item,
  c.product, c.plan, c.currency, c.total AS amount, c.quantity, 'term' AS interval, 1 AS interval_count, c.start, c.end,
  c.mrr, c.recorded_at, c.superseded_at, c.row_key
FROM contracts AS c
INNER JOIN keys AS k ON k.row_key = c.row_key
