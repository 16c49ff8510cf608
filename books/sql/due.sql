-- The accounts in which something was due by one of the moments and not recorded by then.
SELECT DISTINCT account, which
FROM (
    SELECT
        account,
        which,
        moment,
        through,
        JSON_EXTRACT_SCALAR(coming, '$.L[0].S') AS first_text,
        JSON_EXTRACT_SCALAR(coming, '$.L[0].N') AS first_number,
        JSON_EXTRACT_SCALAR(coming, '$.L[1].S') AS second_text,
        JSON_EXTRACT_SCALAR(coming, '$.L[3].S') AS fourth_text
    FROM standing
    CROSS JOIN UNNEST(
        COALESCE(ranges, ARRAY[]) || COALESCE(MAP_VALUES(holds), ARRAY[]) || COALESCE(MAP_VALUES(pending), ARRAY[])
    ) AS unnested(coming)
) AS all_coming
WHERE
    -- a range of lots [first, last]: behind its chapter, a position begins with the expiry
    (second_text IS NOT NULL AND first_number IS NULL AND SUBSTR(first_text, 9) < through)
    -- a hold [points, expires_at, ...]
    OR (first_number IS NOT NULL AND second_text <= moment)
    -- a pending add [payer, amount, timestamp, effective_at, ...]
    OR (fourth_text <= moment)
