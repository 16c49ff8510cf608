-- All lines of these accounts, in order: what time has done to them follows from the rules, which are no SQL.
SELECT account, sequence, recorded_at, JSON_FORMAT(body) AS body
FROM line
CROSS JOIN period
WHERE recorded_at <= closed AND account IN (SELECT account FROM due)
ORDER BY account, sequence
