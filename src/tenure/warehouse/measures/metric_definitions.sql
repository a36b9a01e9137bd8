-- Named metric definitions with all their versions.
-- Grain: one row per name and version.
SELECT m.name, m.version, m.settings, m.author, m.recorded_at
FROM metric_definitions AS m
LEFT JOIN supersessions AS gone
  ON gone.row_key = m.row_key AND gone.table = 'metric_definitions' AND gone.superseded_at < $superseded_from
WHERE
  (m.superseded_at IS NULL OR m.superseded_at >= $superseded_from)
  AND gone.row_key IS NULL
ORDER BY m.name, m.version
