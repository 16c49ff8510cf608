-- The two moments of a statement, and above the keys of which lots nothing has expired by then (`keys_through`).
SELECT ? AS opened, ? AS opened_through, ? AS closed, ? AS closed_through
