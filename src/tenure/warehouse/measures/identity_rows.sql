-- What was said of who is behind an id and where a person belongs, in the order it was said.
-- Grain: one row per row of `identities` that names two ids.
SELECT
  i.anonymous_id,
  i.user_id,
  i.account_id,
  i.valid_from
FROM identities AS i
WHERE
  i.recorded_at < $recorded_before
  AND (i.superseded_at IS NULL OR i.superseded_at >= $superseded_from)
  AND (
    (i.user_id IS NOT NULL AND (i.anonymous_id IS NOT NULL OR i.account_id IS NOT NULL))
    OR (i.anonymous_id IS NOT NULL AND i.account_id IS NOT NULL)
  )
ORDER BY i.valid_from NULLS FIRST, i.recorded_at, i.row_id
