"""The form in which DynamoDB exports a table to S3, as it lies in a folder on this machine.

    AWSDynamoDB/01792000000000-a1b2c3d4/manifest-summary.json   what was exported: all, or all between two moments
    AWSDynamoDB/01792000000000-a1b2c3d4/manifest-files.json     its data files, each a JSON object on a line
    AWSDynamoDB/01792000000000-a1b2c3d4/data/….json.gz          of a full export: {"Item": {…}} on each line
    AWSDynamoDB/data/….json.gz                                  of an incremental one: {"Keys": {…}, "NewImage": {…}}

A line of the passbook never changes. So an incremental export is just the lines that are new, and a full export with
the incremental ones that follow it is the table. Which items stand in which file, and in which order, means nothing.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from books.errors import BooksError

Item = dict[str, dict[str, Any]]
"""An item in DynamoDB's JSON: `{"account": {"S": "anna"}, …}`."""

_ROOT = "AWSDynamoDB"
_QUICKLY = 1  # compression, of files that are read once


@dataclass(frozen=True, slots=True)
class DataFile:
    """A gzipped file of an export. `items` and `md5` (in base64) are as its manifest has them; None without one."""

    path: Path
    items: int | None = None
    md5: str | None = None


def is_line(item: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether an item is a line of an account. The ledger's own items stand below sequence 1, or in an account `#…`."""
    return int(item["sequence"]["N"]) > 0 and not item["account"]["S"].startswith("#")


def find_data_files(folder: Path) -> list[DataFile]:
    """Find the files that make up a table: of its newest full export, and of the incremental exports that follow it.

    Without any manifest, all of the folder's `.json.gz` files are taken.

    Raises
    ------
    BooksError
        There are none, one that a manifest lists is not there, or the exports leave out a time.
    """
    if not folder.is_dir():
        raise BooksError(f"{folder} is not a folder")
    manifests = sorted(folder.rglob("manifest-summary.json"))
    if manifests:
        files = [file for export in _in_turn([_Summary(path) for path in manifests]) for file in export.data_files()]
    else:
        files = [DataFile(path) for path in sorted(folder.rglob("*.json.gz"))]
    if not files:
        raise BooksError(f"{folder} has no export of a table: no manifest-summary.json and no .json.gz file")
    return files


class _Summary:
    """The manifest of one export."""

    def __init__(self, path: Path) -> None:
        self._path = path
        said = _read_json(path)
        try:
            self.table = str(said["tableArn"])
            self.is_full = said.get("exportType", "FULL_EXPORT") == "FULL_EXPORT"
            self.begins = "" if self.is_full else _moment(said["exportFromTime"])
            self.ends = _moment(said["exportTime" if self.is_full else "exportToTime"])
            if said.get("outputFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON":
                raise BooksError(f"{path} belongs to an export in Amazon Ion; export in DYNAMODB_JSON instead")
        except (KeyError, ValueError) as error:
            raise BooksError(f"{path} is not a DynamoDB manifest: {error!r}") from error

    def data_files(self) -> Iterator[DataFile]:
        """List its data files, which must be there."""
        top = next((above for above in self._path.parents if above.name == _ROOT), self._path.parent)
        for line in (self._path.parent / "manifest-files.json").read_bytes().splitlines():
            said = orjson.loads(line)
            key = str(said["dataFileS3Key"])
            path = top / key.rpartition(f"{_ROOT}/")[2]
            if not path.is_file():
                raise BooksError(f"{path} is missing, which {self._path.parent / 'manifest-files.json'} lists")
            yield DataFile(path, said["itemCount"], said.get("md5Checksum"))


def _in_turn(exports: list[_Summary]) -> list[_Summary]:
    """Choose the newest full export and the incremental ones that follow it without a gap."""
    tables = {export.table for export in exports}
    if len(tables) > 1:
        raise BooksError(f"the folder has exports of several tables; name one of theirs: {', '.join(sorted(tables))}")
    full = max((export for export in exports if export.is_full), key=lambda export: export.ends, default=None)
    chosen = [full] if full else []
    later = [export for export in exports if not export.is_full and (not full or export.ends > full.ends)]
    later.sort(key=lambda export: export.ends, reverse=True)
    for export in sorted(later, key=lambda export: export.begins):
        if chosen and export.ends <= chosen[-1].ends:  # all that it has is there already
            continue
        if chosen and export.begins != chosen[-1].ends:
            before = chosen[-1].ends
            raise BooksError(f"an export ends at {before}, and the next begins at {export.begins}: they must meet")
        chosen.append(export)
    return chosen


def _read_json(path: Path) -> dict[str, Any]:
    try:
        said = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise BooksError(f"{path} cannot be read: {error}") from error
    return dict(said)


def _moment(text: str) -> str:
    """Bring moments into a form in which texts compare as they do."""
    return datetime.fromisoformat(text).astimezone(UTC).isoformat(timespec="milliseconds")


class NewExport:
    """Writes a full export, as DynamoDB would.

    Parameters
    ----------
    folder
        Where to.
    table
        The table's name.
    """

    def __init__(self, folder: Path, table: str) -> None:
        self._table = table
        self._started = datetime.now(UTC)
        self._id = f"{self._started.timestamp() * 1000:014.0f}-{uuid4().hex[:8]}"
        self._folder = folder / _ROOT / self._id
        self._data = self._folder / "data"
        self._data.mkdir(parents=True)
        self._files: list[dict[str, Any]] = []

    @contextmanager
    def data_file(self) -> Iterator[Callable[[Item], None]]:
        """Write one more data file; yield a function that puts an item into it. Threads may each write one."""
        path = self._data / f"{uuid4().hex}.json.gz"
        items = count()
        with gzip.open(path, "wb", compresslevel=_QUICKLY) as file:

            def put(item: Item) -> None:
                next(items)
                file.write(orjson.dumps({"Item": item}) + b"\n")

            yield put
        checksum = b64encode(md5(path.read_bytes(), usedforsecurity=False).digest()).decode()
        key = f"{_ROOT}/{self._id}/data/{path.name}"
        self._files.append({"itemCount": next(items), "md5Checksum": checksum, "dataFileS3Key": key})

    def finish(self) -> None:
        """Write the manifests, when all data files are written."""
        arn = f"arn:aws:dynamodb:local:000000000000:table/{self._table}"
        summary = {
            "version": "2023-08-01",
            "exportArn": f"{arn}/export/{self._id}",
            "startTime": self._started.isoformat(timespec="milliseconds"),
            "endTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "tableArn": arn,
            "exportTime": self._started.isoformat(timespec="milliseconds"),
            "manifestFilesS3Key": f"{_ROOT}/{self._id}/manifest-files.json",
            "itemCount": sum(file["itemCount"] for file in self._files),
            "outputFormat": "DYNAMODB_JSON",
            "exportType": "FULL_EXPORT",
        }
        files = "".join(json.dumps(file) + "\n" for file in self._files)
        (self._folder / "manifest-files.json").write_text(files)
        (self._folder / "manifest-summary.json").write_text(json.dumps(summary))
