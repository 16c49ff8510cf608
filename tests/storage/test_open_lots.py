"""How the open lots of an account are read."""

from points.rules.positions import FIRST_GENERATION, lot_position
from points.rules.terms import Lot
from points.storage.lines import Standing
from points.storage.open_lots import FIRST_PAGE, LARGEST_PAGE, OpenLots

from tests.rules.account import day

LOTS = [Lot(n, lot_position(day(0), n, FIRST_GENERATION), "DANNON", 1) for n in range(1, 60_001)]


def test_pages_double_until_they_are_as_large_as_dynamodb_gives() -> None:
    limits = []

    def read_page(above: str, limit: int) -> tuple[list[Lot], bool]:
        limits.append(limit)
        start = next((index for index, lot in enumerate(LOTS) if lot.position > above), len(LOTS))
        page = LOTS[start : start + min(limit, 1_500)]  # a megabyte of long names
        return page, start + len(page) < len(LOTS)

    assert list(OpenLots(read_page, Standing("a", len(LOTS)))) == LOTS
    assert limits[:3] == [FIRST_PAGE, 2 * FIRST_PAGE, 4 * FIRST_PAGE]
    assert len(limits) > 40
    assert max(limits) == LARGEST_PAGE
