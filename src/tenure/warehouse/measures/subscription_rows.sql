-- Versions of subscription lines that are known at a moment.
-- Grain: one row per version. Units: days are local dates; mrr is the list price per month in `currency`.
-- Why a join and not an update: rows of the lake never change, what ceased to be known is written beside them.
SELECT
  s.row_key,
  s.account_key,
  s.line_key,
  s.subscription_key,
  s.recorded_at,
  s.start,
  s.end,
  s.cancelled,
  s.trial_end,
  s.unpaid,
  s.signed,
  s.pauses,
  s.mrr,
  s.currency,
  s.interval,
  s.interval_count,
  s.quantity,
  s.plan,
  s.product,
  s.item,
  s.start_at,
  s.end_at,
  s.cancelled_at,
  s.trial_end_at,
  s.unpaid_at,
  s.signed_at
FROM subscriptions AS s
LEFT JOIN supersessions AS gone
  ON gone.row_key = s.row_key AND gone.table = 'subscriptions' AND gone.superseded_at < $superseded_from
WHERE
  s.recorded_at < $recorded_before
  AND (s.superseded_at IS NULL OR s.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
