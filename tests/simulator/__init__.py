"""A simulated DynamoDB, and the machinery that looks for histories in which the ledger breaks its promises.

`table` is the database: one table, strongly consistent, strict about what it is asked. `calls` is what passes between
it and the storage, `network` what lies between them, with `faults` for what may go wrong on the way and `errors` as
botocore would raise them. `clock` is time that passes only when somebody waits.

On top of these stand three ways of looking: `attempts` runs single requests one after the other and `audit` judges
everything that was answered and written; `histories` draws long concurrent histories from a seed; `interleavings`
walks through every order of the calls of a few clients. The last two run the real code one call at a time, as a
`process`.
"""
