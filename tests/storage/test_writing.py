"""A change is recorded once, or the caller is told that nothing was recorded, or that it is not known."""

from contextlib import nullcontext
from datetime import timedelta
from itertools import pairwise
from random import Random
from types import SimpleNamespace

import pytest
from points.rules.refusals import LimitError, NotEnoughPointsError
from points.rules.terms import Kind, Spend
from points.rules.time import SETTLED_AFTER
from points.storage.calls import MOST_LATE, MOST_SKEW, PATIENCE_S
from points.storage.clock import Clock
from points.storage.connections import CALL_TIMEOUT_S
from points.storage.errors import (
    BusyError,
    KeyReusedError,
    OutcomeUnknownError,
    OverrunError,
    UnavailableError,
    VersionMismatchError,
)
from points.storage.lines import Line, Retry, to_item
from points.storage.passbook import Passbook
from points.storage.writing import Recorded

from tests.simulator import faults
from tests.simulator.calls import Client
from tests.simulator.clock import VirtualClock
from tests.simulator.faults import Fault
from tests.simulator.items import Item
from tests.simulator.network import Network
from tests.storage.helpers import (
    ORDER_17,
    SOON,
    add,
    all_at_once,
    always,
    at_puts,
    at_queries,
    items_put,
    lines,
    operations,
    record_all,
)

REFUSED = [faults.THROTTLED, faults.CONFLICT, faults.NOT_CONNECTED, faults.UNREACHABLE]
UNCLEAR = [faults.NEVER_ARRIVED, faults.FAILED_BEFORE, faults.CLOSED_BEFORE]
COMMITTED = [faults.ANSWER_LOST, faults.FAILED_AFTER]
COMMITTED_LATER = [faults.LANDS_AFTER_NEXT, faults.LANDS_AFTER_TWO]


def test_a_change_is_the_next_line(passbook: Passbook, network: Network) -> None:
    first = passbook.record("anna", add(300), SOON)
    second = passbook.record("anna", Spend(100), SOON)
    assert [first, second] == [Recorded(line) for line in lines(network)]
    assert [line.sequence for line in lines(network)] == [1, 2]


@pytest.mark.parametrize("fault", [*REFUSED, *UNCLEAR, *COMMITTED, *COMMITTED_LATER], ids=str)
def test_a_put_that_fails_is_repeated_as_it_was(fault: Fault, passbook: Passbook, network: Network) -> None:
    network.plan = at_puts(fault)
    recorded = passbook.record("anna", add(300), SOON)
    network.land_all()
    assert [recorded.line] == lines(network)
    assert not recorded.replayed
    first, second = items_put(network)
    assert first == second


