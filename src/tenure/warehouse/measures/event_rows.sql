-- Events with the user and the account they count for.
-- Grain: one row per event; one that was sent twice counts once, as it came first. Only those pass through the window.
-- Who a user is and where a user belongs ($people, $members) is joined as it was when the event happened; the events of
-- an account that was merged into another are the other's ($merged).
WITH seen AS (
  SELECT
    e.row_key, e.row_id, e.ts, e.event, e.properties, e.place, e.recorded_at, e.received_at,
    e.account_id, e.account_key, e.user_id, e.anonymous_id, e.user_key
  FROM events AS e
  WHERE
    e.event IS NOT NULL AND e.ts IS NOT NULL
    AND e.recorded_at < $recorded_before
    AND (e.superseded_at IS NULL OR e.superseded_at >= $superseded_from)
),
repeated AS (
  SELECT s.row_key FROM seen AS s GROUP BY s.row_key HAVING COUNT(*) > 1
),
copies AS (
  SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.row_key ORDER BY s.recorded_at, s.place) AS copy
  FROM seen AS s
  INNER JOIN repeated AS r ON r.row_key = s.row_key
),
sent AS (
  SELECT
    s.row_key, s.row_id, s.ts, s.event, s.properties, s.place, s.recorded_at, s.received_at,
    s.account_id, s.account_key, s.user_id, s.anonymous_id, s.user_key
  FROM seen AS s
  LEFT JOIN repeated AS r ON r.row_key = s.row_key
  WHERE r.row_key IS NULL
  UNION ALL
  SELECT
    c.row_key, c.row_id, c.ts, c.event, c.properties, c.place, c.recorded_at, c.received_at,
    c.account_id, c.account_key, c.user_id, c.anonymous_id, c.user_key
  FROM copies AS c
  WHERE c.copy = 1
),
named AS (
  SELECT
    s.row_key, s.row_id, s.ts, s.event, s.properties, s.place, s.recorded_at, s.received_at,
    s.account_id, s.account_key,
    COALESCE(p.user_id, s.user_id, s.anonymous_id) AS user_id,
    CASE WHEN COALESCE(s.user_id, s.anonymous_id) IS NULL THEN NULL ELSE COALESCE(p.user_key, s.user_key) END AS user_key
  FROM sent AS s
  LEFT JOIN people AS p ON p.id_key = s.user_key AND s.ts >= p.since AND s.ts < p.until
),
placed AS (
  SELECT
    n.row_key, n.row_id, n.ts, n.event, n.properties, n.recorded_at, n.received_at, n.place, n.user_id, n.user_key,
    COALESCE(n.account_id, m.account_id) AS account_id,
    CASE WHEN n.account_id IS NULL THEN m.account_key ELSE n.account_key END AS account_key
  FROM named AS n
  LEFT JOIN members AS m
    ON m.user_key = n.user_key AND n.account_id IS NULL AND n.ts >= m.since AND n.ts < m.until
)
SELECT
  l.row_key,
  l.row_id,
  l.ts,
  l.event,
  l.properties,
  l.recorded_at,
  l.received_at,
  l.place,
  l.user_id,
  l.user_key,
  COALESCE(g.root_id, l.account_id) AS account_id,
  COALESCE(g.root_key, l.account_key) AS account_key
FROM placed AS l
LEFT JOIN merged AS g ON g.account_key = l.account_key
