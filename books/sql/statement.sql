-- A row per payer of what is recorded. The movements add up: opening + issued + ... + set_aside = closing.
SELECT
    payer,
    SUM(opening) AS opening,
    SUM(issued) AS issued,
    SUM(taken_back) AS taken_back,
    SUM(spent) AS spent,
    SUM(refunded) AS refunded,
    SUM(expired) AS expired,
    SUM(set_aside) AS set_aside,
    SUM(closing) AS closing,
    SUM(held) AS held,
    SUM(pending) AS pending
FROM flow
GROUP BY payer
ORDER BY payer
