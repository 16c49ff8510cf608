"""What DynamoDB keeps of one account: the table itself and its local indexes, each in the order of its own sort key."""

from bisect import bisect_right, insort

from tests.simulator.items import Item, Value

Key = int | str
Place = tuple[Key, float]
"""Where an entry stands: its sort key, then its sequence number."""

KEY_TYPES = {
    "sequence": "N",
    "timestamp_key": "S",
    "idempotency_key": "S",
    "original_key": "S",
    "reference_key": "S",
}
"""The sort key of the table and of each of its indexes."""

INDEXES = {
    "by_timestamp": "timestamp_key",
    "by_idempotency_key": "idempotency_key",
    "by_original": "original_key",
    "by_reference": "reference_key",
}

_PROJECTED = {
    "timestamp_key": ("account", "sequence", "timestamp_key", "payer", "points", "of"),
    "idempotency_key": ("account", "sequence", "idempotency_key"),
    "original_key": ("account", "sequence", "original_key", "kind", "moment", "undone"),
    "reference_key": ("account", "sequence", "reference_key"),
}


def plain(value: Value) -> Key:
    """Return a key as Python compares it."""
    [(kind, content)] = value.items()
    return int(content) if kind == "N" else str(content)


def sequence_of(item: Item) -> int:
    return int(item["sequence"]["N"])


class View:
    """The table, or one of its indexes, for one account. Items without the sort key are not in it."""

    def __init__(self, sort_key: str) -> None:
        self.sort_key = sort_key
        self._places: list[Place] = []
        self._entries: dict[float, tuple[Item, int]] = {}

    def copy(self) -> "View":
        other = View(self.sort_key)
        other._places, other._entries = list(self._places), dict(self._entries)
        return other

    def entry(self, item: Item) -> Item:
        """Return what the view keeps of an item, or nothing."""
        if self.sort_key not in item:
            return {}
        projected = _PROJECTED.get(self.sort_key, item)
        return {name: item[name] for name in projected if name in item}

    def get(self, sequence: int) -> Item:
        return self._entries.get(sequence, ({}, 0))[0]

    def put(self, entry: Item, size: int) -> None:
        """Take an entry in."""
        sequence = sequence_of(entry)
        insort(self._places, (plain(entry[self.sort_key]), sequence))
        self._entries[sequence] = entry, size

    def remove(self, sequence: int) -> None:
        """Forget an entry, if there is one."""
        if standing := self.get(sequence):
            self._places.remove((plain(standing[self.sort_key]), sequence))
            del self._entries[sequence]

    def items(self) -> list[Item]:
        return [self._entries[sequence][0] for _, sequence in self._places]

    def last(self) -> Item:
        """Return the entry with the highest sort key."""
        return self._entries[self._places[-1][1]][0] if self._places else {}

    def read(
        self, above: Place, through: Place, *, backwards: bool, limit: float, size: int
    ) -> tuple[list[Item], bool]:
        """Read up to a number of entries, and up to a size, but one at least; say if that ended the reading."""
        wanted = range(bisect_right(self._places, above), bisect_right(self._places, through))
        page: list[Item] = []
        for index in reversed(wanted) if backwards else wanted:
            entry, weight = self._entries[self._places[index][1]]
            size -= weight
            if size < 0 and page:
                return page, True
            page.append(entry)
            if len(page) == limit:
                return page, True
        return page, False
