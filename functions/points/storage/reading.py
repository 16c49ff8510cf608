"""Reads what stands in one account's passbook, as it stands."""

from collections.abc import Iterator
from datetime import datetime

from points.rules.terms import Lot, Reference
from points.storage import requests
from points.storage.calls import Calls
from points.storage.lines import Line, Standing, from_item, lot_from_item, reference_from_item


class Reader:
    """An account's lines and indexes, for one request."""

    def __init__(self, calls: Calls, table: str, account: str) -> None:
        self.calls = calls
        self.table = table
        self.account = account

    def last(self) -> Standing:
        """Read the last line, or sequence 0 with an empty state."""
        for line in self.lines(below=None, limit=1):
            return line
        return Standing(self.account)

    def line(self, sequence: int) -> Line | None:
        """Read one line."""
        item = self.calls.get(requests.get_line(self.table, self.account, sequence))
        return from_item(item) if item else None

    def lines(self, *, below: int | None, limit: int) -> list[Line]:
        """Read lines newest first: from the last one, or from below a sequence number of at least 2."""
        request = requests.last_lines(self.table, self.account, below=below, limit=limit)
        return list(map(from_item, self.calls.query(request)))

    def lines_from(self, first: int, last: int | None = None) -> Iterator[Line]:
        """Read lines oldest first, through a sequence number or to the last."""
        through = {} if last is None else {"last": last}
        return map(from_item, self.calls.query(requests.lines_from(self.table, self.account, first, **through)))

    def as_of(self, moment: datetime) -> Standing:
        """Read the last line of what had happened by a moment.

        What was recorded by then, and what time had done by then, though it may have been recorded later: worked out
        again, it would meet the lots that have come since. Moments never go back from one line to the next, so a binary
        search finds the line, in about log2 of the lines.
        """
        last = self.last()
        if last.state.moment <= moment:
            return last
        found, later = Standing(self.account), last.sequence
        while later - found.sequence > 1:
            middle = self.line((found.sequence + later) // 2)
            if middle is None:
                raise AssertionError("a line is missing: the passbook is damaged")
            if middle.state.moment <= moment:
                found = middle
            else:
                later = middle.sequence
        return found

    def under_key(self, key: str) -> Line | None:
        """Read the line that was written under a caller's idempotency key."""
        for item in self.calls.query(requests.find_key(self.table, self.account, key)):
            return self.line(int(item["sequence"]["N"]))
        return None

    def with_reference(self, reference: str, *, below: int | None, limit: int) -> list[Line]:
        """Read lines with a caller's reference, newest first."""
        request = requests.lines_of_reference(self.table, self.account, reference, below=below, limit=limit)
        numbers = [int(item["sequence"]["N"]) for item in self.calls.query(request)]
        return [line for line in map(self.line, numbers) if line]

    def reference(self, of: int, *, through: int, newest: bool) -> Reference | None:
        """Find the first or the last line, of those through a sequence number, that refers to an earlier one."""
        request = requests.references(self.table, self.account, of, through=through, newest=newest)
        for item in self.calls.query(request):
            return reference_from_item(item)
        return None

    def lots_page(self, first: str, through: str, limit: int) -> tuple[list[Lot], bool]:
        """Read a page of lots in the order of their positions, and say whether there may be more."""
        items, last = self.calls.page(requests.lots(self.table, self.account, first, through, limit=limit))
        return [lot_from_item(item) for item in items], last is not None
