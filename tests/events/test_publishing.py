"""Every line of a batch comes on the bus, those of an account in order, whatever fails on the way."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from points.events.bus import Bus
from points.events.publishing import Record, Unpublished, publish

from tests.events.bridges import Detail, EventBridge
from tests.events.histories import adds_of, ids

ACCOUNTS = "aababcca"
BATCH = adds_of(ACCOUNTS).records
IDS = ["a/1", "a/2", "b/1", "a/3", "b/2", "c/1", "c/2", "a/4"]


def always() -> bool:
    return True


def put(
    records: list[Record], refuses: Callable[[Detail], bool] = lambda _: False
) -> tuple[EventBridge, list[Unpublished]]:
    client = EventBridge(refuses)
    return client, publish(records, Bus(client, "ledger"), always)


def refusing(*refused: str) -> Callable[[Detail], bool]:
    return lambda detail: detail["id"] in refused


def of_account(details: list[Detail], account: str) -> list[str]:
    return [it["id"] for it in details if it["account"] == account]


def test_all_of_a_batch_comes_on_the_bus_in_order_for_each_account() -> None:
    client, left = put(BATCH)
    assert left == []
    for account in "abc":
        assert of_account(client.taken, account) == [it for it in IDS if it.startswith(account)]


def test_a_request_never_has_two_events_of_an_account() -> None:
    client, _ = put(BATCH)
    for request in client.details():
        accounts = [detail["account"] for detail in request]
        assert len(set(accounts)) == len(accounts)


def test_many_accounts_take_few_requests() -> None:
    accounts = "".join(map(chr, range(ord("a"), ord("a") + 25)))
    client, left = put(adds_of(accounts).records)
    assert (left, [len(request) for request in client.requests]) == ([], [10, 10, 5])


@pytest.mark.parametrize("refused", range(len(IDS)), ids=IDS)
def test_a_line_that_fails_stops_those_of_its_account_behind_it_and_no_others(refused: int) -> None:
    client, left = put(BATCH, refusing(IDS[refused]))
    account = ACCOUNTS[refused]
    stopped = [number for number in range(refused, len(IDS)) if ACCOUNTS[number] == account]
    assert [it.position for it in left] == stopped
    assert [it.reason for it in left] == ["InternalFailure: try again"] + [None] * (len(stopped) - 1)
    assert sorted(ids(client.taken)) == sorted(it for number, it in enumerate(IDS) if number not in stopped)


def test_of_several_lines_that_fail_the_first_of_the_batch_comes_first() -> None:
    _, left = put(BATCH, refusing("c/1", "a/3", "b/2"))
    assert [IDS[it.position] for it in left] == ["a/3", "b/2", "c/1", "c/2", "a/4"]
    assert (left[0].account, left[0].sequence, left[0].number) == ("a", 3, BATCH[3]["dynamodb"]["SequenceNumber"])


def test_when_time_is_up_what_is_left_was_not_tried() -> None:
    time = iter([True, False])
    client = EventBridge()
    left = publish(BATCH, Bus(client, "ledger"), lambda: next(time))
    assert ids(client.taken) == ["a/1", "b/1", "c/1"]
    assert [(IDS[it.position], it.reason) for it in left] == [(it, None) for it in ("a/2", "a/3", "b/2", "c/2", "a/4")]


def unknown(record: Record) -> Record:
    changed: dict[str, Any] = deepcopy(record)
    changed["dynamodb"]["NewImage"]["format"] = {"N": "999"}
    return changed


def test_a_line_of_an_unknown_format_fails_and_says_so() -> None:
    client, left = put([*BATCH[:2], unknown(BATCH[2]), *BATCH[3:]])
    assert [(IDS[it.position], it.reason) for it in left] == [("b/1", "the line has format 999"), ("b/2", None)]
    assert len(client.taken) == len(BATCH) - 2


def test_a_batch_of_one_account_goes_one_by_one() -> None:
    client, left = put(adds_of("aaa").records)
    assert (left, list(map(ids, client.details()))) == ([], [["a/1"], ["a/2"], ["a/3"]])
