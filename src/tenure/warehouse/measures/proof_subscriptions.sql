-- The subscription rows behind a figure, as they were given.
-- Grain: one row per row key asked for ($keys).
SELECT
  'subscriptions' AS "table", s.row_id, s.source, s.account_id, s.subscription_id AS line, s.item, s.product, s.plan,
  s.currency, s.amount, s.quantity, s.interval, s.interval_count, s.start, s.end, s.mrr, s.recorded_at,
  s.superseded_at, s.row_key
FROM subscriptions AS s
INNER JOIN keys AS k ON k.row_key = s.row_key
