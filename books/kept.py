"""Digests that somebody keeps elsewhere: what makes the chain prove anything."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from books.buckets import bucket_of
from books.errors import BooksError

Digests = dict[str, dict[int, str]]
"""Digests by account and number."""

_LINE = re.compile(r"(\S+)\s+([1-9]\d*)\s+([0-9a-f]{64})")
_SUFFIX = ".kept"
_LINES_AT_ONCE = 100_000


class Kept:
    """A file of digests, `account sequence digest` on each line; None for no file."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    def deal(self, buckets: Sequence[Path]) -> None:
        """Put each digest beside the bucket of its account.

        Raises
        ------
        BooksError
            The file cannot be read, or a line of it.
        """
        buffers: dict[int, list[str]] = {}
        for number, (account, line) in enumerate(self._lines(), 1):
            buffers.setdefault(bucket_of(account.encode(), len(buckets)), []).append(line)
            if number % _LINES_AT_ONCE == 0:
                _flush(buffers, buckets)
        _flush(buffers, buckets)

    @staticmethod
    def of_bucket(bucket: Path) -> Digests:
        """Read the digests that were put beside a bucket."""
        digests: Digests = {}
        beside = bucket.with_suffix(_SUFFIX)
        if beside.exists():
            for line in beside.read_text().splitlines():
                account, sequence, digest = line.split()
                digests.setdefault(account, {})[int(sequence)] = digest
        return digests

    def _lines(self) -> Iterator[tuple[str, str]]:
        if self._file is None:
            return
        try:
            with self._file.open() as lines:
                for number, line in enumerate(lines, 1):
                    if found := _LINE.fullmatch(line.strip()):
                        yield found[1], found[0]
                    elif line.strip():
                        raise BooksError(
                            f"{self._file}, line {number} is not `account sequence digest`: {line.strip()}"
                        )
        except (OSError, UnicodeDecodeError) as error:
            raise BooksError(f"{self._file} cannot be read: {error}") from error


def _flush(buffers: dict[int, list[str]], buckets: Sequence[Path]) -> None:
    for bucket, lines in buffers.items():
        with buckets[bucket].with_suffix(_SUFFIX).open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
    buffers.clear()
