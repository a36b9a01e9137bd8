-- The keys of events, by which one that was sent more than once is found.
-- Grain: one row per event as it was sent. The rows of one key may name different users.
SELECT e.row_key
FROM events AS e
WHERE
  e.event IS NOT NULL AND e.ts IS NOT NULL
  AND e.recorded_at < $recorded_before
  AND (e.superseded_at IS NULL OR e.superseded_at >= $superseded_from)
