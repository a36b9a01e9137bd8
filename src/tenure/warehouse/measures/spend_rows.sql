-- Rows of spend between two days, as they were given: the proof of a cost.
-- Grain: one row per row of spend; one sent twice counts once.
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
SELECT k.day, k.channel, k.campaign, k.keyword, k.kind, k.impressions, k.clicks, k.cost, k.currency, k.source, k.row_id
FROM known AS k
WHERE k.copy = 1 AND k.cost IS NOT NULL
ORDER BY k.day, k.channel, k.campaign, k.keyword, k.kind, k.row_id
