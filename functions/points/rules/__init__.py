"""What the ledger promises, as pure functions: no AWS, no clock, no input or output.

From the bottom: `order` has the order in which lots are spent, `terms` the vocabulary, `ranges` where the open lots
are, `walk` the one walk over them and its undoing, `refusals` why a change may not be, `plans` what each change makes
of an account's state, `time` what time does to it, and `fates` what has become of a transaction since.
"""
