"""The passbook in DynamoDB: one table, one conditional PutItem per line.

From the bottom: `attributes` has how values are kept, `lines` a line and its item, with its `listing` for callers, its
place in the `chain` and its `sizes`; `indexes` the table's indexes, `requests` the exact requests, `dynamodb` the
client and what its errors mean, and `connections` let its calls end in time. `calls` makes the calls, `reading` reads
lines, `lot_pages` and `records` are what the rules look up, `timeline` is what time has done, `capacity` what an
account may grow to, `writing` puts lines, `admission` turns away what an account is too busy for, and `passbook` is
what callers use. `calendar` tells in which accounts something is due, and how far somebody has asked it.
"""
