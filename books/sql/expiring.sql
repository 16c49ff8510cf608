-- How many points of the closing balances expire in which month, in accounts with nothing due and unrecorded.
SELECT payer, month, SUM(CASE WHEN unowed < remaining THEN unowed ELSE remaining END) AS points
FROM (
    SELECT
        payer,
        SUBSTR(expires_at, 1, 7) AS month,
        remaining,
        SUM(remaining) OVER (PARTITION BY account, payer ORDER BY lot_key) - owed AS unowed -- the next lots pay debts
    FROM (
        SELECT
            line.account,
            line.payer,
            line.expires_at,
            SUBSTR(line.lot, 9) AS lot_key,
            line.points - COALESCE(
                CAST(JSON_EXTRACT_SCALAR(ELEMENT_AT(part_spent, CAST(line.sequence AS VARCHAR)), '$.N') AS BIGINT), 0
            ) AS remaining,
            COALESCE(CAST(JSON_EXTRACT_SCALAR(ELEMENT_AT(owed, line.payer), '$.N') AS BIGINT), 0) AS owed
        FROM (
            SELECT
                account,
                sequence,
                part_spent,
                owed,
                JSON_EXTRACT_SCALAR(stretch, '$.L[0].S') AS first_lot,
                JSON_EXTRACT_SCALAR(stretch, '$.L[1].S') AS last_lot
            FROM standing
            CROSS JOIN UNNEST(ranges) AS unnested(stretch)
            WHERE which = 'closing' AND account NOT IN (SELECT account FROM due WHERE which = 'closing')
        ) AS stretches
        JOIN line
            ON line.account = stretches.account
            AND line.sequence <= stretches.sequence
            AND line.lot BETWEEN first_lot AND last_lot
    ) AS open_lots
) AS lots
WHERE month IS NOT NULL AND unowed > 0
GROUP BY payer, month
ORDER BY payer, month
