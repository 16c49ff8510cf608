"""The order of spending, as strings that sort.

A lot's *key* is its timestamp and, for equal timestamps, its sequence number, fixed in width and in an encoding that
keeps the order. A *position* is a generation and a path of keys. All lots of an account, compared by position, stand in
true order of timestamps as far as they are unspent; so the watermark is one position, with everything at or below it
spent and everything above it open.

A lot that arrives late, with a key below the watermark's, must be open all the same. It goes just above the watermark,
under one of the keys of the watermark's path: after all that is spent, before every open lot that is younger.
"""

from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_TIMESTAMP_WIDTH = 12  # 60 bits: the microseconds of the years 1 to 9999
_SEQUENCE_WIDTH = 8  # 40 bits: far more lines than an account can hold
_KEY_WIDTH = _TIMESTAMP_WIDTH + _SEQUENCE_WIDTH
_GENERATION_WIDTH = 8

FIRST_GENERATION = "0" * _GENERATION_WIDTH
"""The watermark of an account that has spent nothing: below every lot."""

END = "~"
"""Above every position."""


def lot_position(timestamp: datetime, sequence: int, spent_through: str) -> str:
    """Place a new lot: above the watermark, and among the open lots by its timestamp, then its sequence number."""
    key = _encode((timestamp - _EPOCH) // _MICROSECOND, _TIMESTAMP_WIDTH) + _encode(sequence, _SEQUENCE_WIDTH)
    for start in range(_GENERATION_WIDTH, len(spent_through), _KEY_WIDTH):
        if key > spent_through[start : start + _KEY_WIDTH]:
            return spent_through[:start] + key
    return spent_through + key


def lot_timestamp(position: str) -> datetime:
    """Read the timestamp back from a lot's position."""
    key = position[-_KEY_WIDTH:]
    return _EPOCH + int(key[:_TIMESTAMP_WIDTH], len(_DIGITS)) * _MICROSECOND


def next_generation(spent_through: str) -> str:
    """Return a watermark above every position so far and below every one to come, with an empty path."""
    return _encode(int(spent_through[:_GENERATION_WIDTH], len(_DIGITS)) + 1, _GENERATION_WIDTH)


def _encode(number: int, width: int) -> str:
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (width - 1), -1, -5))
