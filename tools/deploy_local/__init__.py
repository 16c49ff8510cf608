"""A deployment of the stack on this machine: `sam deploy` against MiniStack, which stands in for AWS.

`stand_in` runs MiniStack, `template` leaves out what it does not know, `stack` deploys and reads the outputs, and
`api` makes the routes, which it does not make of an OpenAPI body by itself.
"""
