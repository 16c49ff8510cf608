"""What is on record of an account, kept in memory: all that the rules look up."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from points.rules.terms import Lot, Origin, Reference, State, Transaction
from points.storage.attributes import STATE, TRANSACTION, decode, from_number

from books.exports import Item


def state_of(item: Item) -> State:
    """Return the state after a line."""
    return State(sequence=from_number(item["sequence"]), **decode(item, STATE))


def origins(read: Callable[[int], Item]) -> Callable[[int], Origin | None]:
    """Return a function that reads an earlier transaction with the states around it.

    Parameters
    ----------
    read
        Reads a line by its number; a LookupError says that it is not there.
    """

    def origin(sequence: int) -> Origin | None:
        try:
            item = read(sequence)
            before = state_of(read(sequence - 1)) if sequence > 1 else State()
        except LookupError:
            return None
        return Origin(Transaction(**decode(item, TRANSACTION)), before, state_of(item))

    return origin


class Records:
    """The lots of an account and what refers to what, as its lines come.

    Parameters
    ----------
    origin
        Returns an earlier transaction with the states around it. Few are ever asked for, so none are kept here.
    """

    def __init__(self, origin: Callable[[int], Origin | None]) -> None:
        self.origin = origin
        self._positions: list[str] = []
        self._lots: list[Lot] = []
        self._first: dict[int, Reference] = {}
        self._last: dict[int, Reference] = {}

    def open(self, lot: Lot) -> None:
        """Take in the lot of a line."""
        if not self._positions or lot.position > self._positions[-1]:
            self._positions.append(lot.position)
            self._lots.append(lot)
            return
        place = bisect_right(self._positions, lot.position)
        self._positions.insert(place, lot.position)
        self._lots.insert(place, lot)

    def refer(self, of: int, reference: Reference) -> None:
        """Take in that a line refers to an earlier one."""
        self._first.setdefault(of, reference)
        self._last[of] = reference

    def lots(self, first: str, before: str, *, through: int | None = None) -> Iterator[Lot]:
        """Read lots in order of position, from `first` up to, not including, `before`."""
        for place in range(bisect_left(self._positions, first), len(self._positions)):
            lot = self._lots[place]
            if lot.position >= before:
                return
            if through is None or lot.sequence <= through:
                yield lot

    def peek(self, first: str, before: str) -> Lot | None:
        """Read the first of such lots alone."""
        place = bisect_left(self._positions, first)
        if place < len(self._lots) and self._positions[place] < before:
            return self._lots[place]
        return None

    def closing(self, sequence: int) -> Reference | None:
        """Find the first transaction that refers to this one."""
        return self._first.get(sequence)

    def latest(self, sequence: int) -> Reference | None:
        """Find the last transaction that refers to this one."""
        return self._last.get(sequence)
