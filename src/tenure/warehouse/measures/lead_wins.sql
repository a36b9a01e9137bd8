-- Leads that became customers, with when they came and when they were won.
-- Grain: one row per won lead; the row recorded last speaks for a lead, and its deal for what it does not say.
WITH known AS (
  SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.lead_id ORDER BY l.recorded_at DESC, l.row_key DESC) AS place
  FROM leads AS l
  LEFT JOIN supersessions AS gone
    ON gone.row_key = l.row_key AND gone.table = 'leads' AND gone.superseded_at < $superseded_from
  WHERE
    l.recorded_at < $recorded_before
    AND (l.superseded_at IS NULL OR l.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
), bought AS (
  SELECT d.*, ROW_NUMBER() OVER (PARTITION BY d.source_lead ORDER BY d.recorded_at DESC, d.row_key DESC) AS place
  FROM deals AS d
  LEFT JOIN supersessions AS gone
    ON gone.row_key = d.row_key AND gone.table = 'deals' AND gone.superseded_at < $superseded_from
  WHERE
    d.source_lead IS NOT NULL
    AND d.recorded_at < $recorded_before
    AND (d.superseded_at IS NULL OR d.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
), followed AS (
  SELECT
    k.lead_id, k.channel, k.campaign, k.keyword, k.created_at, k.mql_at, k.sql_at,
    COALESCE(k.opportunity_at, b.created_at) AS opportunity_at,
    COALESCE(k.won_at, b.won_at) AS won_at,
    COALESCE(k.lost_at, b.lost_at) AS lost_at
  FROM known AS k
  LEFT JOIN bought AS b ON b.source_lead = k.lead_id AND b.place = 1
  WHERE k.place = 1
)
SELECT
  k.lead_id,
  k.created_at,
  k.won_at,
  k.channel,
  k.campaign,
  k.keyword
FROM followed AS k
WHERE k.won_at IS NOT NULL AND k.created_at IS NOT NULL
ORDER BY k.lead_id
