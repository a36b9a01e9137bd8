-- The contacts who are known as users: their account and what is known of the person.
-- Grain: one row per contact with a user id; the row recorded last speaks for a contact.
WITH known AS (
  SELECT
    c.*,
    ROW_NUMBER() OVER (PARTITION BY c.contact_id ORDER BY c.recorded_at DESC, c.row_key DESC) AS place
  FROM contacts AS c
  LEFT JOIN supersessions AS gone
    ON gone.row_key = c.row_key AND gone.table = 'contacts' AND gone.superseded_at < $superseded_from
  WHERE
    (c.superseded_at IS NULL OR c.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT
  k.user_id,
  k.account_id,
  k.title,
  k.roles,
  k.attributes
FROM known AS k
WHERE k.place = 1 AND k.user_id IS NOT NULL
ORDER BY k.contact_id
