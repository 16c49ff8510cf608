"""`GET /transactions`: the history, newest first, and `GET /transactions/{sequence}`: one transaction of it."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import transactions
from points.api import lots_cursor
from points.api.queries import make_cursor

from tests.api.client import Answer, Client
from tests.api.problems import assert_problem


@pytest.fixture
def seven(client: Client) -> Client:
    """A caller with seven transactions."""
    for points in range(1, 8):
        client.add("DANNON", points)
    return client


@pytest.fixture
def worked_example(client: Client) -> Client:
    """A caller whose sixth transaction spends 5,000 points of three payers, of lots that came out of order."""
    client.add("DANNON", 1000, "2020-11-02T14:00:00Z")
    client.add("UNILEVER", 200, "2020-10-31T11:00:00Z")
    client.add("DANNON", -200, "2020-10-31T15:00:00Z")
    client.add("MILLER COORS", 10000, "2020-11-01T14:00:00Z")
    client.add("DANNON", 300, "2020-10-31T10:00:00Z")
    client.spend(5000)
    return client


def pages(client: Client, **query: str) -> list[list[int]]:
    """Read the whole history page by page: the sequence numbers on each."""
    read: list[list[int]] = []
    cursor = None
    while not read or cursor:
        page = client.transactions(**query, **({"cursor": cursor} if cursor else {})).json
        read.append([it["sequence"] for it in page["transactions"]])
        cursor = page["next_cursor"]
    return read


@pytest.fixture
def owing(client: Client) -> Client:
    """A caller with points to spend of lots in two chapters, some of which expire, and with two payers in debt."""
    for day in range(1, 7):
        client.add(f"PAYER {day % 3}", 5, f"2020-11-0{day}T00:00:00Z")
    client.spend(6)
    for day in range(1, 5):
        client.add(f"PAYER {day % 3}", 5, f"2020-10-0{day}T00:00:00Z", expires_at=f"209{day}-01-01T00:00:00Z")
    client.add("PAYER 3", 5, "2020-10-09T00:00:00Z")
    client.add("PAYER 1", -7)
    client.add("PAYER 2", -3)
    return client


def pages_of_lots(client: Client, number: str) -> Iterator[list[dict[str, Any]]]:
    """Read the lots that a transaction drew on, page by page."""
    query: dict[str, str] = {}
    while True:
        page = client.transaction(number, **query).json
        yield page["lots"]
        if "next_lots_cursor" not in page:
            return
        query = {"lots_cursor": page["next_lots_cursor"]}


def _assert_refused(answer: Answer) -> None:
    assert_problem(answer, 400, "invalid-request", lots_cursor="must be a cursor from an earlier answer")


class TestHistory:
    def test_an_account_without_transactions(self, client: Client) -> None:
        assert client.transactions().json == {"transactions": [], "next_cursor": None}

    def test_newest_first_in_pages_of_the_size_asked_for(self, seven: Client) -> None:
        assert pages(seven, limit="3") == [[7, 6, 5], [4, 3, 2], [1]]

    def test_a_last_page_that_is_full_is_known_to_be_the_last(self, seven: Client) -> None:
        assert pages(seven, limit="7") == [[7, 6, 5, 4, 3, 2, 1]]

    def test_pages_that_dynamodb_cuts_short_lead_to_the_first_all_the_same(
        self, seven: Client, stand_in: Any, dynamodb: Any
    ) -> None:
        """It sends a megabyte at most, which few large lines fill."""

        def cut_short(**request: Any) -> Any:
            answer = dynamodb.query(**request | {"Limit": min(2, request.get("Limit", 2))})
            return answer | {"LastEvaluatedKey": {"account": {"S": "…"}}}

        stand_in(query=cut_short)
        assert pages(seven, limit="5") == [[7, 6], [5, 4], [3, 2], [1]]

    def test_25_are_shown_unless_asked_otherwise_and_100_at_most(self, client: Client) -> None:
        for _ in range(102):
            client.add("DANNON", 1)
        assert [len(page) for page in pages(client)] == [25, 25, 25, 25, 2]
        assert [len(page) for page in pages(client, limit="100")] == [100, 2]

    def test_a_cursor_is_not_moved_by_new_transactions(self, seven: Client) -> None:
        cursor = seven.transactions(limit="3").json["next_cursor"]
        seven.spend(5)
        seven.add("DANNON", 1)
        page = seven.transactions(limit="3", cursor=cursor).json
        assert [it["sequence"] for it in page["transactions"]] == [4, 3, 2]

    def test_transactions_read_as_they_were_answered(self, client: Client) -> None:
        added = client.add("DANNON", 100).json
        taken = client.spend(30).json
        spent, first = client.transactions().json["transactions"]
        assert first == added
        assert spent == {
            "sequence": 2,
            "kind": "spend",
            "points": -30,
            "recorded_at": spent["recorded_at"],
            "taken": taken,
            "digest": spent["digest"],
        }

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "", "1.5", "007", "9" * 400])
    def test_a_bad_limit(self, client: Client, limit: str) -> None:
        assert_problem(
            client.transactions(limit=limit), 400, "invalid-request", limit="must be a whole number from 1 to 100"
        )

    @pytest.mark.parametrize(
        "cursor", ["", "5", "!", "MQ==", "MDU=", "NQ", "LTU=", "\u00e9", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5"]
    )
    def test_a_cursor_that_no_answer_gave(self, seven: Client, cursor: str) -> None:
        assert_problem(seven.transactions(cursor=cursor), 400, "invalid-request", cursor="must be a cursor")


class TestOneTransaction:
    def test_an_add(self, client: Client) -> None:
        added = client.add("DANNON", 100)
        assert client.transaction(1).text == added.text

    def test_a_spend_with_the_lots_that_it_drew_on_in_order(self, worked_example: Client) -> None:
        spend = worked_example.transaction(6).json
        assert spend["taken"] == [
            {"payer": "DANNON", "points": -100},
            {"payer": "UNILEVER", "points": -200},
            {"payer": "MILLER COORS", "points": -4700},
        ]
        assert spend["lots"] == [
            {"sequence": 5, "payer": "DANNON", "timestamp": "2020-10-31T10:00:00Z", "points": -100},
            {"sequence": 2, "payer": "UNILEVER", "timestamp": "2020-10-31T11:00:00Z", "points": -200},
            {"sequence": 4, "payer": "MILLER COORS", "timestamp": "2020-11-01T14:00:00Z", "points": -4700},
        ]
        assert spend["left"] == 5000
        assert "next_lots_cursor" not in spend

    def test_the_lots_of_an_earlier_spend_stay_the_same_whatever_comes_after_it(self, worked_example: Client) -> None:
        before = worked_example.transaction(6).text
        worked_example.add("DANNON", 50, "2020-01-01T00:00:00Z")
        worked_example.add("MILLER COORS", -300)
        worked_example.spend(6050)
        worked_example.add("DANNON", 7, "2019-01-01T00:00:00Z")
        assert worked_example.transaction(6).text == before
        assert [lot["points"] for lot in worked_example.transaction(9).json["lots"]] == [-50, -5000, -1000]

    def test_the_lots_of_a_large_spend_come_in_pages(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(transactions, "LOTS_SHOWN", 3)
        for _ in range(7):
            client.add("DANNON", 10)
        client.spend(65)
        shown = [[lot["points"] for lot in page] for page in pages_of_lots(client, "8")]
        assert shown == [[-10, -10, -10], [-10, -10, -10], [-5]]

    @pytest.mark.parametrize("shown", [1, 2, 3])
    @pytest.mark.parametrize("most_debts", [0, 1, 100])
    def test_pages_are_parts_of_the_whole_whatever_was_owed_and_arrived_late(
        self, owing: Client, shown: int, most_debts: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = owing.spend(38).etag.strip('"')
        whole = owing.transaction(number).json["lots"]
        assert len(whole) == 9
        owing.add("DANNON", 50, "2020-01-01T00:00:00Z")
        owing.spend(3)
        monkeypatch.setattr(transactions, "LOTS_SHOWN", shown)
        monkeypatch.setattr(lots_cursor, "MOST_DEBTS", most_debts)
        pages = list(pages_of_lots(owing, number))
        assert pages == [whole[start : start + shown] for start in range(0, len(whole), shown)]

    def test_a_page_is_read_from_where_the_one_before_ended(
        self, seven: Client, monkeypatch: pytest.MonkeyPatch, dynamodb: Any, stand_in: Any
    ) -> None:
        read: list[int] = []

        def query(**request: Any) -> Any:
            answer = dynamodb.query(**request)
            if request.get("IndexName") == "by_timestamp":
                read.append(answer["Count"])
            return answer

        seven.spend(28)
        stand_in(query=query)
        monkeypatch.setattr(transactions, "LOTS_SHOWN", 3)
        assert [len(lots) for lots in pages_of_lots(seven, "8")] == [3, 3, 1]
        assert read == [7, 4, 1], "all that are left, since they are fewer than a first page of the index has"

    def test_a_cursor_is_of_one_transaction_and_cannot_be_made_up(
        self, owing: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transactions, "LOTS_SHOWN", 3)
        number, other = (owing.spend(points).etag.strip('"') for points in (30, 8))
        cursor = owing.transaction(number).json["next_lots_cursor"]
        hidden = base64.urlsafe_b64decode(cursor).decode()
        seal, text = hidden[:32], hidden[32:]
        key, given, *owed = json.loads(text)
        made_up = [seal + json.dumps([key, given + 1, *owed], separators=(",", ":")), seal, text, "2", hidden + " "]
        for forged in map(make_cursor, made_up):
            _assert_refused(owing.transaction(number, lots_cursor=forged))
        for elsewhere in (other, "1", str(owing.refund(int(number)).json["sequence"])):
            _assert_refused(owing.transaction(elsewhere, lots_cursor=cursor))
        assert owing.transaction(number, lots_cursor=cursor).status == 200

    @pytest.mark.parametrize("cursor", ["", "!", "MQ==", "\u00e9"])
    def test_a_cursor_that_no_answer_gave(self, owing: Client, cursor: str) -> None:
        number = owing.spend(30).etag.strip('"')
        _assert_refused(owing.transaction(number, lots_cursor=cursor))

    @pytest.mark.parametrize("sequence", ["0", "8", "-1", "01", "seven", "1.0", "9" * 400])
    def test_a_transaction_that_is_not_there(self, seven: Client, sequence: str) -> None:
        assert_problem(seven.transaction(sequence), 404, "no-transaction")

    def test_only_those_who_may_read_may_see(self, client: Client) -> None:
        client.add("DANNON", 5)
        for see in (Client.transactions, lambda it: it.transaction(1)):
            assert see(Client(client.subject, "points/read")).status == 200
            assert see(Client(client.subject, "points/add points/spend accounts/read")).status == 403
            assert see(Client(scope="accounts/read", account=client.subject)).status == 200
            assert see(Client(scope="points/read", account=client.subject)).status == 403
            assert see(Client(scope="")).status == 403
