"""The lots of an account, read from their index a page at a time and kept: a lot never changes."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator

from points.rules.order import just_after
from points.rules.terms import Lot

FIRST_PAGE = 101
"""Lots in the first page: a hundred, and the one that stands after them. Each further page is twice the size."""

LARGEST_PAGE = 128 * FIRST_PAGE
"""About what DynamoDB's megabyte holds. It refuses a limit of more than 32 bits, which doubling would come to."""

ReadPage = Callable[[str, str, int], tuple[list[Lot], bool]]
"""Reads up to a number of lots from one position through another, and says whether there may be more."""


class LotPages:
    """What has been read of the index, and which stretches of positions that covers."""

    def __init__(self, read_page: ReadPage) -> None:
        self._read_page = read_page
        self._page = FIRST_PAGE
        self._lots: dict[str, Lot] = {}
        self._positions: list[str] = []
        self._covered: list[tuple[str, str]] = []  # stretches, each without its end; in order and apart

    def between(self, first: str, before: str) -> Iterator[Lot]:
        """Go through the lots from one position up to, not including, another; read only as far as the caller goes."""
        while first < before:
            known_to = self._known_from(first)
            if known_to == first:
                known_to = self._read(first, before, self._page)
                self._page = min(2 * self._page, LARGEST_PAGE)
            end = min(known_to, before)
            start, stop = bisect_left(self._positions, first), bisect_left(self._positions, end)
            yield from [self._lots[position] for position in self._positions[start:stop]]
            first = end

    def peek(self, first: str, before: str) -> Iterator[Lot]:
        """Go through the same lots, for a caller who needs one: read a single lot where nothing is known."""
        if first < before and self._known_from(first) == first:
            self._read(first, before, 1)
        return self.between(first, before)

    def _known_from(self, position: str) -> str:
        """Return up to where everything is known from a position on."""
        above = bisect_right(self._covered, position, key=lambda stretch: stretch[0])
        return max(position, self._covered[above - 1][1]) if above else position

    def _read(self, first: str, before: str, limit: int) -> str:
        """Read a page, and return up to where it covers the index."""
        lots, more = self._read_page(first, before, limit)
        end = just_after(lots[-1].position if more else before)
        new = [lot for lot in lots if lot.position not in self._lots]
        self._lots.update((lot.position, lot) for lot in new)
        self._positions = sorted([*self._positions, *(lot.position for lot in new)])
        self._cover(first, end)
        return end

    def _cover(self, first: str, end: str) -> None:
        apart = [stretch for stretch in self._covered if stretch[1] < first or end < stretch[0]]
        touched = [stretch for stretch in self._covered if first <= stretch[1] and stretch[0] <= end]
        first, end = min([first, *(start for start, _ in touched)]), max([end, *(stop for _, stop in touched)])
        self._covered = sorted([*apart, (first, end)])
