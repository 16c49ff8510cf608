"""A live table, read by a parallel scan.

An account's lines are read in order, by consistent reads, and new ones are only added below the last. So whatever is
written meanwhile, what is read of each account is all of its lines up to some line, and none between is missing; only
the line at which reading ends differs in time from account to account, by as long as the scan takes.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from books.errors import BooksError
from books.exports import NewExport, is_line
from books.progress import progress

SEGMENTS = 8
"""How many parts are scanned at once."""


def copy_table(table: str, folder: Path) -> None:
    """Copy the lines of all accounts into an export.

    Parameters
    ----------
    table
        The table's name, in the account and Region (or at the endpoint) that boto3 finds in the environment.
    folder
        Where to make the export.
    """
    export = NewExport(folder, table)
    try:
        client = boto3.client("dynamodb", config=Config(max_pool_connections=SEGMENTS, retries={"mode": "adaptive"}))
        with progress(f"Reading {table}") as count, ThreadPoolExecutor(SEGMENTS) as threads:
            for lines in threads.map(lambda segment: _copy_segment(client, table, segment, export), range(SEGMENTS)):
                count(lines)
    except (BotoCoreError, ClientError, ValueError) as error:
        raise BooksError(f"the table {table} cannot be read: {error}") from error
    export.finish()


def _copy_segment(client: Any, table: str, segment: int, export: NewExport) -> int:
    lines = 0
    pages = client.get_paginator("scan").paginate(
        TableName=table, ConsistentRead=True, Segment=segment, TotalSegments=SEGMENTS
    )
    with export.data_file() as put:
        for page in pages:
            for item in filter(is_line, page["Items"]):
                put(item)
                lines += 1
    return lines
