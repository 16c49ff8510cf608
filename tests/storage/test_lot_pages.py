"""How lots are read from their index, a page at a time."""

from bisect import bisect_left, bisect_right

import pytest
from points.rules.order import FIRST_CHAPTER, just_after, lot_key
from points.rules.terms import Lot
from points.storage import lot_pages
from points.storage.lot_pages import FIRST_PAGE, LotPages

from tests.rules.account import day

LOTS = [Lot(n, FIRST_CHAPTER + lot_key(day(n), n, None), "DANNON", 1) for n in range(60_000)]
POSITIONS = [lot.position for lot in LOTS]
END = just_after(POSITIONS[-1])


class Index:
    """The index by timestamp, and the limits of the pages that were read of it."""

    def __init__(self, largest: int = 10_900) -> None:
        self.limits: list[int] = []
        self._largest = largest

    def __call__(self, first: str, through: str, limit: int) -> tuple[list[Lot], bool]:
        self.limits.append(limit)
        start, stop = bisect_left(POSITIONS, first), bisect_right(POSITIONS, through)
        page = LOTS[start : min(stop, start + min(limit, self._largest))]
        return page, start + len(page) < stop


def test_pages_double_until_they_are_as_large_as_dynamodb_gives() -> None:
    index = Index(largest=1_500)  # a megabyte of long names
    assert list(LotPages(index).between(POSITIONS[0], END)) == LOTS
    assert index.limits[:3] == [FIRST_PAGE, 2 * FIRST_PAGE, 4 * FIRST_PAGE]
    assert len(index.limits) > 40
    assert max(index.limits) == 16 * FIRST_PAGE, "and no further, since it refuses a limit of more than 32 bits"


def test_pages_that_come_back_short_do_not_double() -> None:
    index = Index()
    pages = LotPages(index)
    for first in range(0, 500, 10):
        assert list(pages.between(POSITIONS[first], POSITIONS[first + 5])) == LOTS[first : first + 5]
    assert set(index.limits) == {FIRST_PAGE}


def test_no_further_page_is_read_than_the_caller_goes() -> None:
    index = Index()
    read = LotPages(index).between(POSITIONS[0], END)
    assert [next(read) for _ in range(FIRST_PAGE)] == LOTS[:FIRST_PAGE]
    assert len(index.limits) == 1
    next(read)
    assert len(index.limits) == 2


def test_what_was_read_is_not_read_again() -> None:
    index = Index()
    pages = LotPages(index)
    assert list(pages.between(POSITIONS[10], POSITIONS[20])) == LOTS[10:20]
    assert list(pages.between(POSITIONS[12], POSITIONS[18])) == LOTS[12:18]
    assert len(index.limits) == 1
    assert list(pages.between(POSITIONS[5], POSITIONS[25])) == LOTS[5:25], "it is read around what is known"


def test_a_peek_reads_one_lot_where_nothing_is_known() -> None:
    index = Index()
    pages = LotPages(index)
    assert next(pages.peek(POSITIONS[10], END)) == LOTS[10]
    assert next(pages.peek(POSITIONS[10], END)) == LOTS[10]
    assert index.limits == [1]


def test_a_peek_reads_one_lot_where_what_is_known_ends() -> None:
    index = Index()
    pages = LotPages(index)
    assert list(pages.between(POSITIONS[0], POSITIONS[5])) == LOTS[:5]
    assert next(pages.peek(just_after(POSITIONS[4]), END)) == LOTS[5]
    assert index.limits == [FIRST_PAGE, 1]


def test_what_follows_a_peek_is_read_by_the_page() -> None:
    """The lot that it finds may be too new for who looks, and so may be very many behind it."""
    index = Index()
    assert list(LotPages(index).peek(POSITIONS[10], END)) == LOTS[10:]
    assert index.limits[:3] == [1, FIRST_PAGE, 2 * FIRST_PAGE]


class Counting(str):
    """A position that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: str) -> bool:
        Counting.compared += 1
        return str.__lt__(self, other)


def test_lots_are_gone_through_in_linear_time() -> None:
    counted = [lot._replace(position=Counting(lot.position)) for lot in LOTS]

    def read_page(first: str, through: str, limit: int) -> tuple[list[Lot], bool]:
        lots, more = Index()(first, through, limit)
        return [counted[lot.sequence] for lot in lots], more

    Counting.compared = 0
    assert len(list(LotPages(read_page).between(POSITIONS[0], END))) == len(LOTS)
    assert Counting.compared < len(LOTS) / 50, "a few per page"


def test_pages_beyond_those_kept_are_let_go_once_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lot_pages, "MOST_KEPT", 10_000)
    index = Index(largest=1_000)
    pages = LotPages(index)
    most = 0
    for _ in pages.between(POSITIONS[0], END):
        most = max(most, sum(len(page.lots) for page in pages._pages))
    assert most <= 11_000, "those kept, and the one that is gone through"
    read = len(index.limits)
    assert list(pages.between(POSITIONS[0], END)) == LOTS
    assert len(index.limits) - read <= 51, "what was kept is not read again"


def test_pages_that_overlap_share_their_lots_out() -> None:
    index = Index(largest=10)
    pages = LotPages(index)
    for first in (15, 30, 8, 0, 25):
        assert next(pages.between(POSITIONS[first], END)) == LOTS[first]
    assert [(len(page.lots), page.lots[0].sequence) for page in pages._pages] == [
        (8, 0),
        (7, 8),
        (10, 15),
        (5, 25),
        (10, 30),
    ]
    assert pages._kept == 40
    assert list(pages.between(POSITIONS[3], POSITIONS[50])) == LOTS[3:50]


def test_a_lot_at_the_end_of_a_stretch_is_not_in_it() -> None:
    pages = LotPages(Index())
    assert list(pages.between(POSITIONS[0], POSITIONS[3])) == LOTS[:3]
    assert list(pages.between(POSITIONS[3], POSITIONS[5])) == LOTS[3:5]
    assert list(pages.between(POSITIONS[0], POSITIONS[5])) == LOTS[:5]


def test_an_empty_stretch_is_not_read() -> None:
    index = Index()
    assert list(LotPages(index).between(POSITIONS[3], POSITIONS[3])) == []
    assert list(LotPages(index).peek(POSITIONS[3], POSITIONS[3])) == []
    assert index.limits == []
