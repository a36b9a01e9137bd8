-- The ids behind account keys, from every table that names accounts.
-- Grain: one row per account key asked for ($keys).
WITH named AS (
  SELECT s.account_key, s.account_id FROM subscriptions AS s
  UNION ALL
  SELECT c.account_key, c.account_id FROM contracts AS c
  UNION ALL
  SELECT l.account_key, l.account_id FROM invoice_lines AS l
  UNION ALL
  SELECT a.account_key, a.account_id FROM accounts AS a
)
SELECT n.account_key, MIN(n.account_id) AS account_id
FROM named AS n
INNER JOIN keys AS k ON k.account_key = n.account_key
GROUP BY n.account_key
