"""The rows of a file, CSV or JSON lines, by the names of the fields of an add; and such a file written."""

import csv
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from points_ledger.models import FieldError
from points_ledger.moving.fields import FIELDS, IGNORED, REQUIRED, read_text

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""What stands in a text for bytes that are none of UTF-8's."""

_UNKNOWN = "is not a field of such a file; --map renames it, or leaves it out"


class Row(NamedTuple):
    """A row as it stands in the file.

    Attributes
    ----------
    number
        Of the line that it is in, or ends in.
    told
        Its fields, as JSON has them.
    faults
        Why it cannot be read further.
    """

    number: int
    told: Mapping[str, Any]
    faults: tuple[FieldError, ...] = ()


@dataclass(frozen=True)
class Shape:
    """What the columns of a file mean.

    Attributes
    ----------
    names
        The field that a column stands for; empty if it is left out. Others go by their own names.
    allowed
        The fields that rows may have.
    """

    names: Mapping[str, str]
    allowed: Collection[str] = tuple(FIELDS)

    def field(self, column: str) -> str:
        """Return the field of a column."""
        return self.names.get(column, "" if column == IGNORED else column)


PRESETS: Mapping[str, Collection[str]] = {"exercise": REQUIRED}
"""The fields of files that are well known: those of the points exercise have a header and one account."""


def shape_of(mapping: Mapping[str, str], preset: str | None = None) -> Shape:
    """Return what columns mean that are renamed so.

    Raises
    ------
    ValueError
        A column is renamed to what is no field.
    """
    allowed = PRESETS[preset] if preset else tuple(FIELDS)
    for column, field in mapping.items():
        if field and field not in allowed:
            raise ValueError(f"{column}={field}: {field} is not one of {', '.join(allowed)}")
    return Shape(mapping, allowed)


def is_csv(path: Path) -> bool:
    """Tell CSV from JSON lines by the first character that shows. A file without one has no rows of either."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return not (file.read(4096).lstrip() or "{").startswith(("{", "["))


def read_rows(path: Path, shape: Shape) -> Iterator[Row]:
    """Read the rows of a file one after the other. A file that cannot be read further ends in a row of faults."""
    reader = _read_csv if is_csv(path) else _read_json_lines
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        for row in reader(file, shape):
            texts = (value for value in row.told.values() if isinstance(value, str))
            if any(map(_NOT_UTF_8.search, texts)):
                yield Row(row.number, {}, (FieldError(field="row", message="is not UTF-8"),))
            else:
                yield row


def _read_csv(file: IO[str], shape: Shape) -> Iterator[Row]:
    lines = csv.reader(file, strict=True)
    try:
        columns = [shape.field(column.strip()) for column in next(lines, [])]
        if faults := _check_columns(columns, shape):
            yield Row(1, {}, faults)
            return
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(columns):
                message = f"has {len(cells)} cells, and the header {len(columns)}"
                yield Row(lines.line_num, {}, (FieldError(field="row", message=message),))
                continue
            told = {name: read_text(name, cell) for name, cell in zip(columns, cells, strict=True) if name and cell}
            yield Row(lines.line_num, told)
    except csv.Error as error:
        yield Row(lines.line_num, {}, (FieldError(field="row", message=f"is not CSV: {error}"),))


def _check_columns(columns: list[str], shape: Shape) -> tuple[FieldError, ...]:
    faults = [FieldError(field=name, message="is missing in the header") for name in REQUIRED if name not in columns]
    for place, name in enumerate(columns):
        if name and name not in shape.allowed:
            faults.append(FieldError(field=name, message=_UNKNOWN))
        elif name and name in columns[:place]:
            faults.append(FieldError(field=name, message="is twice in the header"))
    return tuple(faults)


def _read_json_lines(file: IO[str], shape: Shape) -> Iterator[Row]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line, object_pairs_hook=_without_doubles, parse_constant=_refuse)
            if not isinstance(told, dict):
                raise ValueError("an object is needed")  # noqa: TRY004, TRY301 - one answer for all that is none
        except (ValueError, RecursionError) as error:
            yield Row(number, {}, (FieldError(field="row", message=f"is not a JSON object: {error}"),))
            continue
        fields = {shape.field(name): value for name, value in told.items()}
        fields.pop("", None)
        unknown = [name for name in fields if name not in shape.allowed]
        yield Row(number, fields, tuple(FieldError(field=name, message=_UNKNOWN) for name in unknown))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise ValueError("a name stands twice")
    return told


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


Write = Callable[[Mapping[str, Any]], None]


@contextmanager
def writing(path: Path, *, as_csv: bool) -> Iterator[Write]:
    """Give a function that writes rows to a file; it has its name only when it is whole."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        yield _csv_writer(file) if as_csv else lambda row: print(json.dumps(row, ensure_ascii=False), file=file)
    unfinished.replace(path)


def _csv_writer(file: IO[str]) -> Write:
    writer = csv.DictWriter(file, [*FIELDS, IGNORED])
    writer.writeheader()

    def write(row: Mapping[str, Any]) -> None:
        cells = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()}
        writer.writerow(cells)

    return write
