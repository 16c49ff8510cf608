"""The plumbing that the handlers share, most of it of HTTP.

`app` makes a handler's resolver and entry point, `identity` says whose account a request is about, `bodies` and
`headers` read what it asks for, `answers` and `problems` write what it gets, `batches` goes through what a queue hands
over, `runtime` has the passbook, and `observability` the logger and the metrics.
"""
