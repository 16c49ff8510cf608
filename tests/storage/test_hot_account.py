"""Many clients on one account, in virtual time: none is turned away, and most of what they ask is of use."""

from bench.hot import AS_IT_IS, CHANGES, CLIENTS, in_virtual_time


def test_sixteen_clients_lose_no_request_and_waste_less_than_half() -> None:
    outcome = in_virtual_time(AS_IT_IS, CLIENTS)

    assert (outcome.lost, len(outcome.seconds)) == (0, CLIENTS * CHANGES)
    assert outcome.share > 0.5
    assert max(outcome.seconds) < 2.5


def test_sixteen_clients_are_together_faster_than_one_where_calls_take_milliseconds() -> None:
    assert in_virtual_time(AS_IT_IS, CLIENTS).rate > in_virtual_time(AS_IT_IS, 1).rate
