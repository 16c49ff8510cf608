"""Positions: strings that sort as lots are to be spent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.rules.positions import END, FIRST_GENERATION, lot_position, lot_timestamp, next_generation

from tests.rules.account import day, depth, generation

FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
MOST_SEQUENCE = 2**40 - 1

moments = st.datetimes(timezones=st.just(UTC))
sequences = st.integers(1, MOST_SEQUENCE)


@given(moments, sequences, moments, sequences)
def test_positions_sort_as_timestamp_then_sequence_number(
    one: datetime, first: int, other: datetime, second: int
) -> None:
    below = lot_position(one, first, FIRST_GENERATION) < lot_position(other, second, FIRST_GENERATION)
    assert below == ((one, first) < (other, second))


@given(moments, sequences, sequences)
def test_equal_timestamps_sort_as_sequence_numbers(moment: datetime, first: int, second: int) -> None:
    below = lot_position(moment, first, FIRST_GENERATION) < lot_position(moment, second, FIRST_GENERATION)
    assert below == (first < second)


@given(moments, sequences, st.lists(moments, max_size=5))
def test_the_timestamp_can_be_read_back_at_any_depth(moment: datetime, sequence: int, spent: list[datetime]) -> None:
    watermark = FIRST_GENERATION
    for number, late in enumerate(spent, start=1):
        watermark = lot_position(late, number, watermark)
    assert lot_timestamp(lot_position(moment, sequence, watermark)) == moment


@pytest.mark.parametrize("moment", [FIRST_MOMENT, FIRST_MOMENT + timedelta.resolution, day(0), LAST_MOMENT])
def test_every_timestamp_of_the_years_1_to_9999_has_a_place(moment: datetime) -> None:
    position = lot_position(moment, MOST_SEQUENCE, FIRST_GENERATION)
    assert FIRST_GENERATION < position < END
    assert lot_timestamp(position) == moment


def test_the_ends_of_time_and_the_microseconds_beside_them_are_in_order() -> None:
    moments = [FIRST_MOMENT, FIRST_MOMENT + timedelta.resolution, LAST_MOMENT - timedelta.resolution, LAST_MOMENT]
    positions = [lot_position(moment, 1, FIRST_GENERATION) for moment in moments]
    assert positions == sorted(set(positions))


def test_a_lot_younger_than_the_watermark_has_a_key_of_its_own() -> None:
    watermark = lot_position(day(5), 1, FIRST_GENERATION)
    assert lot_position(day(6), 2, watermark) == lot_position(day(6), 2, FIRST_GENERATION)


def test_a_late_lot_stands_just_above_the_watermark() -> None:
    watermark = lot_position(day(5), 1, FIRST_GENERATION)
    late = lot_position(day(4), 2, watermark)
    assert watermark < late < lot_position(day(5), 2, FIRST_GENERATION)
    assert late.startswith(watermark)


def test_a_late_lot_stands_no_deeper_than_it_must() -> None:
    watermark = FIRST_GENERATION
    for number in (9, 7, 5):
        watermark = lot_position(day(number), 10 - number, watermark)
    depths = [depth(lot_position(day(number), 9, watermark)) for number in (10, 8, 6, 4)]
    assert depths == [1, 2, 3, 4]


@given(st.lists(st.tuples(st.integers(0, 9).map(day) | moments, st.booleans()), max_size=60))
def test_however_the_watermark_moves_open_lots_stand_in_order(steps: list[tuple[datetime, bool]]) -> None:
    watermark, lots = FIRST_GENERATION, dict[tuple[datetime, int], str]()
    for sequence, (moment, spend) in enumerate(steps, start=1):
        lots[moment, sequence] = lot_position(moment, sequence, watermark)
        if spend:
            watermark = lots.pop(min(lots))
        assert sorted(lots) == sorted(lots, key=lots.__getitem__)
        assert all(position > watermark for position in lots.values())


@given(moments, moments)
def test_a_generation_stands_above_all_lots_before_it_and_below_its_own(before: datetime, after: datetime) -> None:
    last = lot_position(before, MOST_SEQUENCE, FIRST_GENERATION)
    fresh = next_generation(last)
    assert last < fresh < lot_position(after, 1, fresh) < END
    assert (generation(fresh), depth(fresh)) == (1, 0)


def test_any_number_of_generations_stand_in_order() -> None:
    generations = [FIRST_GENERATION]
    for _ in range(2000):
        generations.append(next_generation(lot_position(day(1), 1, generations[-1])))
    assert generations == sorted(set(generations))
