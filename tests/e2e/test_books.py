"""The books' own stack, and the same statement from Athena as from DuckDB.

The stand-in takes note of an export but writes no files, so the test puts them there, as DynamoDB does. Its Athena runs
queries by DuckDB, so it is sent DuckDB's translation of them.
"""

import gzip
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cfnlint.decode import cfn_yaml

from books.engines import Athena, duckdb_over
from books.errors import BooksError
from books.exports import find_data_files
from books.queries import DUCKDB, Period
from books.statement import Figures, make_statement
from books.table import copy_table
from tests.e2e.conftest import Caller
from tools.deploy_local.stack import Stack
from tools.deploy_local.stand_in import ROOT, credentials

NAME = "points-books"
LONGEST_S = 60


def eventually(look: Callable[[], Any], *, within_s: float = LONGEST_S) -> Any:
    """Look until there is something, and return it."""
    until = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def outputs(stack: Stack) -> dict[str, str]:
    """Deploy the books beside the ledger, and return what came of it."""
    template = cfn_yaml.load(str(ROOT / "infra/books.yaml"))
    kept = {name: it for name, it in template["Resources"].items() if it["Type"] != "AWS::Athena::NamedQuery"}
    cloudformation = stack.client("cloudformation")
    cloudformation.create_stack(
        StackName=NAME,
        TemplateBody=json.dumps(template | {"Resources": kept}),  # it knows of no named queries
        Parameters=[{"ParameterKey": "TableName", "ParameterValue": stack.outputs()["TableName"]}],
        Capabilities=["CAPABILITY_IAM"],
    )

    def ended() -> Any:
        (described,) = cloudformation.describe_stacks(StackName=NAME)["Stacks"]
        return described if not described["StackStatus"].endswith("IN_PROGRESS") else None

    described = eventually(ended)
    assert described["StackStatus"] == "CREATE_COMPLETE"
    return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}


def test_the_lines_of_the_day_before_are_exported(stack: Stack, outputs: dict[str, str]) -> None:
    states, dynamodb = stack.client("stepfunctions"), stack.client("dynamodb")
    started = states.start_execution(
        stateMachineArn=outputs["ExportArn"], input=json.dumps({"time": "2026-11-02T00:30:00Z"})
    )

    def ended() -> Any:
        described = states.describe_execution(executionArn=started["executionArn"])
        return described if described["status"] != "RUNNING" else None

    described = eventually(ended)
    assert described["status"] == "SUCCEEDED"
    arn = json.loads(described["output"])["ExportDescription"]["ExportArn"]
    export = dynamodb.describe_export(ExportArn=arn)["ExportDescription"]
    assert (export["ExportType"], export["S3Bucket"]) == ("INCREMENTAL_EXPORT", outputs["BucketName"])
    assert export["TableArn"].endswith(f":table/{stack.outputs()['TableName']}")


def busy_account(caller: Caller, payer: str) -> None:
    """Leave something of every kind behind, some of it to fall due in an hour."""
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    def change(path: str, points: int, **others: str) -> None:
        whose = {"payer": payer, "timestamp": "2026-01-01T00:00:00Z"} if path == "/add" else {}
        answer = caller.send("POST", path, {"points": points, **whose, **others})
        assert answer.status == 200, answer.text

    change("/add", 1000)
    change("/add", 300, expires_at=soon)
    change("/add", 70, effective_at=soon)
    change("/add", -20)
    change("/spend", 500)  # 280 of what expires, and 220 of the rest
    change("/transactions/5/refund", 150)
    change("/holds", 200)
    change("/holds/7/capture", 80)
    change("/holds", 90, expires_at=soon)
    change("/holds", 10)
    change("/add", 40, expires_at=soon)
    change("/add", 5, expires_at="2099-07-01T00:00:00Z")


def put_exports(s3: Any, bucket: str, copy: Path) -> None:
    """Put the copy of a table into the bucket as a full export and a day's, which has some of the same lines."""
    *full, newest = sorted(copy.rglob("data/*.json.gz"))
    for path in (*full, *copy.rglob("manifest-*.json")):
        s3.upload_file(str(path), bucket, str(path.relative_to(copy)))
    lines = [json.loads(line) for path in (full[0], newest) for line in gzip.decompress(path.read_bytes()).splitlines()]
    day = [{"Metadata": {}, "Keys": {}, "NewImage": line["Item"]} for line in lines]
    text = "".join(json.dumps(entry) + "\n" for entry in day)
    s3.put_object(Bucket=bucket, Key="AWSDynamoDB/data/day.json.gz", Body=gzip.compress(text.encode()))


@pytest.fixture
def copy(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the ledger's table into a folder."""
    for name, value in credentials(stack.url).items():
        monkeypatch.setenv(name, value)
    copy_table(stack.outputs()["TableName"], tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def payer(caller: Callable[..., Caller], token: str) -> str:
    """Leave something of every kind in three accounts, all of a payer's own."""
    name = f"PAYER {uuid4()}"
    for number in range(3):
        busy_account(caller(token, f"books-{number}-{uuid4()}"), name)
    return name


def test_athena_and_duckdb_come_to_the_same_statement(
    stack: Stack, outputs: dict[str, str], payer: str, copy: Path
) -> None:
    """A day from now, when much is due that nobody has recorded."""
    put_exports(stack.client("s3"), outputs["BucketName"], copy)
    now = datetime.now(UTC)
    period = Period(now - timedelta(days=1), now + timedelta(days=1))
    engine = Athena(stack.client("athena"), outputs["WorkgroupName"], outputs["DatabaseName"], period, dialect=DUCKDB)
    by_athena = make_statement(engine, period)
    with duckdb_over([file.path for file in find_data_files(copy)], period) as local:
        by_duckdb = make_statement(local, period)
    assert by_athena == by_duckdb
    assert by_athena[payer] == Figures(
        issued=3 * (1000 + 300 + 70 + 40 + 5),
        taken_back=3 * -20,
        spent=3 * (-500 - 80),
        refunded=3 * 150,
        expired=3 * -40,
        set_aside=3 * -10,
        closing=3 * 915,
        held=3 * 10,
        expiring={"2099-07": 3 * 5},
    )


def test_a_query_that_fails_says_why(stack: Stack, outputs: dict[str, str]) -> None:
    now = datetime.now(UTC)
    engine = Athena(
        stack.client("athena"),
        outputs["WorkgroupName"],
        "nowhere",
        Period(now - timedelta(days=1), now),
        dialect=DUCKDB,
    )
    with pytest.raises(BooksError, match=r"Athena cannot run the query damaged: .*export"):
        list(engine.rows("damaged"))
