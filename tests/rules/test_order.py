"""Keys and positions: strings that sort as lots are to be spent."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from points.rules.order import (
    FIRST_CHAPTER,
    chapter_of,
    end_of_chapter,
    expiry_of,
    is_key,
    just_after,
    key_of,
    keys_before,
    keys_through,
    lot_key,
    next_chapter,
    sequence_of,
    timestamp_of,
)

from tests.rules.account import day

FIRST_MOMENT = datetime.min.replace(tzinfo=UTC)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
MOST_SEQUENCE = 2**40 - 1
ENDS_OF_TIME = [FIRST_MOMENT, FIRST_MOMENT + timedelta.resolution, LAST_MOMENT - timedelta.resolution, LAST_MOMENT]

few_moments = st.sampled_from([*ENDS_OF_TIME, day(0), day(1)])
moments = few_moments | st.datetimes(timezones=st.just(UTC))
expiries = st.none() | moments
sequences = st.sampled_from([1, 2, MOST_SEQUENCE]) | st.integers(1, MOST_SEQUENCE)
lots = st.tuples(moments, sequences, expiries)
chapters = st.integers(0, 40)

Lot = tuple[datetime, int, datetime | None]


def chapter(number: int) -> str:
    """Return the chapter that stands after so many others."""
    found = FIRST_CHAPTER
    for _ in range(number):
        found = next_chapter(found)
    return found


def in_the_order_of_spending(lot: Lot) -> tuple[bool, datetime, datetime, int]:
    timestamp, sequence, expires_at = lot
    return expires_at is None, expires_at or LAST_MOMENT, timestamp, sequence


@given(lots, lots)
def test_keys_sort_by_expiry_then_timestamp_then_sequence_number(one: Lot, other: Lot) -> None:
    below = lot_key(*one) < lot_key(*other)
    assert below == (in_the_order_of_spending(one) < in_the_order_of_spending(other))


@given(lots, chapters)
def test_all_of_it_can_be_read_back_from_a_position(lot: Lot, number: int) -> None:
    position = chapter(number) + lot_key(*lot)
    assert (timestamp_of(position), sequence_of(position), expiry_of(position)) == lot
    assert (chapter_of(position), key_of(position)) == (chapter(number), lot_key(*lot))


@given(lots)
def test_only_what_is_like_a_key_can_be_one(lot: Lot) -> None:
    key = lot_key(*lot)
    assert is_key(key)
    for text in ("", key[1:], key + "0", key.replace(key[-1], "w"), FIRST_CHAPTER + key, key + "\n"):
        assert not is_key(text)


@given(lots, lots)
def test_no_position_is_the_beginning_of_another(one: Lot, other: Lot) -> None:
    assert one == other or not lot_key(*one).startswith(lot_key(*other))


@given(lots, lots)
def test_nothing_stands_between_a_position_and_just_after_it(one: Lot, other: Lot) -> None:
    position, another = FIRST_CHAPTER + lot_key(*one), FIRST_CHAPTER + lot_key(*other)
    assert position < just_after(position)
    assert not position < another < just_after(position)


@given(lots, lots, chapters, st.integers(1, 40))
def test_a_chapter_stands_above_all_of_those_before_it(one: Lot, other: Lot, number: int, more: int) -> None:
    below, above = chapter(number) + lot_key(*one), chapter(number + more) + lot_key(*other)
    assert chapter_of(below) < below < end_of_chapter(below) < chapter_of(above) < above
    assert just_after(below) < end_of_chapter(below)


@given(lots, moments)
def test_what_expires_by_a_moment_and_before_it(lot: Lot, moment: datetime) -> None:
    expires_at = lot[2]
    assert (lot_key(*lot) < keys_through(moment)) == (expires_at is not None and expires_at <= moment)
    assert (lot_key(*lot) < keys_before(moment)) == (expires_at is not None and expires_at < moment)


@pytest.mark.parametrize("moment", ENDS_OF_TIME)
@pytest.mark.parametrize("expires_at", [None, *ENDS_OF_TIME])
def test_every_moment_of_the_years_1_to_9999_has_a_place(moment: datetime, expires_at: datetime | None) -> None:
    position = FIRST_CHAPTER + lot_key(moment, MOST_SEQUENCE, expires_at)
    assert (timestamp_of(position), expiry_of(position)) == (moment, expires_at)


def test_the_ends_of_time_and_the_microseconds_beside_them_are_in_order() -> None:
    by_timestamp = [lot_key(moment, 1, None) for moment in ENDS_OF_TIME]
    by_expiry = [lot_key(day(0), 1, moment) for moment in [*ENDS_OF_TIME, None]]
    assert by_timestamp == sorted(set(by_timestamp))
    assert by_expiry == sorted(set(by_expiry))


def test_any_number_of_chapters_stand_in_order() -> None:
    found = [FIRST_CHAPTER]
    for _ in range(2000):
        found.append(next_chapter(found[-1] + lot_key(day(1), 1, None)))
    assert found == sorted(set(found))
