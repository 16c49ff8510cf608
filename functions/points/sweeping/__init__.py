"""The sweep: finds accounts in which time has something to do that nobody has recorded yet, and queues them.

`queue` is an SQS queue, `sweep` reads the calendar and says which accounts go into it. What is done with them is the
storage's business: whoever takes an account from the queue has its passbook settled.
"""
