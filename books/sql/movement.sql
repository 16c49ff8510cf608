-- What each line did to the points of each payer that it names, in the columns of a statement.
SELECT
    account,
    recorded_at,
    payer,
    CASE WHEN kind IN ('add', 'arrive') AND points > 0 THEN points ELSE 0 END AS issued,
    CASE WHEN kind = 'add' AND points < 0 THEN points ELSE 0 END AS taken_back,
    CASE WHEN kind IN ('spend', 'capture') AND points < 0 THEN points ELSE 0 END AS spent,
    CASE WHEN kind = 'refund' THEN points ELSE 0 END AS refunded,
    CASE WHEN kind = 'expire' THEN points ELSE 0 END AS expired,
    -- A hold takes points out of the balance. What is captured of it leaves the hold for good; the rest comes back.
    CASE WHEN kind IN ('hold', 'void', 'lapse') THEN points WHEN kind = 'capture' THEN ABS(points) ELSE 0 END AS set_aside,
    CASE kind WHEN 'pending' THEN amount WHEN 'cancel' THEN -amount WHEN 'arrive' THEN -points ELSE 0 END AS pending
FROM (
    SELECT
        account,
        recorded_at,
        kind,
        COALESCE(JSON_EXTRACT_SCALAR(part, '$.L[0].S'), payer) AS payer,
        COALESCE(CAST(JSON_EXTRACT_SCALAR(part, '$.L[1].N') AS BIGINT), points) AS points,
        amount
    FROM line
    LEFT JOIN UNNEST(parts) AS unnested(part) ON TRUE
) AS parts_of_lines
WHERE payer IS NOT NULL
