"""Connections on which a whole call ends in time.

A socket's timeout, which is all that botocore sets, begins again with every piece that is sent or received: an answer
that trickles in keeps a call waiting for as long as it likes. Here a call has one end, and every piece waits for what
is left until then.
"""

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from time import monotonic
from typing import Any

from botocore.awsrequest import (
    AWSConnection,
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

CALL_TIMEOUT_S = 3.0
"""What a call may take, from looking for a connection to the last byte of the answer."""

_PIECE_BYTES = 16 * 1024  # a TLS record


class _Timely(AWSConnection):
    """Of a connection: what makes its calls end in time."""

    sock: Any
    connect: Callable[[], None]
    _ends_at = 0.0

    def request(self, *args: Any, **kwargs: Any) -> Any:
        self._ends_at = monotonic() + CALL_TIMEOUT_S
        return super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _PIECE_BYTES):
            self.sock.settimeout(self._left())
            super().send(data[start : start + _PIECE_BYTES])

    def getresponse(self) -> Any:
        self.response_class: Any = lambda sock, **kwargs: _TimelyResponse(sock, self._left, **kwargs)
        return super().getresponse()  # type: ignore[misc]

    def _left(self) -> float:
        left = self._ends_at - monotonic()
        if left <= 0:
            raise TimeoutError(f"the call took more than {CALL_TIMEOUT_S} s")
        return left


class _TimelyResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, left: Callable[[], float], **kwargs: Any) -> None:
        super().__init__(sock, **kwargs)
        self.fp = io.BufferedReader(_TimelyReader(self.fp.detach(), sock, left))


class _TimelyReader(io.RawIOBase):
    """Reads from a socket; each piece waits for what is left of the call's time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, left: Callable[[], float]) -> None:
        self._raw, self._sock, self._left = raw, sock, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimelyConnection(_Timely, AWSHTTPConnection):
    """A connection without TLS, to an engine on this machine."""


class TimelyTlsConnection(_Timely, AWSHTTPSConnection):
    """A connection to DynamoDB."""


class TimelyPool(AWSHTTPConnectionPool):
    """Keeps connections without TLS."""

    ConnectionCls = TimelyConnection


class TimelyTlsPool(AWSHTTPSConnectionPool):
    """Keeps connections with TLS."""

    ConnectionCls = TimelyTlsConnection


POOLS = {"http": TimelyPool, "https": TimelyTlsPool}
