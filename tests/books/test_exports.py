"""Exports as DynamoDB writes them, and which of a folder's files make up a table."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from books.errors import BooksError
from books.exports import DataFile, NewExport, find_data_files, is_line

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/Ledger"


def a_line(account: str, sequence: int) -> dict[str, Any]:
    return {"account": {"S": account}, "sequence": {"N": str(sequence)}}


def write_incremental(folder: Path, begins: str, ends: str, lines: Sequence[dict[str, Any]]) -> Path:
    """Write an incremental export: its data files lie in a folder that all of them share."""
    name = f"{begins}-{ends}".replace(":", "")
    data = folder / "AWSDynamoDB/data" / f"{name}.json.gz"
    data.parent.mkdir(parents=True, exist_ok=True)
    entries = [{"Metadata": {}, "Keys": a_line("a", 1), "NewImage": line} for line in lines]
    data.write_bytes(gzip.compress("".join(json.dumps(entry) + "\n" for entry in entries).encode()))
    own = folder / "AWSDynamoDB" / name
    own.mkdir()
    summary = {
        "exportType": "INCREMENTAL_EXPORT",
        "exportFromTime": begins,
        "exportToTime": ends,
        "tableArn": ARN,
        "outputFormat": "DYNAMODB_JSON",
    }
    (own / "manifest-summary.json").write_text(json.dumps(summary))
    listed = {"itemCount": len(lines), "md5Checksum": "", "dataFileS3Key": f"exports/AWSDynamoDB/data/{data.name}"}
    (own / "manifest-files.json").write_text(json.dumps(listed) + "\n")
    return data


def write_full(folder: Path, ends: str, lines: Sequence[dict[str, Any]]) -> None:
    export = NewExport(folder, "Ledger")
    with export.data_file() as put:
        for line in lines:
            put(line)
    export.finish()
    (summary,) = (path for path in folder.rglob("manifest-summary.json") if ARN not in path.read_text())
    said = json.loads(summary.read_text())
    summary.write_text(json.dumps(said | {"exportTime": ends, "tableArn": ARN}))


def items_of(files: Sequence[DataFile]) -> list[dict[str, Any]]:
    entries = [json.loads(line) for file in files for line in gzip.decompress(file.path.read_bytes()).splitlines()]
    return [entry.get("Item") or entry["NewImage"] for entry in entries]


def test_what_is_written_is_found_again(tmp_path: Path) -> None:
    written = [a_line("anna", 1), a_line("bob", 1)]
    write_full(tmp_path, "2026-11-01T00:00:00Z", written)
    (file,) = find_data_files(tmp_path)
    assert items_of([file]) == written
    assert file.items == 2


def test_a_table_is_its_newest_full_export_and_the_incremental_ones_after_it(tmp_path: Path) -> None:
    write_full(tmp_path, "2026-10-01T00:00:00Z", [a_line("of October", 1)])
    write_full(tmp_path, "2026-11-01T00:00:00Z", [a_line("of November", 1)])
    write_incremental(tmp_path, "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", [a_line("in both", 1)])
    write_incremental(tmp_path, "2026-11-02T00:00:00.000Z", "2026-11-03T00:00:00Z", [a_line("of the 3rd", 1)])
    write_incremental(tmp_path, "2026-11-01T01:00:00+01:00", "2026-11-02T00:00:00Z", [a_line("of the 2nd", 1)])
    found = [item["account"]["S"] for item in items_of(find_data_files(tmp_path))]
    assert found == ["of November", "of the 2nd", "of the 3rd"]


def test_what_was_exported_twice_is_read_once(tmp_path: Path) -> None:
    write_full(tmp_path / "full", "2026-11-01T00:00:00Z", [a_line("full", 1)])
    days = [f"2026-11-0{day}T00:00:00Z" for day in range(1, 6)]
    write_incremental(tmp_path / "1", days[0], days[1], [a_line("a day", 1)])
    write_incremental(tmp_path / "2", days[0], days[3], [a_line("three days", 1)])
    write_incremental(tmp_path / "3", days[1], days[2], [a_line("a day", 1)])
    write_incremental(tmp_path / "4", days[3], days[4], [a_line("the next", 1)])
    write_incremental(tmp_path / "5", days[0], days[3], [a_line("three days again", 1)])
    found = [item["account"]["S"] for item in items_of(find_data_files(tmp_path))]
    assert found == ["full", "three days", "the next"]


def test_without_manifests_all_files_are_taken(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.json.gz").write_bytes(b"")
    assert [file.path.name for file in find_data_files(tmp_path)] == ["a.json.gz", "b.json.gz"]


@pytest.mark.parametrize("begins", ["2026-11-02", "2026-10-31"], ids=["a gap", "an overlap"])
def test_exports_that_do_not_meet_are_named(tmp_path: Path, begins: str) -> None:
    write_full(tmp_path, "2026-11-01T00:00:00Z", [])
    write_incremental(tmp_path, f"{begins}T00:00:00Z", "2026-11-03T00:00:00Z", [])
    with pytest.raises(BooksError, match=rf"ends at 2026-11-01T.*, and the next begins at {begins}T"):
        find_data_files(tmp_path)


def test_a_file_that_the_manifest_lists_must_be_there(tmp_path: Path) -> None:
    write_incremental(tmp_path, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", []).unlink()
    with pytest.raises(BooksError, match=r"\.json\.gz is missing"):
        find_data_files(tmp_path)


def test_exports_of_two_tables_are_not_mixed(tmp_path: Path) -> None:
    write_full(tmp_path, "2026-11-01T00:00:00Z", [])
    export = NewExport(tmp_path, "Other")
    export.finish()
    with pytest.raises(BooksError, match="several tables"):
        find_data_files(tmp_path)


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"tableArn": "x", "exportTime": "soon"}'])
def test_a_broken_manifest_is_named(tmp_path: Path, said: str) -> None:
    (tmp_path / "manifest-summary.json").write_text(said)
    with pytest.raises(BooksError, match=r"manifest-summary\.json"):
        find_data_files(tmp_path)


def test_an_empty_folder_and_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(BooksError, match="no export of a table"):
        find_data_files(tmp_path)
    with pytest.raises(BooksError, match="is not a folder"):
        find_data_files(tmp_path / "none")


def test_the_ledgers_own_items_are_no_lines() -> None:
    assert is_line(a_line("anna", 1))
    assert not is_line(a_line("anna", 0))
    assert not is_line(a_line("#sweeper", 1))
