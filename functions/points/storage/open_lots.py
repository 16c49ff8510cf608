"""The open lots of an account, read a page at a time and kept across lost races."""

from collections.abc import Callable, Iterator

from points.rules.positions import END
from points.rules.terms import Lot
from points.storage.lines import Line, Standing

FIRST_PAGE = 100
"""Lots in the first page: most spends need no more. Every further page is twice the size of the one before."""

LARGEST_PAGE = 128 * FIRST_PAGE
"""About what DynamoDB's megabyte holds. It refuses a limit of more than 32 bits, which doubling would come to."""


class OpenLots:
    """The open lots at a line, in the order of spending. Iterating reads only as far as the caller goes.

    Pages are read after the line, so they may hold lots that are newer than it: such lots are kept, and left out until
    `follow` has come to their line. A lot never changes, so what was read stays true.

    Parameters
    ----------
    read_page
        Reads up to a number of lots above a position, and says whether there may be more.
    at
        Where the account stands.
    """

    def __init__(self, read_page: Callable[[str, int], tuple[list[Lot], bool]], at: Standing) -> None:
        self._read_page = read_page
        self._at = at
        self._lots: dict[int, Lot] = {}
        self._read_to = at.state.spent_through
        self._page = FIRST_PAGE

    def follow(self, line: Line) -> None:
        """Go on to the next line: learn its lot, and forget the lots that its watermark has passed."""
        self._at = line
        if line.lot:
            self._lots[line.sequence] = line.lot
        self._read_to = max(self._read_to, line.state.spent_through)
        self._lots = {n: lot for n, lot in self._lots.items() if lot.position > line.state.spent_through}

    def __iter__(self) -> Iterator[Lot]:
        given_to = self._at.state.spent_through
        while True:
            yield from self._between(given_to, self._read_to)
            given_to = self._read_to
            if given_to == END:
                return
            self._read_on()

    def _between(self, above: str, through: str) -> list[Lot]:
        at = self._at.sequence
        lots = [lot for lot in self._lots.values() if above < lot.position <= through and lot.sequence <= at]
        return sorted(lots, key=lambda lot: lot.position)

    def _read_on(self) -> None:
        lots, more = self._read_page(self._read_to, self._page)
        self._lots.update((lot.sequence, lot) for lot in lots)
        self._read_to = lots[-1].position if more else END
        self._page = min(2 * self._page, LARGEST_PAGE)
