"""A call ends in time however slowly its answer comes."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import parse_headers
from ipaddress import ip_address
from pathlib import Path
from socket import create_server, socket
from threading import Event, Thread

import pytest
from botocore.exceptions import ReadTimeoutError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from points.storage import connections
from points.storage.dynamodb import Failure, failure_of, make_client

PIECES = 200
EVERY_S = 0.03
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n"

SLOW_ANSWERS: dict[str, tuple[bytes, bytes]] = {
    "nothing at all": (b"", b""),
    "a head that trickles in": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"s" * PIECES),
    "a body that trickles in": (HEAD.replace(b": 2\r", b": %d\r" % PIECES), b" " * PIECES),
    "a body in chunks that trickles in": (HEAD.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked"), b"1" * 50),
}
"""What comes at once, and what then comes in pieces of a byte, each sooner than the time of the whole call."""


class SlowServer:
    """Answers one call after the other, as it is told to; counts what comes, and the pieces that it got rid of."""

    def __init__(self, at_once: bytes, piecemeal: bytes, context: ssl.SSLContext | None) -> None:
        self.calls = self.bytes = self.pieces = self.connections = 0
        self._answer = at_once, piecemeal
        self._context = context
        self._closed = Event()
        self._listening = create_server(("127.0.0.1", 0))
        self._thread = Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http{'s' if self._context else ''}://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        self._closed.set()
        with socket() as last:
            last.connect(self._listening.getsockname())
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with connection:
                if self._closed.is_set():
                    return
                self._converse(connection)

    def _converse(self, plain: socket) -> None:
        self.connections += 1
        connection = self._context.wrap_socket(plain, server_side=True) if self._context else plain
        asked = connection.makefile("rb")
        at_once, piecemeal = self._answer
        try:
            while asked.readline():
                self.bytes += len(asked.read(int(parse_headers(asked)["Content-Length"])))
                self.calls += 1
                connection.sendall(at_once)
                for piece in piecemeal:
                    self._closed.wait(EVERY_S)
                    connection.sendall(bytes([piece]))
                    self.pieces += 1
        except OSError:
            pass  # the client is gone
        finally:
            asked.close()
            connection.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a certificate for this machine, and return the file with it and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return file


@pytest.fixture(params=["http", "https"])
def serving(
    request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., SlowServer]:
    """Return a function that lets DynamoDB be a slow server."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    context = None
    if request.param == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)

    @contextmanager
    def serve(at_once: bytes, piecemeal: bytes) -> Iterator[SlowServer]:
        server = SlowServer(at_once, piecemeal, context)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url)
        yield server
        server.close()

    return serve


@pytest.mark.parametrize(("at_once", "piecemeal"), SLOW_ANSWERS.values(), ids=SLOW_ANSWERS)
def test_a_call_ends_in_time(
    at_once: bytes, piecemeal: bytes, serving: Callable[..., SlowServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CALL_TIMEOUT_S", 5 * EVERY_S)
    with serving(at_once, piecemeal) as server:
        client = make_client()
        with pytest.raises(ReadTimeoutError) as raised:
            client.get_item(TableName="ledger", Key={"account": {"S": "anna"}, "sequence": {"N": "1"}})
        client.close()
    assert failure_of(raised.value) is Failure.UNCLEAR
    assert server.pieces < len(piecemeal) or not piecemeal, "it has not waited for the whole answer"


def test_a_connection_is_used_again_with_a_time_of_its_own(
    serving: Callable[..., SlowServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CALL_TIMEOUT_S", 20 * EVERY_S)
    with serving(HEAD + b"{}", b"") as server:
        client = make_client()
        for _ in range(3):
            assert client.get_item(TableName="ledger", Key={"account": {"S": "anna"}})["ResponseMetadata"]
            Event().wait(10 * EVERY_S)
        client.close()
    assert (server.connections, server.calls) == (1, 3)


def test_a_large_request_arrives_whole(serving: Callable[..., SlowServer]) -> None:
    with serving(HEAD + b"{}", b"") as server:
        client = make_client()
        client.put_item(TableName="ledger", Item={"account": {"S": "a" * 100_000}})
        client.close()
    assert server.bytes > 100_000
