"""The records that a replay keeps in memory answer as the passbook's own do."""

from points.rules.terms import Kind, Lot, Reference

from books.records import Records
from tests.rules.account import day


def test_lots_come_in_the_order_of_their_positions_whenever_they_were_opened() -> None:
    records = Records(lambda _: None)
    for sequence, position in enumerate("bdaec", 1):
        records.open(Lot(sequence, position, "DANNON", 1))

    def read(first: str, before: str, through: int | None = None) -> str:
        return "".join(lot.position for lot in records.lots(first, before, through=through))

    assert (read("a", "f"), read("b", "e"), read("bb", "dd")) == ("abcde", "bcd", "cd")
    assert (read("a", "f", 3), read("a", "f", 0)) == ("abd", "")
    peeked = [records.peek(first, before) for first, before in (("bb", "dd"), ("b", "c"), ("b", "b"), ("f", "g"))]
    assert [lot and lot.position for lot in peeked] == ["c", "b", None, None]


def test_of_what_refers_to_a_line_the_first_and_the_last_are_known() -> None:
    records = Records(lambda _: None)
    captured, refunded, again = (
        Reference(sequence, kind, day(sequence), 0)
        for sequence, kind in ((2, Kind.CAPTURE), (3, Kind.REFUND), (4, Kind.REFUND))
    )
    for reference in (captured, refunded, again):
        records.refer(1, reference)
    assert (records.closing(1), records.latest(1)) == (captured, again)
    assert (records.closing(2), records.latest(2)) == (None, None)
