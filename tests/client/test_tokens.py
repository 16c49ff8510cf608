"""Tokens: a string, a function, or client credentials that are fetched and renewed, and how few requests that takes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from points_ledger import AsyncClient, Client, ClientCredentials, errors
from points_ledger.attempts import Send
from points_ledger.http import Response
from points_ledger.tokens import Token, tokens_of

from tests.client.conftest import HURRIED
from tests.client.issuer import BALANCE, URL, Issuer

CREDENTIALS = ClientCredentials(URL, "shop", "s:cret/ö", "points/add points/read")


def client_of(issuer: Issuer, token: Token | None) -> Client:
    """Return a client that talks to the issuer and its gateway only."""
    transport = httpx.MockTransport(issuer.answer)
    return Client("https://ledger.example", token=token, patience=HURRIED, transport=transport)


def test_a_string_goes_out_as_it_is() -> None:
    issuer = Issuer()
    with client_of(issuer, "mine") as client, pytest.raises(errors.Unauthorized):
        client.balance()
    assert issuer.asked == ["mine"]
    with client_of(issuer, None) as client, pytest.raises(errors.Unauthorized):
        client.balance()
    assert issuer.asked == ["mine", None]


def test_a_function_is_asked_each_time_and_once_more_when_its_token_is_refused() -> None:
    issuer = Issuer()
    issuer.expire()
    tokens = iter(["stale", "token-1", "token-1", "token-1"])
    with client_of(issuer, lambda: next(tokens)) as client:
        assert client.balance().payers == BALANCE
    assert issuer.asked == ["stale", "token-1"]


def test_credentials_are_fetched_once_and_serve_all_accounts() -> None:
    issuer = Issuer()
    issuer.fails = 2
    with client_of(issuer, CREDENTIALS) as client:
        assert [client.of(name).balance().total for name in ("ann", "bob", None)] == [5, 5, 5]
    assert issuer.given == [{"grant_type": ["client_credentials"], "scope": ["points/add points/read"]}]
    assert "s:cret" not in repr(CREDENTIALS)


def test_many_callers_at_once_fetch_one_token() -> None:
    issuer = Issuer()
    with client_of(issuer, CREDENTIALS) as client, ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: client.balance(), range(16)))
    assert len(issuer.given) == 1

    async def use() -> None:
        transport = httpx.MockTransport(issuer.answer_later)
        async with AsyncClient("https://ledger.example", token=CREDENTIALS, transport=transport) as client:
            await asyncio.gather(*(client.balance() for _ in range(16)))

    asyncio.run(use())
    assert len(issuer.given) == 2


def test_a_token_that_is_refused_is_renewed_once() -> None:
    issuer = Issuer()
    with client_of(issuer, CREDENTIALS) as client:
        client.balance()
        issuer.expire()
        assert client.balance().payers == BALANCE
        assert issuer.asked == ["token-1", "token-1", "token-3"]
        issuer.revoked = True
        with pytest.raises(errors.Unauthorized):
            client.balance()
        assert issuer.asked[3:] == ["token-3", "token-4"]


@pytest.mark.parametrize(("lasts_s", "good_s"), [(3600, 3540), (300, 270)])
def test_a_token_is_renewed_before_its_end(lasts_s: float, good_s: float) -> None:
    now = 0.0
    tokens = tokens_of(CREDENTIALS, HURRIED, lambda: now)
    fetched = 0

    def current() -> str | None:
        nonlocal fetched
        steps = tokens.current(None)
        try:
            assert isinstance(next(steps), Send)
            fetched += 1
            steps.send(Response(200, {}, b'{"access_token":"%d","expires_in":%d}' % (fetched, lasts_s)))
        except StopIteration as end:
            return str(end.value)
        raise AssertionError("a token takes one request")

    assert current() == "1"
    now = good_s - 1
    assert current() == "1"
    now = good_s
    assert current() == "2"


def test_wrong_credentials_are_told_and_never_sent_to_the_ledger() -> None:
    issuer = Issuer()
    with client_of(issuer, ClientCredentials(URL, "shop", "wrong")) as client, pytest.raises(errors.Refused) as refused:
        client.balance()
    assert refused.value.status == 400
    assert "invalid_client" in str(refused.value)
    assert issuer.asked == []


def test_a_coroutine_function_may_be_the_source() -> None:
    issuer = Issuer()
    issuer.expire()

    async def token() -> str:
        await asyncio.sleep(0)
        return "token-1"

    async def use() -> None:
        transport = httpx.MockTransport(issuer.answer_later)
        async with AsyncClient("https://ledger.example", token=token, transport=transport) as client:
            assert (await client.balance()).payers == BALANCE

    asyncio.run(use())
