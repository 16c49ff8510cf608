-- Accounts with missing or duplicate lines, or with lines in a layout unknown to these queries: none if all is well.
SELECT account, COUNT(*) AS lines, MAX(sequence) AS last_line
FROM line
CROSS JOIN period
WHERE recorded_at <= closed
GROUP BY account
HAVING COUNT(*) <> MAX(sequence) OR MIN(format) NOT IN ('2', '3') OR MAX(format) NOT IN ('2', '3')
ORDER BY account
