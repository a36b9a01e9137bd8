-- What people wrote of events, as it stands now.
-- Grain: one row per event that somebody has written of.
SELECT e.event, e.feature, e.owner, e.description, e.hidden
FROM event_entries AS e
LEFT JOIN supersessions AS gone
  ON gone.row_key = e.row_key AND gone.table = 'event_entries' AND gone.superseded_at < $superseded_from
WHERE
  (e.superseded_at IS NULL OR e.superseded_at >= $superseded_from)
  AND e.recorded_at < $recorded_before
  AND gone.row_key IS NULL
ORDER BY e.event
