"""How fast `points import` is, beside the same number of plain requests to the same ledger.

    make run                                                                         # in another terminal
    PYTHONPATH=client/src .venv/bin/python -m bench.importing http://127.0.0.1:3000 --rows 100000 --accounts 5000

Plain requests are adds with a key by httpx, as many at once as the import has accounts at once, nothing checked and
nothing read of the answers but their status; what a busy machine refuses is sent again at once. The import is the whole
command: its start, the check of the file, and all rows.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

AT_ONCE = 16
PAYERS = ("DANNON", "MILLER COORS", "UNILEVER")

Row = dict[str, Any]


def main() -> None:
    """Measure pairs, one after the other, and print each and the median of their ratios."""
    parser = argparse.ArgumentParser(description="Measure an import beside plain requests.")
    parser.add_argument("url")
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--accounts", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    ratios = []
    for _ in range(asked.pairs):
        plain = asyncio.run(_plain(asked.url, list(_rows(asked.rows, asked.accounts))))
        imported = _imported(asked.url, list(_rows(asked.rows, asked.accounts)))
        ratios.append(plain / imported)
        print(f"plain {asked.rows / plain:,.1f} a second, imported {asked.rows / imported:,.1f}: {ratios[-1]:.2f}")
    print(f"an import has {median(ratios):.2f} of the rate of plain requests (median of {asked.pairs})")


def _rows(number: int, accounts: int) -> Iterator[Row]:
    """Return adds of accounts that are new."""
    run = uuid4().hex[:8]
    for place in range(number):
        yield {
            "account": f"{run}-{place % accounts}",
            "payer": PAYERS[place % len(PAYERS)],
            "points": place % 900 + 1,
            "timestamp": f"2026-01-01T{place // 3600 % 24:02}:{place // 60 % 60:02}:{place % 60:02}Z",
        }


async def _plain(url: str, rows: Sequence[Row]) -> float:
    """Return how many seconds plain requests take."""
    left = iter(rows)

    async def work() -> None:
        for row in left:
            body = {name: value for name, value in row.items() if name != "account"}
            headers = {"Idempotency-Key": uuid4().hex}
            path = f"{url}/accounts/{row['account']}/add"
            while not await _recorded(client, path, body, headers):
                pass

    started = time.perf_counter()
    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.perf_counter() - started


async def _recorded(client: httpx.AsyncClient, path: str, body: Row, headers: dict[str, str]) -> bool:
    try:
        return (await client.post(path, json=body, headers=headers)).status_code == 200
    except httpx.TransportError:
        return False


def _imported(url: str, rows: Sequence[Row]) -> float:
    """Return how many seconds the command takes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = [sys.executable, "-m", "points_ledger", "import", str(file), "--url", url, "--at-once", str(AT_ONCE)]
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - this project's own command
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
