"""The passbook in DynamoDB: one table, one kind of item, one conditional PutItem per change.

`lines` has a line and its item, `requests` the exact requests, `dynamodb` the client and what its errors mean,
`open_lots` the reading of lots, `capacity` what an account may grow to, and `passbook` what callers use.
"""
