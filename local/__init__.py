"""The ledger on this machine: the template's functions behind a stand-in for API Gateway, over a DynamoDB."""
