-- Rows of discounts with something wrong in them as they were given.
-- Grain: one row per known row with a flaw.
SELECT
  t.row_id,
  CAST(NULL AS VARCHAR) AS account_id,
  t.flaws
FROM discounts AS t
LEFT JOIN supersessions AS gone
  ON gone.row_key = t.row_key AND gone.table = 'discounts' AND gone.superseded_at < $superseded_from
WHERE
  t.flaws IS NOT NULL
  AND (t.superseded_at IS NULL OR t.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