@pytest.mark.parametrize("fault", REFUSED, ids=str)
def test_nothing_is_recorded_if_every_put_is_refused(
    fault: Fault, passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    network.plan = always(fault)
    with pytest.raises(BusyError):
        passbook.record("anna", add(300), SOON)
    assert lines(network) == []
    assert len(items_put(network)) >= 2
    assert PATIENCE_S <= clock.elapsed() < PATIENCE_S + 1.5 < SOON


@pytest.mark.parametrize("fault", UNCLEAR, ids=str)
def test_the_outcome_is_unknown_if_no_put_gets_a_clear_answer(
    fault: Fault, passbook: Passbook, network: Network, clock: VirtualClock
) -> None:
    network.plan = always(fault)
    with pytest.raises(OutcomeUnknownError):
        passbook.record("anna", add(300), SOON)
    first, *others = items_put(network)
    assert others == [first] * len(others) != []
    assert max(sent.at for sent in network.journal) < SOON <= clock.elapsed()


@pytest.mark.parametrize("clear", [faults.THROTTLED, faults.DENIED, faults.UNREACHABLE], ids=str)
def test_one_unclear_put_makes_the_outcome_unknown(clear: Fault, passbook: Passbook, network: Network) -> None:
    network.plan = at_puts(faults.LANDS_LAST, *[clear] * 1000)
    with pytest.raises(OutcomeUnknownError):
        passbook.record("anna", add(300), SOON)
    assert lines(network) == []
    network.land_all()
    assert [line.transaction.points for line in lines(network)] == [300]


def test_a_put_refused_for_good_is_not_repeated(passbook: Passbook, network: Network) -> None:
    network.plan = at_puts(faults.DENIED)
    with pytest.raises(UnavailableError, match="AccessDeniedException") as raised:
        passbook.record("anna", add(300), SOON)
    assert not isinstance(raised.value, BusyError)
    assert len(items_put(network)) == 1
    assert lines(network) == []


def test_an_account_that_dynamodb_calls_full_is_a_limit(passbook: Passbook, network: Network) -> None:
    network.plan = at_puts(faults.COLLECTION_FULL)
    with pytest.raises(LimitError) as raised:
        passbook.record("anna", add(300), SOON)
    assert raised.value.limit == "account-size"


@pytest.mark.parametrize("fault", [faults.THROTTLED, faults.NEVER_ARRIVED, faults.FAILED_BEFORE], ids=str)
def test_a_read_that_fails_is_repeated(fault: Fault, passbook: Passbook, network: Network) -> None:
    network.plan = at_queries(fault, None, fault)
    recorded = passbook.record("anna", add(300), SOON, retry=ORDER_17)
    assert [recorded.line] == lines(network)


def test_a_read_refused_for_good_is_not_repeated(passbook: Passbook, network: Network) -> None:
    network.plan = at_queries(faults.DENIED)
    with pytest.raises(UnavailableError):
        passbook.record("anna", add(300), SOON)
    assert operations(network) == ["query"]


def test_no_call_is_made_after_the_deadline(passbook: Passbook, network: Network, clock: VirtualClock) -> None:
    clock.sleep(SOON)
    with pytest.raises(BusyError):
        passbook.record("anna", add(300), SOON)
    assert network.journal == []


def test_a_lost_race_goes_on_from_the_line_that_won(network: Network, clock: VirtualClock) -> None:
    races: list[None] = []
    loser = Passbook(network.client(clock), "ledger", clock=clock, on_lost_race=lambda: races.append(None))
    winner = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    record_all(winner, add(100, day=5))
    network.rival = lambda: record_all(winner, add(50, day=2, payer="UNILEVER"))
    network.plan = at_puts(faults.RIVAL_FIRST)
    recorded = loser.record("anna", Spend(80), SOON)
    assert recorded.line.transaction.kind is Kind.SPEND
    assert list((recorded.line.transaction.taken or {}).items()) == [("UNILEVER", -50), ("DANNON", -30)]
    assert len(items_put(network)) == 2
    assert len(races) == 1


def test_after_a_few_lost_races_a_pause_is_made_and_the_lines_since_are_read(
    network: Network, clock: VirtualClock
) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock, rng=Random(0))
    winner = Passbook(Network(network.table).client(VirtualClock()), "ledger", clock=VirtualClock())
    record_all(winner, add(100))
    network.rival = lambda: record_all(winner, *[add(1)] * 4)
    network.plan = at_puts(faults.RIVAL_FIRST, faults.RIVAL_FIRST)
    recorded = loser.record("anna", Spend(60), SOON)
    assert operations(network) == ["query", "query", "put_item", "put_item", "query", "put_item"]
    assert network.journal[-2].call.request["ExpressionAttributeValues"][":first"] == {"N": "4"}
    assert recorded.line.sequence == 10
    assert clock.elapsed() > 0


def test_an_add_that_lost_a_few_races_reads_only_the_last_line(network: Network, clock: VirtualClock) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock, rng=Random(0))
    winner = Passbook(Network(network.table).client(VirtualClock()), "ledger", clock=VirtualClock())
    network.rival = lambda: record_all(winner, *[add(1)] * 4)
    network.plan = at_puts(faults.RIVAL_FIRST, faults.RIVAL_FIRST)
    recorded = loser.record("anna", add(5), SOON)
    assert operations(network) == ["query", "put_item", "put_item", "query", "put_item"]
    assert network.journal[-2].call.request["Limit"] == 1
    assert recorded.line.sequence == 9
    assert lines(network)[-1].state.balances == {"DANNON": 13}


def test_the_longer_a_writer_has_waited_the_sooner_it_tries_again(network: Network, clock: VirtualClock) -> None:
    longest = SimpleNamespace(uniform=lambda _, most: most)
    loser = Passbook(network.client(clock), "ledger", clock=clock, rng=longest)
    winner = Passbook(Network(network.table).client(VirtualClock()), "ledger", clock=VirtualClock())
    tried_at: list[float] = []
    network.rival = lambda: (tried_at.append(clock.elapsed()), record_all(winner, add(1)))
    network.plan = at_puts(*[faults.RIVAL_FIRST] * 8)
    loser.record("anna", add(5), SOON)
    pauses = [round(after - before, 2) for before, after in pairwise(tried_at)]
    assert pauses == [0, 0.75, 0, 0.19, 0, 0.08, 0]


