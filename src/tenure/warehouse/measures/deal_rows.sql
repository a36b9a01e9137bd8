-- Deals that are known at a moment.
-- Grain: one row per deal; the row recorded last speaks for it.
WITH known AS (
  SELECT d.*, ROW_NUMBER() OVER (PARTITION BY d.deal_id ORDER BY d.recorded_at DESC, d.row_key DESC) AS place
  FROM deals AS d
  LEFT JOIN supersessions AS gone
    ON gone.row_key = d.row_key AND gone.table = 'deals' AND gone.superseded_at < $superseded_from
  WHERE
    d.recorded_at < $recorded_before
    AND (d.superseded_at IS NULL OR d.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT
  k.deal_id,
  k.account_id,
  k.account_key,
  k.amount,
  k.mrr,
  k.currency,
  k.created_at,
  k.won_at,
  k.lost_at,
  k.source_lead,
  k.row_key
FROM known AS k
WHERE k.place = 1 AND k.account_id IS NOT NULL
ORDER BY k.deal_id
