-- Closed months: the entry recorded last speaks for a month.
-- Grain: one row per month.
WITH known AS (
  SELECT
    c.month,
    c.closed_at,
    c.closed_by,
    c.note,
    ROW_NUMBER() OVER (PARTITION BY c.month ORDER BY c.recorded_at DESC, c.row_key DESC) AS place
  FROM closes AS c
  LEFT JOIN supersessions AS gone
    ON gone.row_key = c.row_key AND gone.table = 'closes' AND gone.superseded_at < $superseded_from
  WHERE
    (c.superseded_at IS NULL OR c.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT k.month, k.closed_at, k.closed_by, k.note
FROM known AS k
WHERE k.place = 1
ORDER BY k.month
