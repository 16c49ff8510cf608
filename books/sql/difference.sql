-- Where the flows of an account disagree with its last line: none if the books are right.
SELECT
    account,
    payer,
    which,
    COALESCE(flowed.points, 0) AS from_flows,
    COALESCE(stood.points, 0) AS from_last_line
FROM (
    SELECT account, payer, which, CASE which WHEN 'opening' THEN opening ELSE closing END AS points
    FROM flow
    CROSS JOIN (VALUES ('opening'), ('closing')) AS moments(which)
) AS flowed
FULL JOIN (
    SELECT
        account,
        JSON_EXTRACT_SCALAR(pair, '$.L[0].S') AS payer,
        which,
        CAST(JSON_EXTRACT_SCALAR(pair, '$.L[1].N') AS BIGINT) AS points
    FROM standing
    CROSS JOIN UNNEST(balances) AS unnested(pair)
    WHERE JSON_EXTRACT(pair, '$.L') IS NOT NULL -- a payer at 0 may be a bare name
) AS stood
USING (account, payer, which)
WHERE COALESCE(flowed.points, 0) <> COALESCE(stood.points, 0)
ORDER BY account, payer, which
