"""Where tokens come from: a string, a function of the caller's, or client credentials, fetched and renewed. Pure."""

import json
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote_plus

from points_ledger.attempts import Ask, Patience, Step, settle
from points_ledger.http import Call, Request, Response

RENEWED_BEFORE_S = 60
"""How long before its end a token is renewed; of one that lasts less than ten minutes a tenth of its time."""


@dataclass(frozen=True)
class ClientCredentials:
    """A machine's own access, by OAuth 2.0's client credentials: Cognito's or any issuer's.

    Attributes
    ----------
    scope
        The scopes to ask for, with spaces between; None for what the issuer gives by itself.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None


Token = str | Callable[[], str] | Callable[[], Awaitable[str]] | ClientCredentials
"""Whatever a client takes for a token. A function is asked before each attempt, and may return the same for long."""


class Tokens(Protocol):
    """Gives the token for the next attempt."""

    def current(self, refused: str | None) -> Generator[Step, Any, str | None]:
        """Return a token, another one than `refused` if there is any; yields what is to be done for that."""
        ...


def tokens_of(token: Token | None, patience: Patience, clock: Callable[[], float] = time.monotonic) -> Tokens:
    """Make a source of tokens of whatever a client was given."""
    if isinstance(token, ClientCredentials):
        return _Fetched(token, patience, clock)
    return _Asked(token) if callable(token) else _Fixed(token)


@dataclass(frozen=True)
class _Fixed:
    token: str | None

    def current(self, refused: str | None) -> Generator[Step, Any, str | None]:  # noqa: ARG002 - there is no other
        yield from ()
        return self.token


@dataclass(frozen=True)
class _Asked:
    question: Callable[[], Any]

    def current(self, refused: str | None) -> Generator[Step, Any, str | None]:  # noqa: ARG002 - the caller's to know
        token: str | None = yield Ask(self.question)
        return token


class _Fetched:
    def __init__(self, credentials: ClientCredentials, patience: Patience, clock: Callable[[], float]) -> None:
        self._credentials = credentials
        self._patience = patience
        self._clock = clock
        self._token: str | None = None
        self._good_until = 0.0

    def current(self, refused: str | None) -> Generator[Step, Any, str | None]:
        if self._token is None or self._token == refused or self._clock() >= self._good_until:
            asked = self._clock()
            self._token, lasts_s = yield from settle(_fetch(self._credentials), self._patience)
            self._good_until = asked + lasts_s - min(RENEWED_BEFORE_S, lasts_s / 10)
        return self._token


def _fetch(credentials: ClientCredentials) -> Call[tuple[str, float]]:
    """Ask the issuer as RFC 6749, section 4.4, has it."""
    pair = f"{quote_plus(credentials.client_id)}:{quote_plus(credentials.client_secret)}"
    form = {"grant_type": "client_credentials"} | ({"scope": credentials.scope} if credentials.scope else {})
    headers = {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    return Call(Request("POST", credentials.token_url, headers=headers, form=form), _read, authorized=False)


def _read(response: Response) -> tuple[str, float]:
    told = json.loads(response.content)
    return str(told["access_token"]), float(told.get("expires_in", 300))
