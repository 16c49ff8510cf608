"""The API's description in OpenAPI 3.1, and that of the events, made from what the functions themselves go by.

`operations` says what each call is for, in prose; `document` puts that together with the routes and scopes of the
template, the models of the bodies (the functions' own) and of the `answers`, the `problems` as the code raises them,
and the `worked_example` as the code answers it. `events` describes the events on the bus by the same schemas, in JSON
Schema and AsyncAPI 3. `make openapi` writes the one beside the docs function, the others into docs/events.
"""
