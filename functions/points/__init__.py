"""The points ledger: rules (pure), storage (the DynamoDB passbook) and api (the HTTP plumbing of the handlers)."""