def test_a_writer_that_too_many_have_overtaken_gives_up(network: Network, clock: VirtualClock) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock, rng=Random(0))
    winner = Passbook(Network(network.table).client(VirtualClock()), "ledger", clock=VirtualClock())
    network.rival = lambda: record_all(winner, *[add(1)] * 75)
    network.plan = at_puts(*[faults.RIVAL_FIRST] * 3)
    with pytest.raises(OverrunError):
        loser.record("anna", add(5), SOON)
    assert lines(network)[-1].sequence == 225
    assert clock.elapsed() < 1


def test_a_function_that_had_to_give_up_does_not_wait_the_next_time(network: Network, clock: VirtualClock) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock, rng=SimpleNamespace(random=lambda: 1.0))
    winner = Passbook(Network(network.table).client(VirtualClock()), "ledger", clock=VirtualClock())
    loser._admission.note("anna", done=False)
    network.rival = lambda: record_all(winner, add(1))
    network.plan = at_puts(*[faults.RIVAL_FIRST] * 4)
    with pytest.raises(OverrunError):
        loser.record("anna", add(5), SOON)
    assert operations(network) == ["query", *["put_item"] * 4]
    assert clock.elapsed() == 0


@pytest.mark.parametrize(("races", "error", "puts"), [(0, None, 2), (1, OverrunError, 2)])
def test_a_writer_whose_put_dynamodb_refuses_waits_only_if_it_met_nobody(
    network: Network, clock: VirtualClock, races: int, error: type[OverrunError] | None, puts: int
) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock, rng=Random(0))
    winner = Passbook(Network(network.table).client(VirtualClock()), "ledger", clock=VirtualClock())
    network.rival = lambda: record_all(winner, add(1))
    network.plan = at_puts(*[faults.RIVAL_FIRST] * races, faults.THROTTLED)
    with pytest.raises(error) if error else nullcontext():
        loser.record("anna", add(5), SOON)
    assert operations(network).count("put_item") == puts


def test_a_lost_race_may_end_in_a_refusal_which_leaves_nothing(network: Network, clock: VirtualClock) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock)
    winner = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    record_all(winner, add(100))
    network.rival = lambda: record_all(winner, Spend(60))
    network.plan = at_puts(faults.RIVAL_FIRST)
    with pytest.raises(NotEnoughPointsError):
        loser.record("anna", Spend(60), SOON)
    assert len(lines(network)) == 2
    assert lines(network)[-1].state.balances == {"DANNON": 40}


def test_two_equal_requests_without_a_key_are_two_changes(network: Network) -> None:
    def task(client: Client, clock: Clock) -> Recorded:
        return Passbook(client, "ledger", clock=clock).record("anna", add(300), SOON)

    network.plan = at_puts(faults.ANSWER_LOST, faults.ANSWER_LOST)
    recorded = all_at_once(network, [task, task])
    assert sorted(one.line.sequence for one in recorded) == [1, 2]
    assert lines(network)[-1].state.balances == {"DANNON": 600}
    assert len({line.write_id for line in lines(network)}) == 2


def test_twelve_requests_with_one_key_are_one_change(network: Network) -> None:
    def task(client: Client, clock: Clock) -> Recorded:
        return Passbook(client, "ledger", clock=clock).record("anna", add(300), SOON, retry=ORDER_17)

    recorded = all_at_once(network, [task] * 12)
    assert [one.line for one in recorded] == lines(network) * 12
    assert sorted(one.replayed for one in recorded) == [False] + [True] * 11


def test_a_key_is_looked_up_after_the_last_line_is_read(passbook: Passbook, network: Network) -> None:
    """What is written under the key before the look-up is found by it; what is written after it fails the put."""
    passbook.record("anna", add(300), SOON, retry=ORDER_17)
    assert [sent.call.request.get("IndexName") for sent in network.journal] == [None, "by_idempotency_key", None]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_key_used_between_two_calls_is_never_missed(number: int, network: Network, clock: VirtualClock) -> None:
    late = Passbook(network.client(clock), "ledger", clock=clock)
    early = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    network.rival = lambda: record_all(early, add(300), retry=ORDER_17)
    network.plan = faults.faults_at({number: faults.RIVAL_FIRST})
    recorded = late.record("anna", add(300), SOON, retry=ORDER_17)
    assert recorded.replayed
    assert [recorded.line] == lines(network)


