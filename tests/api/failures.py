"""How DynamoDB's calls fail."""

from botocore.exceptions import ClientError, ReadTimeoutError

NO_ANSWER = ReadTimeoutError(endpoint_url="https://dynamodb.us-east-1.amazonaws.com")


def client_error(code: str, status: int = 400) -> ClientError:
    """DynamoDB answers, and the answer is an error."""
    error = {"Code": code, "Message": "arn:aws:dynamodb:us-east-1:123456789012:table/LedgerTable says no"}
    return ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutItem")
