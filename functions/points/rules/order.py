"""The order of spending, as strings that sort.

A lot's *key* is its expiry, its timestamp and its sequence number, each fixed in width and in an encoding that keeps
the order; a lot that never expires has one character in place of the expiry, above every digit. So keys sort as lots
are to be spent: soonest to expire first, then oldest, then first recorded.

A *position* is a chapter and a key. Within a chapter positions stand in the order of spending; between chapters only
keys say who comes first. No position is the beginning of another, so nothing stands between a position and the same
with something behind it.
"""

import re
from datetime import UTC, datetime, timedelta

_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_PAIRS = [high + low for high in _DIGITS for low in _DIGITS]  # all widths below are even
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_MOMENT_WIDTH = 12  # 60 bits: the microseconds of the years 1 to 9999
_SEQUENCE_WIDTH = 8  # 40 bits: far more lines than an account can hold
_CHAPTER_WIDTH = 8
_NEVER = "~"  # above every digit

_KEY = re.compile(rf"(?:{_NEVER}|[0-9a-v]{{{_MOMENT_WIDTH}}})[0-9a-v]{{{_MOMENT_WIDTH + _SEQUENCE_WIDTH}}}")

FIRST_CHAPTER = "0" * _CHAPTER_WIDTH
"""The chapter in which an account begins, and its watermark then: below every lot."""


def lot_key(timestamp: datetime, sequence: int, expires_at: datetime | None) -> str:
    """Return what ranks a lot among all others."""
    expiry = _encode_moment(expires_at) if expires_at else _NEVER
    return expiry + _encode_moment(timestamp) + _encode(sequence, _SEQUENCE_WIDTH)


def is_key(text: str) -> bool:
    """Whether a text can be a lot's key."""
    return bool(_KEY.fullmatch(text))


def keys_through(moment: datetime) -> str:
    """Return a string above the keys of all lots that expire by a moment, and below all other keys."""
    return _encode_moment(moment) + _NEVER


def keys_before(moment: datetime) -> str:
    """Return a string above the keys of all lots that expire before a moment, and below all other keys."""
    return _encode_moment(moment)


def chapter_of(position: str) -> str:
    """Return the chapter of a position."""
    return position[:_CHAPTER_WIDTH]


def key_of(position: str) -> str:
    """Return the key of a position."""
    return position[_CHAPTER_WIDTH:]


def expiry_of(position: str) -> datetime | None:
    """Read back when a lot expires; None if it never does."""
    key = key_of(position)
    return None if key.startswith(_NEVER) else _decode_moment(key)


def timestamp_of(position: str) -> datetime:
    """Read back a lot's timestamp."""
    return _decode_moment(position[-_SEQUENCE_WIDTH - _MOMENT_WIDTH :])


def sequence_of(position: str) -> int:
    """Read back a lot's sequence number."""
    return int(position[-_SEQUENCE_WIDTH:], len(_DIGITS))


def next_chapter(position: str) -> str:
    """Return the chapter after that of a position."""
    return _encode(int(chapter_of(position), len(_DIGITS)) + 1, _CHAPTER_WIDTH)


def end_of_chapter(position: str) -> str:
    """Return a string above every position of this position's chapter, and below the next chapter's."""
    return chapter_of(position) + _NEVER + _NEVER


def just_after(position: str) -> str:
    """Return a string above a position, with no other position between."""
    return position + "!"


def _encode_moment(moment: datetime) -> str:
    return _encode((moment - _EPOCH) // _MICROSECOND, _MOMENT_WIDTH)


def _decode_moment(text: str) -> datetime:
    return _EPOCH + int(text[:_MOMENT_WIDTH], len(_DIGITS)) * _MICROSECOND


def _encode(number: int, width: int) -> str:
    return "".join([_PAIRS[number >> shift & 1_023] for shift in range(5 * (width - 2), -1, -10)])