def test_a_replay_is_the_line_as_it_was_written(passbook: Passbook, network: Network) -> None:
    first = passbook.record("anna", add(300), SOON, retry=ORDER_17)
    record_all(passbook, add(1), Spend(50))
    again = passbook.record("anna", add(300), SOON, retry=ORDER_17)
    assert again == Recorded(first.line, replayed=True)
    assert len(lines(network)) == 3


def test_a_key_of_another_request_is_refused(passbook: Passbook, network: Network) -> None:
    passbook.record("anna", add(300), SOON, retry=ORDER_17)
    with pytest.raises(KeyReusedError):
        passbook.record("anna", add(200), SOON, retry=Retry(ORDER_17.key, "another digest"))
    assert len(lines(network)) == 1


def test_a_refused_request_leaves_its_key_unused(passbook: Passbook, network: Network) -> None:
    with pytest.raises(NotEnoughPointsError):
        passbook.record("anna", Spend(300), SOON, retry=ORDER_17)
    record_all(passbook, add(300))
    assert not passbook.record("anna", Spend(300), SOON, retry=ORDER_17).replayed
    assert len(lines(network)) == 2


def test_a_change_happens_only_at_its_version(passbook: Passbook, network: Network) -> None:
    with pytest.raises(VersionMismatchError) as raised:
        passbook.record("anna", add(300), SOON, only_at={"1", "2"})
    assert raised.value.version == "0"
    passbook.record("anna", add(300), SOON, only_at={"0"})
    passbook.record("anna", add(300), SOON, only_at={"1", "2"})
    assert len(lines(network)) == 2


def test_a_lost_race_is_another_version(network: Network, clock: VirtualClock) -> None:
    loser = Passbook(network.client(clock), "ledger", clock=clock)
    winner = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    network.rival = lambda: record_all(winner, add(1))
    network.plan = at_puts(faults.RIVAL_FIRST)
    with pytest.raises(VersionMismatchError) as raised:
        loser.record("anna", add(300), SOON, only_at={"0"})
    assert raised.value.version == "1"


def test_a_key_comes_before_a_version(passbook: Passbook) -> None:
    first = passbook.record("anna", add(300), SOON, retry=ORDER_17, only_at={"0"})
    again = passbook.record("anna", add(300), SOON, retry=ORDER_17, only_at={"0"})
    assert again == Recorded(first.line, replayed=True)


def in_a_new_format(line: Line) -> Item:
    return to_item(line) | {"format": {"N": "4"}}


def test_nothing_is_written_below_a_line_of_an_unknown_format(passbook: Passbook, network: Network) -> None:
    network.table.put(in_a_new_format(passbook.record("anna", add(300), SOON).line))
    network.journal.clear()
    with pytest.raises(UnavailableError, match="format 4"):
        passbook.record("anna", Spend(100), SOON)
    assert operations(network) == ["query"]


def test_nothing_is_written_below_a_line_of_an_unknown_format_that_is_handed_back(
    passbook: Passbook, network: Network
) -> None:
    line = passbook.record("anna", add(300), SOON).line
    network.rival = lambda: network.table.put(in_a_new_format(line) | {"sequence": {"N": "2"}})
    network.plan = at_puts(faults.RIVAL_FIRST)
    with pytest.raises(UnavailableError, match="format 4"):
        passbook.record("anna", Spend(100), SOON)
    assert len(items_put(network)) == 2
    assert network.table.last("anna") == 2


def test_no_line_is_put_that_has_grown_old(network: Network, passbook: Passbook) -> None:
    network.plan = always(faults.NEVER_ARRIVED)
    with pytest.raises(OutcomeUnknownError):
        passbook.record("anna", add(1), deadline=1_000)

    ages = [sent.at for sent in network.journal if sent.call.writes]
    assert len(ages) > 5
    assert timedelta(seconds=max(ages)) <= MOST_LATE
    assert MOST_LATE + timedelta(seconds=CALL_TIMEOUT_S) + 2 * MOST_SKEW < SETTLED_AFTER
