-- The lines of all accounts, each once, however often it was exported. docs/design.md explains the attributes.
SELECT
    account, sequence, format, recorded_at, kind, payer, points, amount, expires_at, lot, parts, body
FROM (
    SELECT
        item.account.S AS account,
        CAST(item.sequence.N AS BIGINT) AS sequence,
        item.format.N AS format,
        item.recorded_at.S AS recorded_at,
        item.kind.S AS kind,
        item.payer.S AS payer,
        CAST(item.points.N AS BIGINT) AS points,
        CAST(item.amount.N AS BIGINT) AS amount,
        item.expires_at.S AS expires_at,
        item.timestamp_key.S AS lot,
        COALESCE(item.taken.L, ARRAY[]) || COALESCE(item.returned.L, ARRAY[]) || COALESCE(item.expired.L, ARRAY[]) AS parts,
        body,
        ROW_NUMBER() OVER (PARTITION BY item.account.S, item.sequence.N, item.digest.S ORDER BY item.write_id.S) AS copy
    FROM (
        SELECT
            body,
            TRY_CAST(body AS ROW(
                account ROW(S VARCHAR),
                sequence ROW(N VARCHAR),
                format ROW(N VARCHAR),
                recorded_at ROW(S VARCHAR),
                digest ROW(S VARCHAR),
                write_id ROW(S VARCHAR),
                kind ROW(S VARCHAR),
                payer ROW(S VARCHAR),
                points ROW(N VARCHAR),
                amount ROW(N VARCHAR),
                expires_at ROW(S VARCHAR),
                timestamp_key ROW(S VARCHAR),
                taken ROW(L ARRAY(JSON)),
                returned ROW(L ARRAY(JSON)),
                expired ROW(L ARRAY(JSON))
            )) AS item
        FROM (
            SELECT COALESCE(JSON_EXTRACT(line, '$.Item'), JSON_EXTRACT(line, '$.NewImage')) AS body
            FROM export
        ) AS exported
    ) AS items
    WHERE CAST(item.sequence.N AS BIGINT) > 0 AND item.account.S NOT LIKE '#%'
) AS copies
WHERE copy = 1
