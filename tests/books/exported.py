"""Items as exports, and what verifying them finds."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from books.buckets import bucket_name, deal_file
from books.chain import first_digest, next_digest
from books.exports import DataFile, NewExport, find_data_files
from books.kept import Kept
from books.verify import Verdict, verify_bucket

Item = dict[str, dict[str, Any]]


def export(items: Iterable[Item], folder: Path) -> list[DataFile]:
    """Write an export of one data file."""
    written = NewExport(folder, "Ledger")
    with written.data_file() as put:
        for item in items:
            put(item)
    written.finish()
    return find_data_files(folder)


def verified(files: Sequence[DataFile], folder: Path, kept: str = "") -> Verdict:
    """Verify data files in this process, as one bucket."""
    bucket = folder / bucket_name(0)
    for file in files:
        deal_file((file, folder, 1))
    expected = folder / "expected"
    expected.write_text(kept)
    Kept(expected).deal([bucket])
    return verify_bucket(bucket)


def said_of(items: Iterable[Item], folder: Path, kept: str = "") -> list[str]:
    """Return what is found wrong with items."""
    return [str(finding) for finding in verified(export(items, folder), folder, kept).findings]


def rechain(items: Iterable[Item]) -> None:
    """Make the digests of an account's lines, oldest first, so that the chain is right again."""
    above = b""
    for item in items:
        above = next_digest(above or first_digest(item["account"]["S"]), item)
        item["digest"] = {"S": above.hex()}


def digests_of(items: Iterable[Item]) -> str:
    """List the digests of items, as they are kept elsewhere."""
    return "".join(f"{item['account']['S']} {item['sequence']['N']} {item['digest']['S']}\n" for item in items)
