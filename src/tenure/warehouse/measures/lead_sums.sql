-- Leads that came between two moments, by what `$by` names, and what became of them since.
-- Grain: one row per slice; the row recorded last speaks for a lead, and its deal for what it does not say.
-- Sums only.
-- Matured: came before `$matured_before`; young: came later, and nothing is decided yet.
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
  CASE WHEN $by = 'channel' THEN k.channel WHEN $by = 'campaign' THEN k.campaign ELSE k.keyword END AS slice,
  COUNT(*) AS leads,
  COUNT(k.mql_at) AS mql,
  COUNT(k.sql_at) AS accepted,
  COUNT(k.opportunity_at) AS opportunities,
  COUNT(CASE WHEN k.opportunity_at IS NOT NULL THEN k.lost_at ELSE NULL END) AS lost,
  COUNT(k.won_at) AS won,
  COUNT(CASE WHEN k.created_at < $matured_before THEN k.lead_id ELSE NULL END) AS matured,
  COUNT(CASE WHEN k.created_at < $matured_before THEN k.won_at ELSE NULL END) AS matured_won,
  COUNT(
    CASE WHEN k.created_at >= $matured_before AND k.won_at IS NULL AND k.lost_at IS NULL THEN k.lead_id ELSE NULL END
  ) AS young
FROM followed AS k
WHERE k.created_at >= $came_from AND k.created_at < $came_before
GROUP BY 1
ORDER BY 1
