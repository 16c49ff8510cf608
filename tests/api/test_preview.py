"""`POST /spend/preview`: what a spend would take, and a spend that takes exactly that."""

import pytest

from tests.api.client import Client
from tests.api.problems import assert_problem


@pytest.fixture
def two_payers(client: Client) -> Client:
    """A caller with 100 points of one payer, and 200 younger ones of another."""
    client.add("DANNON", 100, "2020-10-31T10:00:00Z")
    client.add("UNILEVER", 200, "2020-10-31T11:00:00Z")
    return client


def test_a_preview_reads_like_the_spend_that_follows_it(two_payers: Client) -> None:
    shown = two_payers.preview(150)
    assert shown.json == [{"payer": "DANNON", "points": -100}, {"payer": "UNILEVER", "points": -50}]
    spent = two_payers.spend(150, if_match=shown.etag)
    assert (spent.status, spent.text) == (200, shown.text)


def test_a_preview_records_nothing(two_payers: Client) -> None:
    before = two_payers.transactions().text
    assert two_payers.preview(150).etag == '"2"'
    assert two_payers.transactions().text == before


def test_a_spend_is_refused_if_the_account_has_changed_since_the_preview(two_payers: Client) -> None:
    shown = two_payers.preview(150)
    two_payers.add("OLDER", 10, "2020-10-30T00:00:00Z")
    assert two_payers.spend(150, if_match=shown.etag).status == 412
    assert two_payers.balance().json == {"DANNON": 100, "UNILEVER": 200, "OLDER": 10}


def test_a_preview_is_refused_like_the_spend(two_payers: Client) -> None:
    assert_problem(two_payers.preview(301), 400, "not-enough-points", points="there are 300, but 301 were asked for")
    assert_problem(two_payers.preview(0), 400, "invalid-request", points="must be at least 1")


def test_a_preview_of_an_account_without_points_is_refused(client: Client) -> None:
    assert_problem(client.preview(1), 400, "not-enough-points", points="there are 0")


def test_a_preview_needs_only_the_right_to_read(client: Client) -> None:
    client.add("DANNON", 5)
    reader = Client(client.subject, "points/read")
    assert reader.preview(5).status == 200
    assert Client(client.subject, "points/spend").preview(5).status == 403
    assert Client(scope="accounts/read", account=client.subject).preview(5).status == 200
