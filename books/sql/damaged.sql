-- Accounts with missing or duplicate lines, or with lines in a layout unknown to these queries: none if all is well.
SELECT account, COUNT(*) AS lines, MAX(sequence) AS last_line
FROM line
CROSS JOIN period
WHERE recorded_at <= closed
GROUP BY account
HAVING COUNT(*) <> MAX(sequence) OR MIN(format) <> '2' OR MAX(format) <> '2'
ORDER BY account
