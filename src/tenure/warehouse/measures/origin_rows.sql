-- Leads that a deal or a win may have come from: those a deal names, those that became something themselves, and all of
-- the accounts of either, and of `merged`: accounts that were merged, and what they were merged into.
-- Grain: one row per lead; the row recorded last speaks for it. `bought_at` is when it was won, by its own word or else by
-- its deal's.
-- Why not all leads: there may be millions, and few come to anything.
WITH sold AS (
  SELECT d.*, ROW_NUMBER() OVER (PARTITION BY d.source_lead ORDER BY d.recorded_at DESC, d.row_key DESC) AS place
  FROM deals AS d
  LEFT JOIN supersessions AS gone
    ON gone.row_key = d.row_key AND gone.table = 'deals' AND gone.superseded_at < $superseded_from
  WHERE
    d.recorded_at < $recorded_before
    AND (d.superseded_at IS NULL OR d.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
), owners AS (
  SELECT m.account_key
  FROM merged AS m
  UNION
  SELECT m.root_key AS account_key
  FROM merged AS m
  UNION
  SELECT s.account_key
  FROM sold AS s
  WHERE s.account_id IS NOT NULL
  UNION
  SELECT l.account_key
  FROM leads AS l
  WHERE l.account_id IS NOT NULL AND (l.won_at IS NOT NULL OR l.opportunity_at IS NOT NULL)
), wanted AS (
  SELECT s.source_lead AS lead_id
  FROM sold AS s
  WHERE s.source_lead IS NOT NULL
  UNION
  SELECT l.lead_id
  FROM leads AS l
  WHERE l.won_at IS NOT NULL OR l.opportunity_at IS NOT NULL
  UNION
  SELECT l.lead_id
  FROM leads AS l
  JOIN owners AS o ON o.account_key = l.account_key
  WHERE l.account_id IS NOT NULL
), known AS (
  SELECT l.*, ROW_NUMBER() OVER (PARTITION BY l.lead_id ORDER BY l.recorded_at DESC, l.row_key DESC) AS place
  FROM leads AS l
  JOIN wanted AS w ON w.lead_id = l.lead_id
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
  k.opportunity_at,
  k.won_at,
  COALESCE(k.won_at, s.won_at) AS bought_at
FROM known AS k
LEFT JOIN sold AS s ON s.source_lead = k.lead_id AND s.place = 1
WHERE k.place = 1 AND k.created_at IS NOT NULL
ORDER BY k.lead_id
