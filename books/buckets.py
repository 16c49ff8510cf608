"""All lines by account and number, on all cores, in memory that does not grow with the export.

An export has its lines in no order. They are first dealt out, by account, into many bucket files; then
each bucket is sorted by itself. What is sorted is an index: the lines stay in the file, which is mapped into memory.

Accounts are dealt out by the SHA-256 of their names, and buckets are worked on in its order. So accounts come in one
order, however many buckets there are.

A record of a bucket is the line's number and the lengths of what follows, the account's name, and the export's entry.
"""

import gzip
import hashlib
import os
import zlib
from base64 import b64decode
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from mmap import ACCESS_READ, mmap
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from struct import Struct
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import orjson

from books.errors import BooksError
from books.exports import DataFile, Item, is_line
from books.progress import progress

Result = TypeVar("Result")
Entry = dict[str, Item]
"""What an export says of an item."""

BUCKET_BYTES = 16 * 1024**2
"""About how large a bucket may become."""

_UNZIPPED = 8
"""How many times its size a data file has, about, once it is unzipped."""

_PER_PROCESS = 8  # buckets, so that all cores are busy to the end
_MOST_BUCKETS = 4_096
_BUFFER_BYTES = 8 * 1024**2
_HEADER = Struct("<QHI")
_HASH_BYTES = 8


class Buckets:
    """Lines that are dealt out into bucket files.

    Parameters
    ----------
    files
        The buckets.
    lines
        How many lines there are in all.
    map_all
        Maps a function over a sequence, on all cores, in order.
    """

    def __init__(self, files: Sequence[Path], lines: int, map_all: Callable[..., Iterator[Any]]) -> None:
        self.files = files
        self._lines = lines
        self._map = map_all

    def map(self, what: str, work: Callable[[Path], Result], lines_of: Callable[[Result], int]) -> Iterator[Result]:
        """Work on all buckets, in order, and show how far that has come.

        Parameters
        ----------
        what
            What is being done, as people read it.
        work
            What to do with each.
        lines_of
            Tells from a result how many lines the bucket had.
        """
        with progress(what, self._lines) as count:
            for result in self._map(work, self.files):
                count(lines_of(result))
                yield result


class Account:
    """An account's entries in a bucket, in the order of their numbers.

    Attributes
    ----------
    name
        The account's name.
    """

    def __init__(self, name: str, places: Sequence[tuple[int, int, int]], bucket: mmap) -> None:
        self.name = name
        self._places = places
        self._bucket = bucket

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self._places)

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Go through the export's entries, each with its line's number."""
        for sequence, start, end in self._places:
            yield sequence, orjson.loads(self._bucket[start:end])

    def item(self, place: int) -> Item:
        """Read the entry at a place, from 0 on."""
        _, start, end = self._places[place]
        return image(orjson.loads(self._bucket[start:end])) or {}

    def read(self, sequence: int) -> Item:
        """Read a line again.

        Raises
        ------
        LookupError
            It is not there.
        """
        place = bisect_left(self._places, (sequence,))
        if self._places[place][0] != sequence:
            raise LookupError(f"line {sequence} is missing")
        return self.item(place)


def image(entry: Entry) -> Item | None:
    """Return the item of an export's entry; None if it was deleted."""
    return entry.get("Item") or entry.get("NewImage")


def bucket_of(account: bytes, buckets: int) -> int:
    """Return the bucket that an account is in: a later one, the higher its hash."""
    return int.from_bytes(_hash(account)[:_HASH_BYTES]) * buckets >> 8 * _HASH_BYTES


def _hash(account: bytes) -> bytes:
    return hashlib.sha256(account).digest()


