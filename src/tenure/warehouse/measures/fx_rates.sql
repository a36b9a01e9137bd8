-- Exchange rates as they are now: the rate recorded last speaks for a day.
-- Grain: one row per day and currency. Units: reporting currency per unit of `currency`.
WITH known AS (
  SELECT
    f.day,
    f.currency,
    f.rate,
    ROW_NUMBER() OVER (PARTITION BY f.day, f.currency ORDER BY f.recorded_at DESC, f.row_key DESC) AS place
  FROM fx_rates AS f
  LEFT JOIN supersessions AS gone
    ON gone.row_key = f.row_key AND gone.table = 'fx_rates' AND gone.superseded_at < $superseded_from
  WHERE
    (f.superseded_at IS NULL OR f.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT k.day, k.currency, k.rate
FROM known AS k
WHERE k.place = 1 AND k.rate > 0
ORDER BY k.currency, k.day
