-- Touches that are known at a moment, each with the account it belongs to: its own, or that of its contact.
-- Grain: one row per touch. A row sent twice counts once; the row recorded last speaks for a contact.
WITH known AS (
  SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.row_key ORDER BY t.recorded_at) AS copy
  FROM touches AS t
  LEFT JOIN supersessions AS gone
    ON gone.row_key = t.row_key AND gone.table = 'touches' AND gone.superseded_at < $superseded_from
  WHERE
    t.recorded_at < $recorded_before
    AND (t.superseded_at IS NULL OR t.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
), people AS (
  SELECT
    c.contact_id,
    c.account_id,
    c.account_key,
    ROW_NUMBER() OVER (PARTITION BY c.contact_id ORDER BY c.recorded_at DESC, c.row_key DESC) AS place
  FROM contacts AS c
  LEFT JOIN supersessions AS gone
    ON gone.row_key = c.row_key AND gone.table = 'contacts' AND gone.superseded_at < $superseded_from
  WHERE
    c.recorded_at < $recorded_before
    AND (c.superseded_at IS NULL OR c.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT
  CASE WHEN k.account_id IS NULL THEN p.account_key ELSE k.account_key END AS account_key,
  COALESCE(k.account_id, p.account_id) AS account_id,
  k.contact_id,
  k.ts,
  k.channel,
  k.campaign,
  k.keyword,
  k.row_key
FROM known AS k
LEFT JOIN people AS p ON p.contact_id = k.contact_id AND p.place = 1
WHERE k.copy = 1 AND k.ts IS NOT NULL AND k.channel IS NOT NULL
ORDER BY 1 NULLS LAST, k.ts, k.row_key
