"""Where the queries of a statement run: in DuckDB over files on this machine, or in Athena over an export in S3."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

import boto3
import duckdb
from botocore.exceptions import BotoCoreError, ClientError

from books.errors import BooksError
from books.progress import progress
from books.queries import ATHENA, DUCKDB, STEPS, Period, text, translated, whole

Row = tuple[Any, ...]

_KEPT = {"line", "flow", "standing", "due"}
"""Steps that DuckDB works out once and keeps; the others are quick, and worked out where they are used."""

_MEMORY = "1GB"
"""What DuckDB may take before it goes on in files."""

_AT_ONCE = 1_000
_ENDED = {"SUCCEEDED", "FAILED", "CANCELLED"}
_POLL_S = 0.5


class Engine(Protocol):
    """Answers the queries of one statement."""

    def rows(self, query: str) -> Iterator[Row]:
        """Run one of the queries and read its rows.

        Raises
        ------
        BooksError
            It cannot be run.
        """
        ...


class _DuckDB:
    def __init__(self, connection: duckdb.DuckDBPyConnection, period: Period) -> None:
        self._connection = connection
        self._period = period

    def rows(self, query: str) -> Iterator[Row]:
        try:
            answer = self._connection.execute(translated(text(query), self._period, DUCKDB))
            while rows := answer.fetchmany(_AT_ONCE):
                yield from rows
        except duckdb.Error as error:
            raise BooksError(f"the export cannot be read: {error}") from error


@contextmanager
def duckdb_over(files: Sequence[Path], period: Period) -> Iterator[Engine]:
    """Read the data files of an export, and answer the queries from them for as long as the context lasts.

    Raises
    ------
    BooksError
        A file is damaged, or not of an export.
    """
    with TemporaryDirectory(prefix="books-") as folder:
        settings: dict[str, Any] = {"memory_limit": _MEMORY, "preserve_insertion_order": False}
        with duckdb.connect(Path(folder, "lines.duckdb"), config=settings) as connection:
            _take_steps(connection, files, period)
            yield _DuckDB(connection, period)


def _take_steps(connection: duckdb.DuckDBPyConnection, files: Sequence[Path], period: Period) -> None:
    lines = "SELECT json AS line FROM read_ndjson_objects(?)"
    try:
        connection.sql(lines, params=[[str(path) for path in files]]).create_view("export")
        with progress("Adding up", len(STEPS)) as step_done:
            for step in STEPS:
                kept = "TABLE" if step in _KEPT else "VIEW"
                connection.execute(f"CREATE {kept} {step} AS {translated(text(step), period, DUCKDB)}")
                step_done(1)
    except duckdb.Error as error:
        raise BooksError(f"the export cannot be read: {error}") from error


class Athena:
    """Athena, in a workgroup that says where results go and how much a query may scan.

    Parameters
    ----------
    client
        Athena's low-level client.
    workgroup, database
        As `infra/books.yaml` makes them.
    dialect
        What the queries are sent in; what stands in for Athena may speak another than Athena itself.
    """

    def __init__(self, client: Any, workgroup: str, database: str, period: Period, *, dialect: str = ATHENA) -> None:
        self._client = client
        self._workgroup = workgroup
        self._database = database
        self._period = period
        self._dialect = dialect

    def rows(self, query: str) -> Iterator[Row]:
        """Run one of the queries and read its rows."""
        try:
            started = self._client.start_query_execution(
                QueryString=translated(whole(query), self._period, self._dialect),
                QueryExecutionContext={"Database": self._database},
                WorkGroup=self._workgroup,
            )
            identifier = started["QueryExecutionId"]
            self._wait(query, identifier)
            pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=identifier)
            names = 1  # the first row has the columns' names
            for page in pages:
                yield from _typed(page["ResultSet"], names)
                names = 0
        except (BotoCoreError, ClientError) as error:
            raise BooksError(f"Athena cannot run the query {query}: {error}") from error

    def _wait(self, query: str, identifier: str) -> None:
        while True:
            status = self._client.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]["Status"]
            if status["State"] in _ENDED:
                break
            time.sleep(_POLL_S)
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason", status["State"])
            raise BooksError(f"Athena cannot run the query {query}: {reason}")


def athena(workgroup: str, database: str, period: Period) -> Athena:
    """Answer the queries by the Athena that the AWS profile leads to."""
    try:
        return Athena(boto3.client("athena"), workgroup, database, period)
    except BotoCoreError as error:
        raise BooksError(f"there is no way to AWS: {error}") from error


def _typed(result: dict[str, Any], skipped: int) -> Iterator[Row]:
    """Read values as their columns' types are, but for the first rows."""
    readers = [_READERS.get(column["Type"], str) for column in result["ResultSetMetadata"]["ColumnInfo"]]
    for row in result["Rows"][skipped:]:
        texts = [value.get("VarCharValue") for value in row["Data"]]
        yield tuple(None if said is None else read(said) for said, read in zip(texts, readers, strict=True))


_READERS: dict[str, Callable[[str], Any]] = {"bigint": int, "integer": int}
