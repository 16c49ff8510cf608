-- The two moments of a statement, and the text above the keys of all lots expired by then (`keys_through`).
SELECT ? AS opened, ? AS opened_through, ? AS closed, ? AS closed_through
