-- What was spent between two days, by what `$by` names: channel, campaign or keyword.
-- Grain: one row per slice, kind and currency; of another currency than the reporting one, and day: a rate meets it outside.
-- A row sent twice counts once. Sums only.
WITH known AS (
  SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.row_key ORDER BY s.recorded_at) AS copy
  FROM spend AS s
  LEFT JOIN supersessions AS gone
    ON gone.row_key = s.row_key AND gone.table = 'spend' AND gone.superseded_at < $superseded_from
  WHERE
    s.recorded_at < $recorded_before
    AND (s.superseded_at IS NULL OR s.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
    AND s.day >= $first_day
    AND s.day < $after_day
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
FROM known AS k
WHERE k.copy = 1 AND k.cost IS NOT NULL
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
