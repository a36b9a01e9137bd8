-- Leads that are known at a moment.
-- Grain: one row per lead; the row recorded last speaks for it.
WITH known AS (
  SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.lead_id ORDER BY l.recorded_at DESC, l.row_key DESC) AS place
  FROM leads AS l
  LEFT JOIN supersessions AS gone
    ON gone.row_key = l.row_key AND gone.table = 'leads' AND gone.superseded_at < $superseded_from
  WHERE
    l.recorded_at < $recorded_before
    AND (l.superseded_at IS NULL OR l.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT
  k.lead_id,
  k.account_id,
  CASE WHEN k.account_id IS NULL THEN NULL ELSE k.account_key END AS account_key,
  k.channel,
  k.campaign,
  k.keyword,
  k.created_at,
  k.mql_at,
  k.sql_at,
  k.opportunity_at,
  k.won_at,
  k.lost_at,
  k.row_key
FROM known AS k
WHERE k.place = 1 AND k.created_at IS NOT NULL
ORDER BY k.lead_id
