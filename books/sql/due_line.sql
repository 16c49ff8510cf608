-- All lines of these accounts, in order: only the rules, which are not in SQL, can tell what was due in them.
SELECT account, sequence, recorded_at, JSON_FORMAT(body) AS body
FROM line
CROSS JOIN period
WHERE recorded_at <= closed AND account IN (SELECT account FROM due)
ORDER BY account, sequence
