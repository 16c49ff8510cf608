"""What a failed call says about whether it took effect, and that the true client makes one attempt per call."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from botocore import exceptions
from botocore.parsers import ResponseParserError
from points.storage.dynamodb import CALL_ERRORS, Failure, failure_of, make_client

from tests.simulator import errors

PUT = "PutItem"
SOME = {"error": "some", "endpoint_url": errors.ENDPOINT}

CLASSIFIED: dict[Failure, list[Exception]] = {
    Failure.LOST_RACE: [errors.condition_failed(PUT, {"sequence": {"N": "1"}})],
    Failure.REFUSED: [
        errors.throttled(PUT),
        errors.transaction_conflict(PUT),
        errors.answered_error(PUT, "ProvisionedThroughputExceededException", ""),
        errors.answered_error(PUT, "RequestLimitExceeded", ""),
        errors.answered_error(PUT, "ReplicatedWriteConflictException", ""),
        errors.connect_timeout(),
        errors.endpoint_unreachable(),
    ],
    Failure.DENIED: [
        errors.denied(PUT),
        errors.invalid(PUT, "Item size has exceeded the maximum allowed size"),
        errors.collection_full(PUT),
        errors.answered_error(PUT, "ResourceNotFoundException", ""),
        exceptions.NoCredentialsError(),
        exceptions.ParamValidationError(report=""),
    ],
    Failure.UNCLEAR: [
        errors.internal_error(PUT),
        errors.answered_error(PUT, "ServiceUnavailable", "", status=503),
        errors.answered_error(PUT, "ThrottlingException", "", status=503),
        exceptions.ClientError({}, PUT),
        errors.read_timeout(),
        errors.connection_closed(),
        exceptions.HTTPClientError(**SOME),
        exceptions.SSLError(endpoint_url=errors.ENDPOINT, error=OSError()),
        exceptions.ProxyConnectionError(proxy_url="", **SOME),
        exceptions.ResponseStreamingError(**SOME),
        ResponseParserError("not JSON"),
    ],
}


@pytest.mark.parametrize(
    ("error", "failure"),
    [(error, failure) for failure, all_of_them in CLASSIFIED.items() for error in all_of_them],
    ids=lambda value: value.name if isinstance(value, Failure) else f"{type(value).__name__}: {value}"[:70],
)
def test_classification(error: Exception, failure: Failure) -> None:
    assert isinstance(error, CALL_ERRORS)
    assert failure_of(error) is failure


class Endpoint(BaseHTTPRequestHandler):
    """Takes every call for a failure: gives an answer that says nothing, or closes the connection without one."""

    answer: tuple[int, bytes] | None
    calls = 0

    def do_POST(self) -> None:
        type(self).calls += 1
        if self.answer:
            status, body = self.answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def listening(handler: type[Endpoint]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "answer_given",
    [
        (500, b"{}"),
        (200, b"<html>It works!</html>"),
        (200, b""),
        (200, b"null"),
        (200, b"[]"),
        (200, b'[["sequence", 1]]'),
        (200, b'{"message": "It works!"}'),
        (200, b'{"Items": [], "Count": 0}'),
        (200, b'{"ConsumedCapacity": {}, "Item": {}}'),
        pytest.param((200, 100_000 * b"["), id="nested deeply"),
        (201, b"{}"),
        (202, b"<html>Later</html>"),
        (204, b""),
        (302, b"<html>Elsewhere</html>"),
        (403, b"<html>Not by this way</html>"),
        (403, b"[]"),
        (408, b"{}"),
        None,
    ],
    ids=str,
)
def test_a_call_is_one_attempt(answer_given: tuple[int, bytes] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Endpoint):
        answer = answer_given

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with listening(Failing) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        client = make_client()
        with pytest.raises(CALL_ERRORS) as raised:
            client.put_item(TableName="ledger", Item={"account": {"S": "anna"}, "sequence": {"N": "1"}})
        client.close()
    assert failure_of(raised.value) is Failure.UNCLEAR
    assert Failing.calls == 1


@pytest.mark.parametrize(
    ("call", "body"), [("get_item", b'{"Items": []}'), ("query", b"{}"), ("query", b'{"Items": [], "Item": {}}')]
)
def test_a_read_takes_no_answer_for_dynamodbs_that_is_not(
    call: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Strange(Endpoint):
        answer = 200, body

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with listening(Strange) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
        client = make_client()
        with pytest.raises(ResponseParserError):
            getattr(client, call)(TableName="ledger")
        client.close()
