"""`GET /balance?at=`: the balance after a transaction, or as of a moment of recording."""

from collections.abc import Callable
from datetime import timedelta
from math import ceil, log2

import pytest
from points.api import runtime

from tests.api.client import Client
from tests.api.problems import assert_problem
from tests.simulator.clock import START, VirtualClock

ADDS = 12


@pytest.fixture
def minutely(client: Client, clock: VirtualClock) -> Client:
    """A caller who was given a point every minute: 1 at 00:00, 2 at 00:01, and so on."""
    for _ in range(ADDS):
        client.add("DANNON", 1)
        clock.sleep(60)
    return client


@pytest.mark.parametrize("sequence", range(ADDS + 1))
def test_the_balance_after_each_transaction(minutely: Client, sequence: int) -> None:
    answer = minutely.balance(at=str(sequence))
    assert answer.json == ({"DANNON": sequence} if sequence else {})
    assert answer.etag == f'"{sequence}"'


@pytest.mark.parametrize("minute", range(ADDS))
@pytest.mark.parametrize("seconds", [0, 59.999999])
def test_the_balance_from_one_recording_to_the_next(minutely: Client, minute: int, seconds: float) -> None:
    moment = START + timedelta(minutes=minute, seconds=seconds)
    answer = minutely.balance(at=moment.isoformat())
    assert (answer.json, answer.etag) == ({"DANNON": minute + 1}, f'"{minute + 1}"')


def test_nothing_was_there_before_the_first_transaction(minutely: Client) -> None:
    answer = minutely.balance(at="2025-12-31T23:59:59.999999Z")
    assert (answer.json, answer.etag) == ({}, '"0"')


def test_an_account_without_transactions_has_a_past_all_the_same(client: Client) -> None:
    assert client.balance(at="2026-01-01T00:00:00Z").json == {}
    assert client.balance(at="0").json == {}


@pytest.mark.parametrize("at", ["2026-01-01T05:30:30+05:30", "2026-01-01T05:30:30 05:30", "2025-12-31T19:00:30-05:00"])
def test_a_moment_may_be_in_any_zone_and_its_plus_sign_may_arrive_as_a_space(minutely: Client, at: str) -> None:
    assert minutely.balance(at=at).etag == '"1"'


@pytest.mark.parametrize("at", [str(ADDS + 1), "999999999999", "9" * 400])
def test_a_transaction_that_is_not_there(minutely: Client, at: str) -> None:
    assert_problem(minutely.balance(at=at), 404, "no-transaction")


@pytest.mark.parametrize(
    "at",
    ["", "-1", "007", "1.0", "1e3", "yesterday", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "\u0661"],
)
def test_what_is_neither_a_sequence_number_nor_a_moment(minutely: Client, at: str) -> None:
    assert_problem(minutely.balance(at=at), 400, "invalid-request", at="must be a sequence number or a moment")


def test_a_moment_costs_a_logarithm_of_the_history(minutely: Client, stand_in: Callable[..., None]) -> None:
    client, calls = runtime.make_client(), []
    stand_in(get_item=lambda **request: calls.append(request) or client.get_item(**request))
    for minute in range(ADDS):
        calls.clear()
        assert minutely.balance(at=(START + timedelta(minutes=minute)).isoformat()).json == {"DANNON": minute + 1}
        assert len(calls) <= ceil(log2(ADDS))


@pytest.mark.parametrize(("ago", "settled"), [(0, "false"), (59.9, "false"), (60, "true"), (-60, "false")])
def test_it_says_whether_the_past_is_settled(client: Client, clock: VirtualClock, ago: float, settled: str) -> None:
    clock.sleep(3600)
    assert client.balance(at=(clock.now() - timedelta(seconds=ago)).isoformat()).headers["settled"] == settled


@pytest.mark.parametrize("query", [{}, {"at": "0"}])
def test_what_is_no_moment_needs_not_be_settled(client: Client, query: dict[str, str]) -> None:
    assert "settled" not in client.balance(**query).headers
