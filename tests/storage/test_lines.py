"""A line and its item."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.rules.plans import Plan
from points.rules.terms import MAX_POINTS, Kind, Lot, OpenHold, PendingAdd, Range, State, Transaction
from points.storage.errors import UnknownFormatError
from points.storage.indexes import BY_ORIGINAL, BY_TIMESTAMP, CalendarEntry, calendar_entry
from points.storage.lines import (
    Line,
    Retry,
    Standing,
    from_item,
    lot_from_item,
    next_line,
    reference_from_item,
    shard_of,
    to_item,
)

from tests.simulator.table import weight

MOMENTS = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.text(min_size=1, max_size=5)
AMOUNTS = st.integers(1, MAX_POINTS)
NUMBERED = st.integers(1, 2**39)
PER_PAYER = st.none() | st.dictionaries(TEXTS, st.integers(-MAX_POINTS, MAX_POINTS), max_size=3)

TRANSACTIONS = st.builds(
    Transaction,
    kind=st.sampled_from(Kind),
    points=st.integers(-MAX_POINTS, MAX_POINTS),
    of=st.none() | NUMBERED,
    payer=TEXTS,
    amount=st.none() | AMOUNTS,
    timestamp=st.none() | MOMENTS,
    effective_at=st.none() | MOMENTS,
    expires_at=st.none() | MOMENTS,
    taken=PER_PAYER,
    returned=PER_PAYER,
    expired=PER_PAYER,
    reference=st.none() | TEXTS,
    metadata=st.none() | st.just('{"name":"value"}'),
)
STATES = st.builds(
    State,
    sequence=NUMBERED,
    changed=st.integers(0, 2**39),
    moment=MOMENTS,
    balances=st.dictionaries(TEXTS, st.integers(0, MAX_POINTS), max_size=3),
    owed=st.dictionaries(TEXTS, AMOUNTS, max_size=3),
    part_spent=st.dictionaries(NUMBERED, AMOUNTS, max_size=3),
    ranges=st.lists(st.builds(Range, TEXTS, TEXTS), max_size=3).map(tuple),
    watermark=TEXTS,
    holds=st.dictionaries(NUMBERED, st.builds(OpenHold, AMOUNTS, MOMENTS, NUMBERED, NUMBERED), max_size=3),
    pending=st.dictionaries(
        NUMBERED, st.builds(PendingAdd, TEXTS, AMOUNTS, MOMENTS, MOMENTS, st.none() | MOMENTS), max_size=3
    ),
)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    state, done, position = draw(STATES), draw(TRANSACTIONS), draw(st.none() | TEXTS)
    return Line(
        draw(TEXTS),
        draw(MOMENTS),
        state,
        draw(TEXTS),
        draw(NUMBERED),
        transaction=done,
        write_id=draw(TEXTS),
        retry=draw(st.none() | st.builds(Retry, TEXTS, TEXTS)),
        lot=Lot(state.sequence, position, str(done.payer), done.points, done.of) if position else None,
        undone=draw(NUMBERED) if done.of else 0,
        calendar=draw(st.none() | st.builds(CalendarEntry, TEXTS, TEXTS)),
    )


ADDED = Transaction(kind=Kind.ADD, payer="DANNON", points=300, timestamp=datetime(2020, 10, 31, tzinfo=UTC))
PLAN = Plan(ADDED, State(sequence=1, changed=1))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(lines())
def test_a_line_and_its_entries_read_back_as_they_were_written(line: Line) -> None:
    item = to_item(line)
    read = from_item(item)
    assert read == line
    assert list(read.state.balances) == list(line.state.balances)
    assert list(read.transaction.taken or {}) == list(line.transaction.taken or {})
    assert ("timestamp_key" in item, "original_key" in item) == (line.lot is not None, bool(line.transaction.of))
    if line.lot:
        assert lot_from_item(BY_TIMESTAMP.entry(item)) == line.lot
    if line.transaction.of:
        assert reference_from_item(BY_ORIGINAL.entry(item)) == line.reference


def test_a_key_that_looks_like_a_prefixed_one_stays_what_it_is() -> None:
    line = next_line(Standing("anna"), PLAN, NOW, Retry("caller#caller#", "digest"))
    assert from_item(to_item(line)).retry == Retry("caller#caller#", "digest")


def test_every_line_has_a_write_id_of_its_own() -> None:
    assert next_line(Standing("anna"), PLAN, NOW).write_id != next_line(Standing("anna"), PLAN, NOW).write_id


def test_a_line_knows_the_bytes_of_the_account() -> None:
    above = Standing("anna", size=1_000)
    line = next_line(above, PLAN, NOW)
    assert line.size == above.size + weight({**to_item(line), "size": {"N": "1000"}})


@pytest.mark.parametrize("hours", [-1, 0, 3])
def test_the_calendar_has_an_account_under_the_later_of_when_it_is_due_and_when_it_was_recorded(hours: int) -> None:
    wakes_at = NOW + timedelta(hours=hours)
    line = next_line(Standing("anna"), PLAN._replace(wakes_at=wakes_at), NOW, shards=4)
    assert line.calendar == calendar_entry("anna", max(wakes_at, NOW), shard_of("anna", 4))
    assert next_line(Standing("anna"), PLAN, NOW).calendar is None


def test_the_calendar_has_a_page_for_each_hour_and_shard_sorted_by_moment_then_account() -> None:
    entry = calendar_entry("anna", datetime(2026, 1, 1, 13, 59, 59, tzinfo=UTC), 7)
    assert entry == ("2026-01-01T13#7", "2026-01-01T13:59:59.000000Z#anna")
    assert {shard_of(f"account {number}", 4) for number in range(100)} == {0, 1, 2, 3}


@pytest.mark.parametrize("other", ["1", "4"])
def test_a_line_of_another_format_is_not_read(other: str) -> None:
    item = to_item(next_line(Standing("anna"), PLAN, NOW))
    with pytest.raises(UnknownFormatError, match=f"format {other}"):
        from_item(item | {"format": {"N": other}})
