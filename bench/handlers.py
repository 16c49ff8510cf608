"""Measures the handlers' own time: warm requests with DynamoDB's time taken out, and what of it goes where.

botocore's client is the true one: its requests are built and signed, its answers parsed. Only in place of the network
stands its event `before-send`, which is answered from a table in memory; what that takes is left out. The functions run
in a process of their own, in the environment that the template gives them. `python -m bench.handlers [FUNCTIONS]`
measures the functions here, or those in another folder.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache, wraps
from io import BytesIO
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, NamedTuple
from unittest.mock import patch

import add
import balance
import spend
from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider
from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.parsers import ResponseParser
from botocore.serialize import JSONSerializer
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from botocore.validate import ParamValidator
from points.api import bodies, recording, runtime
from points.rules.terms import Add, Spend
from points.storage import lines, reading, requests
from points.storage.dynamodb import make_client
from points.storage.passbook import Passbook
from urllib3 import HTTPResponse

from local.template import REGION, load_template
from tests.api.client import HANDLERS, Client, Context, Event
from tests.simulator import calls
from tests.simulator.table import Table

ROOT = Path(__file__).parents[1]
ROUNDS = 60
REQUESTS = 20
"""Requests of a kind in each round. The kinds take turns, so that whatever else the machine does meets all of them."""

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_SESSION_TOKEN": 700 * "n",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "AWS_LAMBDA_FUNCTION_NAME": "points-ledger-function",
    "_X_AMZN_TRACE_ID": "Root=1-5fa010e5-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0",
}
"""What Lambda tells a function, beside what the template does."""

FRAME = "Powertools: routes, events, decorators"
WIRE = "the network"
SEAMS: dict[str, list[tuple[Any, str]]] = {
    "Powertools: logging": [
        (Logger, "structure_logs"),
        (Logger, "set_correlation_id"),
        (Logger, "append_keys"),
        (Logger, "info"),
    ],
    "Powertools: metrics": [
        (AmazonCloudWatchEMFProvider, "add_metric"),
        (AmazonCloudWatchEMFProvider, "flush_metrics"),
    ],
    "reading the request": [
        (recording, "account_of"),
        (recording, "read_retry"),
        (recording, "read_versions"),
        (bodies.Body, "read"),
        (balance, "account_of"),
        (balance, "Query"),
    ],
    "the passbook and the rules": [(Passbook, "record"), (Passbook, "now")],
    "lines to items, and back": [
        (requests, "to_item"),
        (lines, "to_item"),
        (reading, "from_item"),
        (reading, "lot_from_item"),
    ],
    "writing the answer": [
        (add, "answer_recorded"),
        (spend, "answer_recorded"),
        (balance, "answer_at"),
    ],
    "botocore: checking parameters": [(ParamValidator, "validate")],
    "botocore: writing JSON": [(JSONSerializer, "serialize_to_request")],
    "botocore: finding the endpoint": [(BaseClient, "_resolve_endpoint_ruleset")],
    "botocore: its User-Agent": [(UserAgentString, "to_string")],
    "botocore: signing": [(RequestSigner, "sign")],
    "botocore: parsing": [(ResponseParser, "parse")],
    "botocore: events, headers, the rest": [(BaseClient, "_make_api_call")],
}
"""The parts of a request, and the functions in which each part's time is spent, less the parts called from there."""


class Row(NamedTuple):
    """A kind of request: what it takes, in microseconds, and which share of that goes to each part."""

    request: str
    median: float
    lower_quartile: float
    upper_quartile: float
    shares: dict[str, float]


class Stopwatch:
    """Divides time among parts: all of it goes to the part that was entered last and is not left yet."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._entered = [""]
        self._since = perf_counter()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, its time counted for a part."""

        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            self._turn()
            self._entered.append(part)
            try:
                return function(*args, **kwargs)
            finally:
                self._turn()
                self._entered.pop()

        return call

    def _turn(self) -> None:
        now = perf_counter()
        self.seconds[self._entered[-1]] += now - self._since
        self._since = now


def table_with(account: str) -> Table:
    """Make a table with an account of four payers and 24 lots: 3 spent, 1 in part, 20 open, and one payer that owes."""
    table = Table(os.environ["TABLE_NAME"])
    book = Passbook(calls.Client(table.answer), table.name)
    opened, payers = datetime(2020, 10, 1, tzinfo=UTC), ("DANNON", "UNILEVER", "MILLER COORS", "KELLOGG")
    changes: list[Add | Spend] = [Add(payers[n % 4], 1_000, opened + timedelta(days=n)) for n in range(24)]
    for change in (*changes, Spend(3_500), Add("KELLOGG", -200, opened)):
        book.record(account, change, deadline=float("inf"))
    return table


