-- The keys of events that were sent more than once.
-- Grain: one row per key. The rows of one key may name different users, so they are told apart before events are dealt out.
SELECT e.row_key
FROM events AS e
WHERE
  e.event IS NOT NULL AND e.ts IS NOT NULL
  AND e.recorded_at < $recorded_before
  AND (e.superseded_at IS NULL OR e.superseded_at >= $superseded_from)
GROUP BY e.row_key
HAVING COUNT(*) > 1
