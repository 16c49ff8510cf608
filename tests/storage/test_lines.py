"""A line and its item."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.rules.plans import Plan
from points.rules.terms import MAX_POINTS, Added, Spent, State
from points.storage.errors import UnknownFormatError
from points.storage.lines import Line, Retry, Standing, from_item, lot_from_item, next_line, to_item

MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.text(min_size=1, max_size=5)
AMOUNTS = st.integers(1, MAX_POINTS)
NUMBERED = st.integers(1, 2**40)

POSITIVE_ADDS = st.builds(Added, TEXTS, AMOUNTS, MOMENTS, TEXTS)
NEGATIVE_ADDS = st.builds(Added, TEXTS, AMOUNTS.map(int.__neg__), MOMENTS, st.none())
SPENDS = st.builds(Spent, AMOUNTS, st.dictionaries(TEXTS, AMOUNTS, max_size=3))
STATES = st.builds(
    State,
    balances=st.dictionaries(TEXTS, st.integers(0, MAX_POINTS), max_size=3),
    owed=st.dictionaries(TEXTS, AMOUNTS, max_size=3),
    part_spent=st.dictionaries(NUMBERED, AMOUNTS, max_size=3),
    spent_through=TEXTS,
)
LINES = st.builds(
    Line,
    TEXTS,
    NUMBERED,
    MOMENTS,
    STATES,
    transaction=POSITIVE_ADDS | NEGATIVE_ADDS | SPENDS,
    write_id=TEXTS,
    retry=st.none() | st.builds(Retry, TEXTS, TEXTS),
)

ADDED = Added("DANNON", 300, datetime(2020, 10, 31, tzinfo=UTC), "position")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(LINES)
def test_a_line_and_its_lot_read_back_as_they_were_written(line: Line) -> None:
    item = to_item(line)
    read = from_item(item)
    assert read == line
    assert list(read.state.balances) == list(line.state.balances)
    if isinstance(line.transaction, Spent) and isinstance(read.transaction, Spent):
        assert list(read.transaction.taken) == list(line.transaction.taken)
    assert ("timestamp_key" in item) == (line.lot is not None)
    if line.lot:
        projected = ("account", "sequence", "timestamp_key", "payer", "points")
        assert lot_from_item({name: item[name] for name in projected}) == line.lot


def test_a_key_that_looks_like_a_prefixed_one_stays_what_it_is() -> None:
    line = next_line(Standing("anna"), Plan(ADDED, State()), NOW, "id", Retry("caller#caller#", "digest"))
    assert from_item(to_item(line)).retry == Retry("caller#caller#", "digest")


def test_a_line_is_never_dated_before_the_one_above_it() -> None:
    above = Standing("anna", 4, NOW)
    for now in (NOW - timedelta(minutes=5), NOW):
        assert next_line(above, Plan(ADDED, State()), now, "id", None).recorded_at == NOW
    later = NOW + timedelta(microseconds=1)
    assert next_line(above, Plan(ADDED, State()), later, "id", None).recorded_at == later


def test_a_line_of_another_format_is_not_read() -> None:
    item = to_item(next_line(Standing("anna"), Plan(ADDED, State()), NOW, "id", None))
    with pytest.raises(UnknownFormatError, match="format 2"):
        from_item(item | {"format": {"N": "2"}})
