-- The discounts behind a figure, as they were given; a discount names a subscription, and no account of its own.
-- Grain: one row per row key asked for ($keys). Units: amount is a percentage where item is percent.
SELECT
  'discounts' AS "table", d.row_id, d.source, CAST(NULL AS VARCHAR) AS account_id, d.subscription_id AS line,
  d.kind AS item, CAST(NULL AS VARCHAR) AS product, CAST(NULL AS VARCHAR) AS plan, CAST(NULL AS VARCHAR) AS currency,
  d.value AS amount, CAST(NULL AS DECIMAL(38, 12)) AS quantity, CAST(NULL AS VARCHAR) AS interval,
  CAST(NULL AS BIGINT) AS interval_count, d.start, d.end, CAST(NULL AS DECIMAL(38, 12)) AS mrr, d.recorded_at,
  d.superseded_at, d.row_key
FROM discounts AS d
INNER JOIN keys AS k ON k.row_key = d.row_key
