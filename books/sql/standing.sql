-- The state of each account at both moments: that after the last line recorded by then.
SELECT
    account,
    which,
    moment,
    through,
    sequence,
    state.balances.L AS balances,
    state.owed.M AS owed,
    state.part_spent.M AS part_spent,
    state.ranges.L AS ranges,
    state.holds.M AS holds,
    state.pending.M AS pending
FROM (
    SELECT
        account,
        which,
        CASE which WHEN 'opening' THEN opened ELSE closed END AS moment,
        CASE which WHEN 'opening' THEN opened_through ELSE closed_through END AS through,
        CASE which WHEN 'opening' THEN opening_sequence ELSE closing_sequence END AS sequence,
        TRY_CAST(CASE which WHEN 'opening' THEN opening_body ELSE closing_body END AS ROW(
            balances ROW(L ARRAY(JSON)),
            owed ROW(M MAP(VARCHAR, JSON)),
            part_spent ROW(M MAP(VARCHAR, JSON)),
            ranges ROW(L ARRAY(JSON)),
            holds ROW(M MAP(VARCHAR, JSON)),
            pending ROW(M MAP(VARCHAR, JSON))
        )) AS state
    FROM (
        SELECT
            account,
            MAX(sequence) FILTER (WHERE recorded_at <= opened) AS opening_sequence,
            MAX_BY(body, sequence) FILTER (WHERE recorded_at <= opened) AS opening_body,
            MAX(sequence) AS closing_sequence,
            MAX_BY(body, sequence) AS closing_body
        FROM line
        CROSS JOIN period
        WHERE recorded_at <= closed
        GROUP BY account
    ) AS last_lines
    CROSS JOIN period
    CROSS JOIN (VALUES ('opening'), ('closing')) AS moments(which)
) AS states
WHERE sequence IS NOT NULL
