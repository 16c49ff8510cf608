"""What the ledger promises, as pure functions: no AWS, no clock, no input or output.

`terms` has the vocabulary, `positions` the order in which lots are spent, `plans` what an add or a spend makes of an
account's state, and `refusals` why it may not.
"""
