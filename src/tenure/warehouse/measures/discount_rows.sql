-- Discounts that are known at a moment.
-- Grain: one row per discount. Units: value is a percentage, or an amount per billing period of the subscription.
SELECT
  d.row_key,
  d.row_id,
  d.recorded_at,
  d.subscription_key,
  d.subscription_id,
  d.kind,
  d.value,
  d.duration,
  d.start,
  d.end,
  d.start_at,
  d.end_at
FROM discounts AS d
LEFT JOIN supersessions AS gone
  ON gone.row_key = d.row_key AND gone.table = 'discounts' AND gone.superseded_at < $superseded_from
WHERE
  d.recorded_at < $recorded_before
  AND (d.superseded_at IS NULL OR d.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