def network_to(table: Table) -> Callable[..., AWSResponse]:
    """Answer botocore's `before-send` from a table. What was read once is kept ready; what is put is forgotten."""

    @cache
    def read(operation: str, body: bytes) -> bytes:
        return json.dumps(table.answer(calls.Call(operation, json.loads(body)))).encode()

    reads = {b"DynamoDB_20120810.Query": "query", b"DynamoDB_20120810.GetItem": "get_item"}

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = reads.get(request.headers["X-Amz-Target"])
        body = read(operation, request.body) if operation else b"{}"
        headers: Any = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(body))}
        return AWSResponse(request.url, 200, headers, HTTPResponse(BytesIO(body), headers, preload_content=False))

    return answer


def connect(table: Table, stopwatch: Stopwatch) -> None:
    """Put a table behind the handlers, with the true client between them."""
    client: Any = make_client()
    client.meta.events.register("before-send.dynamodb", stopwatch.timed(WIRE, network_to(table)))
    with patch.object(runtime, "make_client", lambda: client):
        runtime.passbook.cache_clear()
        runtime.passbook()


def events(client: Client) -> dict[str, Event]:
    """Return a request of each kind, by its name."""
    body = {"payer": "DANNON", "points": 1_000, "timestamp": "2020-11-02T14:00:00Z"}
    return {
        "add": client.event("add", body),
        "add with an Idempotency-Key": client.event(
            "add", body, idempotency_key="5f0c9a3e-7d42-4b8e-9a51-c3d7e1f20b64"
        ),
        "spend of 5 lots": client.event("spend", {"points": 4_000}),
        "balance": client.event("balance"),
    }


def seconds_of(event: Event, stopwatch: Stopwatch) -> float:
    """Send a handler a request, and return how long it took, less the time on the network."""
    handler, context = HANDLERS[event["rawPath"].removeprefix("/")].handler, Context()
    on_network = stopwatch.seconds[WIRE]
    began = perf_counter()
    answer = handler(event, context)
    took = perf_counter() - began
    if answer["statusCode"] != 200:
        raise RuntimeError(answer)
    return took - (stopwatch.seconds[WIRE] - on_network)


def times_of(asked: dict[str, Event], table: Table, rounds: int) -> dict[str, list[float]]:
    """Send requests of each kind, and return how many microseconds they took."""
    stopwatch = Stopwatch()
    connect(table, stopwatch)
    times: dict[str, list[float]] = {kind: [] for kind in asked}
    for _ in range(rounds):
        for kind, event in asked.items():
            times[kind] += [1e6 * seconds_of(event, stopwatch) for _ in range(REQUESTS)]
    return times


def shares_of(event: Event, table: Table, rounds: int) -> dict[str, float]:
    """Send a request again and again, and return the share of each part; to time the parts makes it slower."""
    stopwatch = Stopwatch()
    with ExitStack() as patches:
        for part, seams in SEAMS.items():
            for owner, name in seams:
                patches.enter_context(patch.object(owner, name, stopwatch.timed(part, getattr(owner, name))))
        connect(table, stopwatch)
        stopwatch.seconds.clear()
        send = stopwatch.timed(FRAME, seconds_of)
        for _ in range(rounds * REQUESTS):
            send(event, stopwatch)
    seconds = {part: stopwatch.seconds[part] for part in (FRAME, *SEAMS)}
    return {part: spent / sum(seconds.values()) for part, spent in seconds.items()}


def measure(rounds: int) -> list[Row]:
    """Measure the functions that this process imports."""
    client = Client()
    table, asked = table_with(client.subject), events(client)
    rows = []
    for kind, times in times_of(asked, table, rounds).items():
        lower, middle, upper = quantiles(times)
        rows.append(Row(kind, middle, lower, upper, shares_of(asked[kind], table, rounds)))
    return rows


def rows_of(functions: Path = ROOT / "functions", *, rounds: int = ROUNDS) -> list[Row]:
    """Measure the functions in a folder, in a process of their own. What they print is left unread."""
    function = load_template(ROOT / "infra" / "template.yaml").functions[0]
    search_path = os.pathsep.join([str(functions), str(ROOT)])
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, os, sys, bench.handlers as b; json.dump(b.measure(int(os.environ['ROUNDS'])), sys.stderr)",
        ],
        env={**ENVIRONMENT, **function.environment, "PYTHONPATH": search_path, "ROUNDS": str(rounds)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    if run.returncode:
        raise RuntimeError(run.stderr)
    return [Row(*row) for row in json.loads(run.stderr)]


def tables(rows: list[Row]) -> list[str]:
    """Write rows as the lines of two Markdown tables: what requests take, and what of it goes where."""
    lines = ["| request | ms, median | quartiles |", "|---|---|---|"]
    for row in rows:
        median, lower, upper = (f"{value / 1000:.2f}" for value in row[1:4])
        lines.append(f"| {row.request} | {median} | {lower} to {upper} |")
    lines += ["", "| part | " + " | ".join(row.request for row in rows) + " |", "|---" * (len(rows) + 1) + "|"]
    for part in rows[0].shares:
        lines.append(f"| {part} | " + " | ".join(f"{row.shares[part]:.0%}" for row in rows) + " |")
    return lines


if __name__ == "__main__":
    print("\n".join(tables(rows_of(*map(Path, sys.argv[1:])))))
