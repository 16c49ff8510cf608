-- What all lines up to the end of the period did to each payer's points in each account.
SELECT
    account,
    payer,
    SUM(CASE WHEN recorded_at <= opened THEN issued + taken_back + spent + refunded + expired + set_aside ELSE 0 END) AS opening,
    SUM(CASE WHEN recorded_at > opened THEN issued ELSE 0 END) AS issued,
    SUM(CASE WHEN recorded_at > opened THEN taken_back ELSE 0 END) AS taken_back,
    SUM(CASE WHEN recorded_at > opened THEN spent ELSE 0 END) AS spent,
    SUM(CASE WHEN recorded_at > opened THEN refunded ELSE 0 END) AS refunded,
    SUM(CASE WHEN recorded_at > opened THEN expired ELSE 0 END) AS expired,
    SUM(CASE WHEN recorded_at > opened THEN set_aside ELSE 0 END) AS set_aside,
    SUM(issued + taken_back + spent + refunded + expired + set_aside) AS closing,
    -SUM(set_aside) AS held,
    SUM(pending) AS pending
FROM movement
CROSS JOIN period
WHERE recorded_at <= closed
GROUP BY account, payer
