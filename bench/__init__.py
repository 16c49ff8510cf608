"""What the ledger costs and how fast it is, beside what one would otherwise write.

`alternatives` are the ledgers that are compared, ours among them, and `designs` lists them. `questions` tell which of
them answers rightly, `growth` counts what they cost as an account grows, `prices` says what that comes to, and `speed`
times them in turn. `hot` has many clients on one account, `handlers` the functions without DynamoDB. `meter` counts at
DynamoDB's interface, `accounts` makes accounts of any size; `report` and `plots` put it all into the documentation.
"""
