"""An issuer of tokens, and a gateway that takes no others: in memory, behind httpx."""

from base64 import b64decode
from urllib.parse import parse_qs, unquote_plus

import httpx

URL = "https://issuer.example/oauth2/token"
BALANCE = {"DANNON": 5}


class Issuer:
    """Gives tokens `token-1`, `token-2` and so on, and answers a balance to the last one only.

    Attributes
    ----------
    given
        The requests for tokens.
    asked
        The tokens that balances were asked with.
    fails
        How many requests for a token fail before one is given.
    revoked
        Whether the gateway takes no token at all.
    """

    def __init__(self, lasts_s: float = 3600) -> None:
        self.given: list[dict[str, list[str]]] = []
        self.asked: list[str | None] = []
        self.fails = 0
        self.revoked = False
        self._lasts_s = lasts_s

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer any request."""
        return self._give(request) if str(request.url) == URL else self._balance(request)

    async def answer_later(self, request: httpx.Request) -> httpx.Response:
        """Answer any request, in an event loop."""
        return self.answer(request)

    def expire(self) -> None:
        """Let the last token be none any more."""
        self.given.append({})

    def _give(self, request: httpx.Request) -> httpx.Response:
        if self.fails:
            self.fails -= 1
            return httpx.Response(503)
        name, _, secret = b64decode(request.headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        if (unquote_plus(name), unquote_plus(secret)) != ("shop", "s:cret/ö"):
            return httpx.Response(400, json={"error": "invalid_client"})
        self.given.append(parse_qs(request.content.decode()))
        return httpx.Response(200, json={"access_token": f"token-{len(self.given)}", "expires_in": self._lasts_s})

    def _balance(self, request: httpx.Request) -> httpx.Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ") or None
        self.asked.append(token)
        if self.revoked or token != f"token-{len(self.given)}":
            return httpx.Response(401, json={"message": "Unauthorized"})
        return httpx.Response(200, json=BALANCE, headers={"ETag": '"1"'})
