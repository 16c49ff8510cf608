"""The books of the ledger, from outside: nothing here runs in the service, and nothing here writes to its table.

All commands read one form, the folder that DynamoDB's own export writes (`exports`); a live table and the data of
`make run` are first copied into such a folder (`table`, `local_data`, chosen by `source`). `cli` has the commands.
"""