@contextmanager
def dealt(files: Sequence[DataFile], processes: int) -> Iterator[Buckets]:
    """Have all lines dealt out into buckets; these go when the caller is done.

    Parameters
    ----------
    files
        The data files of an export.
    processes
        How many work at once; with one, it is this.

    Raises
    ------
    BooksError
        A file is damaged.
    """
    bytes_in_all = _UNZIPPED * sum(file.path.stat().st_size for file in files)
    buckets = min(max(bytes_in_all // BUCKET_BYTES, _PER_PROCESS * processes), _MOST_BUCKETS)
    items = sum(file.items or 0 for file in files) or None
    with TemporaryDirectory(prefix="books-") as name, _mapping(processes) as map_all:
        folder = Path(name)
        lines = 0
        tasks = [(file, folder, buckets) for file in sorted(files, key=lambda file: -file.path.stat().st_size)]
        with progress("Sorting", items) as count:
            for more in map_all(deal_file, tasks):
                lines += more
                count(more)
        yield Buckets([folder / bucket_name(bucket) for bucket in range(buckets)], lines, map_all)


@contextmanager
def _mapping(processes: int) -> Iterator[Callable[..., Iterator[Any]]]:
    if processes == 1:
        yield map
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield pool.map


def accounts_in(bucket: Path) -> Iterator[Account]:
    """Go through the accounts of a bucket, in the order of the SHA-256 of their names."""
    if not bucket.exists():
        return
    with bucket.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
        by_account = groupby(sorted(_places(mapped)), itemgetter(0))
        accounts = [(name, [place[1:] for place in group]) for name, group in by_account]
        for name, places in sorted(accounts, key=lambda account: _hash(account[0])):
            yield Account(name.decode(), places, mapped)


def _places(bucket: mmap) -> Iterator[tuple[bytes, int, int, int]]:
    """Find each record's account and number, and where its entry begins and ends."""
    at, size = 0, len(bucket)
    while at < size:
        sequence, name_bytes, entry_bytes = _HEADER.unpack_from(bucket, at)
        name = at + _HEADER.size
        start = name + name_bytes
        at = start + entry_bytes
        yield bucket[name:start], sequence, start, at


def deal_file(task: tuple[DataFile, Path, int]) -> int:
    """Deal out the lines of a data file: into which folder, and into how many buckets. Return how many they are."""
    file, folder, buckets = task
    _check_sum(file)
    buffers = [bytearray() for _ in range(buckets)]
    lines = buffered = 0
    for account, sequence, entry in _read(file.path):
        record = _HEADER.pack(sequence, len(account), len(entry)) + account + entry
        buffers[bucket_of(account, buckets)] += record
        lines += 1
        buffered += len(record)
        if buffered > _BUFFER_BYTES:
            _flush(buffers, folder)
            buffered = 0
    _flush(buffers, folder)
    return lines


def _read(path: Path) -> Iterator[tuple[bytes, int, bytes]]:
    """Read a data file's lines of accounts: of each the account, the number, and the entry as it stands there."""
    number = 0
    try:
        with gzip.open(path) as entries:
            for number, text in enumerate(entries, 1):  # noqa: B007 - for the error
                entry = orjson.loads(text)
                keys = image(entry) or entry["Keys"]
                if is_line(keys):
                    yield keys["account"]["S"].encode(), int(keys["sequence"]["N"]), text
    except (OSError, EOFError, zlib.error) as error:
        raise BooksError(f"{path} is damaged after line {number}: {error}") from error
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise BooksError(f"{path}, line {number} is no item of the ledger's table: {error!r}") from error


def _check_sum(file: DataFile) -> None:
    """Make sure that a file came as it was written, if its manifest tells."""
    if file.md5:
        with file.path.open("rb") as data:
            found = hashlib.file_digest(data, lambda: hashlib.md5(usedforsecurity=False)).digest()
        if found != b64decode(file.md5):
            raise BooksError(f"{file.path} is damaged: its checksum is not the one in manifest-files.json")


def _flush(buffers: Sequence[bytearray], folder: Path) -> None:
    """Add what is buffered to the bucket files. Each addition is one write, so processes do not mix theirs."""
    for bucket, buffer in enumerate(buffers):
        if buffer:
            descriptor = os.open(folder / bucket_name(bucket), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                if file.write(buffer) != len(buffer):
                    raise BooksError(f"{folder} has no room for the lines, which it must hold unzipped")
            buffer.clear()


def bucket_name(bucket: int) -> str:
    """Return the name of a bucket's file."""
    return f"{bucket:04d}"
