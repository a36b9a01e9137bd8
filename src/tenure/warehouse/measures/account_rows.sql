-- Accounts as they are now: the row recorded last speaks for an account.
-- Grain: one row per account. Attributes have no valid time.
WITH known AS (
  SELECT
    a.*,
    ROW_NUMBER() OVER (PARTITION BY a.account_key ORDER BY a.recorded_at DESC, a.row_key DESC) AS place
  FROM accounts AS a
  LEFT JOIN supersessions AS gone
    ON gone.row_key = a.row_key AND gone.table = 'accounts' AND gone.superseded_at < $superseded_from
  WHERE
    (a.superseded_at IS NULL OR a.superseded_at >= $superseded_from)
    AND gone.row_key IS NULL
)
SELECT
  k.account_key,
  k.account_id,
  k.name,
  k.parent_id,
  k.industry,
  k.region,
  CAST(k.employees AS VARCHAR) AS employees,
  k.tier,
  k.owner,
  k.merged_into,
  k.attributes
FROM known AS k
WHERE k.place = 1
