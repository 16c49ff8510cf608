"""Where the open lots are: a short list of ranges of positions.

Everything inside a range is open, everything outside is closed. What spends, holds and expires moves the fronts of
ranges on; what gives back puts a range where one was closed, joined with what it touches. A new lot goes into the
current chapter if it stands above the watermark, the last lot closed there. If it does not, a new chapter begins with
it, so no lot ever lands among closed ones:

    chapter 0:  [closed closed] watermark [open open …      a lot older than the watermark arrives:
    chapter 0:  [closed closed]           [open open]       what is open stays a range,
    chapter 1:  [the new lot …                              and the lot is the first of the next chapter
"""

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge

from points.rules.order import chapter_of, end_of_chapter, just_after, key_of, next_chapter
from points.rules.terms import Lot, Range, Records, State

Stretch = tuple[Range, str]
"""A range, and up to which position, not included, it is to be read."""


def whole(ranges: Iterable[Range]) -> list[Stretch]:
    """Return ranges to be read to their ends."""
    return [(run, just_after(run.last)) for run in ranges]


def behind(stretches: Iterable[Stretch], key: str) -> Iterator[Stretch]:
    """Return what of stretches is behind a key in the order of spending."""
    for run, before in stretches:
        first = max(run.first, chapter_of(run.first) + just_after(key))
        if first < before:
            yield Range(first, run.last), before


def in_order(stretches: Iterable[Stretch], records: Records, through: int) -> Iterator[tuple[Range, Lot]]:
    """Read lots in the order of spending, up to a sequence number, each with the range that it is in.

    The key of a range's first lot is known, so a range is read only when its turn has come.
    """

    def lots_of(run: Range, before: str) -> Iterator[tuple[str, Range, Lot | None]]:
        yield key_of(run.first), run, None
        for lot in records.lots(run.first, before, through=through):
            yield key_of(lot.position), run, lot

    merged = merge(*(lots_of(run, before) for run, before in stretches), key=lambda entry: entry[0])
    return ((run, lot) for _, run, lot in merged if lot)


def place(state: State, key: str) -> tuple[str, tuple[Range, ...], str]:
    """Find the place of a new lot; return its position, and the ranges and the watermark with it."""
    watermark = state.watermark
    position = chapter_of(watermark) + key
    if position < watermark:
        watermark = next_chapter(watermark)
        position = watermark + key
    first, end, others = position, end_of_chapter(position), state.ranges
    if others and others[-1].last == end:  # it stands above all others
        first, others = min(position, others[-1].first), others[:-1]
    return position, (*others, Range(first, end)), watermark


def move_fronts(ranges: tuple[Range, ...], closed: Mapping[Range, str], records: Records) -> tuple[Range, ...]:
    """Return ranges as they are once they are closed up to and including some lots."""
    moved = []
    for run in ranges:
        if run not in closed:
            moved.append(run)
        elif front := records.peek(just_after(closed[run]), just_after(run.last)):
            moved.append(Range(front.position, run.last))
    return tuple(moved)


def after_key(ranges: tuple[Range, ...], key: str, records: Records) -> tuple[Range, ...]:
    """Return what is left of ranges behind a key in the order of spending."""
    passed = {run: chapter_of(run.first) + key for run in ranges if key_of(run.first) <= key}
    return move_fronts(ranges, passed, records)


def is_open(ranges: tuple[Range, ...], position: str) -> bool:
    """Whether a lot is open. The ranges stand in order."""
    above = bisect(ranges, position, key=lambda run: run.first)
    return above > 0 and position <= ranges[above - 1].last


def reopen(ranges: tuple[Range, ...], opened: Range, records: Records) -> tuple[Range, ...]:
    """Open what was closed. What overlaps it, or has no lot between itself and it, becomes one range with it."""
    touched = [run for run in ranges if run.first <= opened.last and opened.first <= run.last]
    first, last = min([opened, *touched]).first, max(run.last for run in [opened, *touched])
    chapter = [run for run in ranges if chapter_of(run.first) == chapter_of(first)]
    below = max((run for run in chapter if run.last < opened.first), default=None)
    above = min((run for run in chapter if run.first > opened.last), default=None)
    if below and first == opened.first and not records.peek(just_after(below.last), first):
        touched.append(below)
        first = below.first
    if above and last == opened.last and not records.peek(just_after(last), above.first):
        touched.append(above)
        last = above.last
    return tuple(sorted([*(run for run in ranges if run not in touched), Range(first, last)]))
