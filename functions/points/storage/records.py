"""What is on record below a line, as the rules look it up: read once, and kept while the account goes on.

Everything read stays true, since no line ever changes. So when another line turns out to stand below, or when time's
lines are worked out that nobody has recorded, `follow` goes on from what is known: it adds that line to what was read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import pairwise

from points.rules.terms import Lot, Origin, Reference
from points.rules.walk import Tally
from points.storage.lines import Line, Standing
from points.storage.lot_pages import LotPages
from points.storage.reading import Reader


@dataclass(slots=True)
class _Read:
    """What has been read, shared by all records that go on from the same line."""

    lots: LotPages
    origins: dict[int, Origin | None] = field(default_factory=dict)
    references: dict[tuple[int, bool], Reference | None] = field(default_factory=dict)


class Records:
    """The records of an account under one of its lines. Newer lots that a page holds are left out.

    Attributes
    ----------
    at
        Where the account stands.
    drawn
        The walk of the change that is being planned, if that was planned before and its walk is the same here.
    """

    def __init__(self, reader: Reader, base: Standing) -> None:
        self.at = base
        self.drawn: Tally | None = None
        self._reader = reader
        self._base = base
        self._followed: tuple[Line, ...] = ()
        self._read = _Read(LotPages(reader.lots_page))

    @property
    def recorded(self) -> int:
        """The number of the last line that was read: those above it are only worked out."""
        return self._base.sequence

    def follow(self, line: Line) -> "Records":
        """Return the records under the line that comes next."""
        records = Records(self._reader, self._base)
        records.at, records._followed, records._read = line, (*self._followed, line), self._read
        if self.drawn and self.drawn.is_same_with(line.lot):
            records.drawn = self.drawn
        return records

    def lots(self, first: str, before: str, *, through: int | None = None) -> Iterator[Lot]:
        """Read lots in order of position, from `first` up to, not including, `before`."""
        return self._known(self._read.lots.between(first, before), first, before, through)

    def peek(self, first: str, before: str) -> Lot | None:
        """Read the first of such lots alone."""
        return next(self._known(self._read.lots.peek(first, before), first, before, None), None)

    def origin(self, sequence: int) -> Origin | None:
        """Read a transaction with the states around it."""
        if not 0 < sequence <= self.at.sequence:
            return None
        if sequence > self._base.sequence:
            return self._origin_of([self._base, *self._followed], sequence)
        if sequence not in self._read.origins:
            lines = [Standing(self._reader.account), *self._reader.lines_from(max(1, sequence - 1), sequence)]
            self._read.origins[sequence] = self._origin_of(lines, sequence)
        return self._read.origins[sequence]

    def closing(self, sequence: int) -> Reference | None:
        """Find the first transaction that refers to this one."""
        later = (line.reference for line in self._followed if line.transaction.of == sequence)
        return self._reference(sequence, newest=False) or next(later, None)

    def latest(self, sequence: int) -> Reference | None:
        """Find the last transaction that refers to this one."""
        later = (line.reference for line in reversed(self._followed) if line.transaction.of == sequence)
        return next(later, None) or self._reference(sequence, newest=True)

    def _known(self, read: Iterator[Lot], first: str, before: str, through: int | None) -> Iterator[Lot]:
        """Leave out lots that are newer than the line that was read, and put in those of the lines that followed."""
        last = self.at.sequence if through is None else through
        newest = min(last, self._base.sequence)
        new = [line.lot for line in self._followed if line.lot and line.sequence <= last]
        new = sorted((lot for lot in new if first <= lot.position < before), key=_position)
        old = (lot for lot in read if lot.sequence <= newest)
        return merge(old, new, key=_position) if new else old

    def _reference(self, sequence: int, *, newest: bool) -> Reference | None:
        asked = sequence, newest
        if asked not in self._read.references:
            found = self._reader.reference(sequence, through=self._base.sequence, newest=newest)
            self._read.references[asked] = found
        return self._read.references[asked]

    @staticmethod
    def _origin_of(lines: list[Standing], sequence: int) -> Origin | None:
        for above, line in pairwise(lines):
            if isinstance(line, Line) and line.sequence == sequence:
                return Origin(line.transaction, above.state, line.state)
        return None


def _position(lot: Lot) -> str:
    return lot.position
