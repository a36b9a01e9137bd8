-- What was spent between two days, by what `$by` names: channel, campaign or keyword.
-- Grain: one row per slice, kind and currency; of another currency than the reporting one, and day: a rate meets it outside.
-- A row sent twice counts once: its first copy. Sums only.
-- Why not number every row: a window over millions sorts them, and hardly any row is there twice.
WITH known AS (
  SELECT s.*
  FROM spend AS s
  LEFT JOIN supersessions AS gone
    ON gone.row_key = s.row_key AND gone.table = 'spend' AND gone.superseded_at < $superseded_from
  WHERE
    s.recorded_at < $recorded_before
    AND (s.superseded_at IS NULL OR s.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
    AND s.day >= $first_day
    AND s.day < $after_day
), repeated AS (
  SELECT k.row_key
  FROM known AS k
  GROUP BY k.row_key
  HAVING COUNT(*) > 1
), copies AS (
  SELECT k.*, ROW_NUMBER() OVER (PARTITION BY k.row_key ORDER BY k.recorded_at) AS copy
  FROM known AS k
  JOIN repeated AS r ON r.row_key = k.row_key
), counted AS (
  SELECT k.channel, k.campaign, k.keyword, k.kind, k.currency, k.day, k.cost, k.impressions, k.clicks
  FROM known AS k
  LEFT JOIN repeated AS r ON r.row_key = k.row_key
  WHERE r.row_key IS NULL
  UNION ALL
  SELECT c.channel, c.campaign, c.keyword, c.kind, c.currency, c.day, c.cost, c.impressions, c.clicks
  FROM copies AS c
  WHERE c.copy = 1
)
SELECT
  CASE WHEN $by = 'channel' THEN k.channel WHEN $by = 'campaign' THEN k.campaign ELSE k.keyword END AS slice,
  k.kind,
  k.currency,
  CASE WHEN k.currency = $reporting THEN NULL ELSE k.day END AS day,
  SUM(k.cost) AS cost,
  CAST(SUM(k.impressions) AS BIGINT) AS impressions,
  CAST(SUM(k.clicks) AS BIGINT) AS clicks,
  COUNT(*) AS n
FROM counted AS k
WHERE k.cost IS NOT NULL
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
