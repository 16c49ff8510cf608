"""The books read what `make run` keeps, while it runs."""

import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from click.testing import CliRunner, Result

from books.cli import main
from tests.serving import serving


def post(url: str, body: dict[str, Any]) -> None:
    with urlopen(Request(url, json.dumps(body).encode(), {"content-type": "application/json"})) as answer:
        assert answer.status == 200


def books(command: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, [command, *arguments, "--processes", "1"], env={"AWS_ENDPOINT_URL_DYNAMODB": None})


def test_what_a_local_run_keeps_is_verified_while_it_runs(tmp_path: Path) -> None:
    with serving(tmp_path) as url:
        post(f"{url}/add", {"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"})
        post(f"{url}/spend", {"points": 200})
        said = books("verify", "--data", str(tmp_path))
    assert said.output.startswith("2 lines in 1 accounts, "), said.output
    assert said.exit_code == 0
