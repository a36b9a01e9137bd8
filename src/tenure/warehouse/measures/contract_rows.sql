-- Versions of contracts that are known at a moment.
-- Grain: one row per version. Units: days are local dates; mrr is the total spread over the months of the term.
SELECT
  c.row_key,
  c.account_key,
  c.line_key,
  c.recorded_at,
  c.start,
  c.end,
  c.signed,
  c.notice_given,
  c.schedule,
  c.mrr,
  c.currency,
  c.quantity,
  c.plan,
  c.product,
  c.contract_id,
  c.account_id,
  c.renews,
  c.kind,
  c.notice_days,
  c.auto_renew,
  c.total,
  c.start_at,
  c.end_at,
  c.signed_at,
  c.notice_given_at
FROM contracts AS c
LEFT JOIN supersessions AS gone
  ON gone.row_key = c.row_key AND gone.table = 'contracts' AND gone.superseded_at < $superseded_from
WHERE
  c.recorded_at < $recorded_before
  AND (c.superseded_at IS NULL OR c.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
