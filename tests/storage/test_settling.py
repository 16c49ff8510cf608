"""A spend that must pass very many lots which give nothing settles them first, part by part, and what is done stays."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from points.rules import plans
from points.rules.refusals import NotEnoughPointsError
from points.rules.terms import Add, Hold, Kind, Spend
from points.storage.errors import BusyError, VersionMismatchError
from points.storage.lines import to_item
from points.storage.passbook import Passbook

from tests.simulator import errors
from tests.simulator.audit import Book
from tests.simulator.clock import START, VirtualClock
from tests.simulator.faults import NEVER, RIVAL_FIRST, Fault
from tests.simulator.interleavings import Interleavings
from tests.simulator.network import Network
from tests.simulator.worlds import World
from tests.storage.canaries import WRONG_IN_SETTLING, Canary
from tests.storage.helpers import (
    ORDER_17,
    SOON,
    add,
    at_puts,
    items_put,
    lines,
    lots_of_a_point,
    operations,
    read_units,
    record_all,
)
from tests.storage.scenarios import IN_DEBT, settlings

DEAD = 20_000

TIME_IS_UP = Fault("throttled until time is up", NEVER, errors.throttled, SOON)


def kinds(network: Network) -> list[str]:
    return [str(line.transaction.kind) for line in lines(network)]


@pytest.fixture
def two_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_SETTLED", 2)


@pytest.fixture
def in_debt(two_are_many: None, passbook: Passbook, network: Network) -> Iterator[int]:  # noqa: ARG001
    """Give the account five lots that will pay what their payer owes, and one that is worth 5 points."""
    record_all(passbook, *[add(1)] * 5, add(-5), add(5, day=2, payer="UNILEVER"))
    before = len(lines(network))
    network.journal.clear()
    yield before
    Book(network.table.items("anna"))


@pytest.mark.parametrize("change", [Spend(3), Hold(3)])
def test_it_settles_and_then_spends(change: Spend | Hold, in_debt: int, passbook: Passbook, network: Network) -> None:
    recorded = passbook.record("anna", change, SOON, retry=ORDER_17)
    assert kinds(network)[in_debt:] == ["expire", "expire", recorded.line.transaction.kind]
    assert lines(network)[in_debt:] == [*recorded.due, recorded.line]
    assert [line.retry for line in lines(network)[in_debt:]] == [None, None, ORDER_17]
    assert passbook.record("anna", change, SOON, retry=ORDER_17).replayed


def test_each_line_is_put_before_the_next_is_worked_out(in_debt: int, passbook: Passbook, network: Network) -> None:
    """Time is up after the first: the caller is told that nothing was recorded, and the second request finishes."""
    network.plan = at_puts(None, TIME_IS_UP)
    with pytest.raises(BusyError):
        record_all(passbook, Spend(3), deadline=SOON / 2)
    assert kinds(network)[in_debt:] == ["expire"]
    record_all(passbook, Spend(3), deadline=2 * SOON)
    assert kinds(network)[in_debt:] == ["expire", "expire", "spend"]


def test_a_refused_spend_settles_nothing(in_debt: int, passbook: Passbook, network: Network) -> None:
    with pytest.raises(NotEnoughPointsError):
        record_all(passbook, Spend(6))
    assert len(lines(network)) == in_debt
    assert items_put(network) == []


def test_a_preview_reckons_and_writes_nothing(in_debt: int, passbook: Passbook, network: Network) -> None:
    at, shown = passbook.preview("anna", Spend(3), SOON)
    assert (at.version, shown.transaction.taken) == (str(in_debt), {"UNILEVER": -3})
    assert items_put(network) == []


def test_it_happens_at_the_version_of_the_preview(in_debt: int, passbook: Passbook, network: Network) -> None:
    only_at = {str(in_debt)}
    passbook.record("anna", Spend(3), SOON, only_at=only_at)
    assert kinds(network)[in_debt:] == ["expire", "expire", "spend"]


def test_it_does_not_happen_at_another_version(in_debt: int, passbook: Passbook, network: Network) -> None:
    clock = VirtualClock()
    winner = Passbook(Network(network.table).client(clock), "ledger", clock=clock)
    network.rival = lambda: record_all(winner, add(1, day=3))
    network.plan = at_puts(None, RIVAL_FIRST)
    with pytest.raises(VersionMismatchError):
        passbook.record("anna", Spend(3), SOON, only_at={str(in_debt)})
    assert kinds(network)[in_debt:] == ["expire", "add"]


def test_each_line_names_another_version(in_debt: int, passbook: Passbook, network: Network) -> None:
    record_all(passbook, Spend(3))
    versions = [line.version for line in lines(network)[in_debt - 1 :]]
    assert len({*versions}) == len(versions) == 4
    assert [line.recorded_at for line in lines(network)[in_debt:-1]] == [
        line.transaction.effective_at for line in lines(network)[in_debt:-1]
    ]


def test_an_account_that_is_blocked_by_debts_comes_free_request_by_request(
    two_are_many: None,  # noqa: ARG001
    passbook: Passbook,
    network: Network,
    clock: VirtualClock,
) -> None:
    """However many lots give nothing: each request settles what it has time for, and a later one gets its point."""
    record_all(passbook, *[add(1)] * 40, add(-40), add(5, day=2, payer="UNILEVER"))
    network.plan = at_puts(*[*[None] * 6, TIME_IS_UP] * 3)
    requests = 0
    while "spend" not in kinds(network):
        requests += 1
        with suppress(BusyError):
            passbook.record("anna", Spend(1), clock.elapsed() + SOON)
    assert kinds(network)[42:] == ["expire"] * 20 + ["spend"]
    assert requests == 4
    Book(network.table.items("anna"))


@pytest.fixture
def one_is_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "MOST_SETTLED", 1)


def meet(callers: int, faults: int) -> int:
    """Let callers meet in all orders at an account in debt, and return how many moments there were."""
    world = World(IN_DEBT)
    return sum(Interleavings(scenario, world).moments for scenario in settlings(callers, faults))


@pytest.mark.usefixtures("lines_tell_their_origin", "pages_of_one_lot", "no_garbage_collection", "one_is_many")
@pytest.mark.parametrize(("callers", "faults"), [(2, 1), (3, 0)])
def test_it_keeps_its_promises_whoever_it_meets(callers: int, faults: int, saw: Callable[[int, str], None]) -> None:
    saw(meet(callers, faults), f"moments of {callers} callers where debts are settled; faults: {faults} at most")


@pytest.mark.usefixtures("lines_tell_their_origin", "pages_of_one_lot", "no_garbage_collection", "one_is_many")
@pytest.mark.parametrize("canary", WRONG_IN_SETTLING, ids=lambda canary: canary.__name__)
def test_what_breaks_them_is_noticed(canary: Canary) -> None:
    with canary(), pytest.raises((AssertionError, LookupError)):
        meet(2, 1)


def test_what_20_000_lots_in_debt_cost(passbook: Passbook, network: Network) -> None:
    """A preview has to read them all; a spend does so once, with a put for each part; then a preview reads a page."""
    for line in lots_of_a_point(DEAD, payers=1):
        network.table.put(to_item(line))
    record_all(passbook, Add("payer 0", -DEAD, START), add(5, payer="UNILEVER", day=28))
    costs = []
    for look in (passbook.preview, passbook.record, passbook.preview):
        network.journal.clear()
        look("anna", Spend(1), SOON)
        costs.append((len(operations(network)), read_units(network)))
    assert costs == [(9, 418), (12, 418), (2, 2)]
    assert kinds(network)[DEAD + 2 :] == [Kind.EXPIRE, Kind.EXPIRE, Kind.SPEND]
