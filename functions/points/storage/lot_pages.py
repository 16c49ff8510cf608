"""The lots of an account, read from their index a page at a time: a lot never changes, so a page stays true.

Pages are kept for the next plan, up to a number of lots. Beyond it, a page is let go once it has been passed: a change
of a million lots needs no more memory than one of the number kept.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

from points.rules.order import just_after
from points.rules.terms import Lot

FIRST_PAGE = 101
"""Lots in the first page: a hundred, and the one that stands after them. After a full page the next is twice the size.

A page that is cut short by DynamoDB's megabyte is not full, so a limit never comes near the 32 bits that it takes.
"""

MOST_KEPT = 100_000
"""Lots that are kept once they have been passed: some 40 MB."""

ReadPage = Callable[[str, str, int], tuple[list[Lot], bool]]
"""Reads up to a number of lots from one position through another, and says whether there may be more."""


class _Page(NamedTuple):
    """All lots from one position up to, not including, another."""

    first: str
    end: str
    lots: list[Lot]


class LotPages:
    """What has been read of the index."""

    def __init__(self, read_page: ReadPage) -> None:
        self._read_page = read_page
        self._size = FIRST_PAGE
        self._pages: list[_Page] = []  # in order, and apart
        self._kept = 0

    def between(self, first: str, before: str) -> Iterator[Lot]:
        """Go through the lots from one position up to, not including, another; read only as far as the caller goes."""
        return self._go_through(first, before, None)

    def peek(self, first: str, before: str) -> Iterator[Lot]:
        """Go through the same lots, for a caller who needs one: read a single lot where nothing is known at first."""
        return self._go_through(first, before, 1)

    def _go_through(self, first: str, before: str, limit: int | None) -> Iterator[Lot]:
        """Go through lots; what is read first is read with a limit of its own, if there is one."""
        passed = None
        while first < before:
            page = self._page_at(first)
            if page is None:
                page = self._read(first, before, limit or self._size)
                if len(page.lots) == self._size:
                    self._size *= 2
                limit = None
            if passed and self._kept > MOST_KEPT:
                self._let_go(passed)
            start, stop = (bisect_left(page.lots, at, key=_position) for at in (first, before))
            yield from page.lots[start:stop]
            first, passed = page.end, page

    def _page_at(self, position: str) -> _Page | None:
        """Return the page that a position is in."""
        above = bisect_right(self._pages, position, key=_first)
        page = self._pages[above - 1] if above else None
        return page if page and position < page.end else None

    def _read(self, first: str, before: str, limit: int) -> _Page:
        """Read a page. What it has of others is left to it, or to the one that goes on behind it."""
        lots, more = self._read_page(first, before, limit)
        end = just_after(lots[-1].position) if more else before
        start = stop = bisect_left(self._pages, first, key=_first)
        while stop < len(self._pages) and self._pages[stop].end <= end:
            stop += 1
        if stop < len(self._pages):
            end = min(end, self._pages[stop].first)
        lots = lots[: bisect_left(lots, end, key=_position)]  # a query's end is part of it, a page's is not
        self._kept += len(lots) - sum(len(page.lots) for page in self._pages[start:stop])
        self._pages[start:stop] = [page := _Page(first, end, lots)]
        return page

    def _let_go(self, page: _Page) -> None:
        at = bisect_left(self._pages, page.first, key=_first)
        if self._pages[at : at + 1] == [page]:
            del self._pages[at]
            self._kept -= len(page.lots)


def _first(page: _Page) -> str:
    return page.first


def _position(lot: Lot) -> str:
    return lot.position
