"""Readies this machine for `sam local`: a DynamoDB that its containers reach, with the table in it.

`python -m tools.sam_local` says how to call the functions, and ends on Ctrl-C.
"""

import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from local.dynamodb import ENDPOINT, make_tables, point_to
from local.errors import LocalError
from local.template import load_template
from tools.deploy_local.stack import ARCHITECTURE
from tools.dynamodb_local import EngineError, running_engine

ROOT = Path(__file__).parents[1]
VARIABLES = ROOT / "events/env.json"
EVENTS = (  # in an order that works on an empty account: each names what an earlier one has recorded
    "add",
    "balance",
    "preview",
    "spend",
    "hold_preview",
    "hold",
    "refund",
    "hold",
    "capture",
    "void",
    "add_pending",
    "cancel",
    "account",
    "lots",
    "holds",
    "pending",
    "transactions",
    "transaction",
)

_SAM = ".venv-sam/bin/sam local"
_OVERRIDES = f"--parameter-overrides Architecture={ARCHITECTURE}"


def main(variables: Path = VARIABLES) -> None:
    """Run a DynamoDB where the functions' variables say that it is, until Ctrl-C."""
    host, port = host_for_containers(), port_for_containers(variables)
    _check_free(host, port)
    with running_engine(host, port) as url:
        point_to(url)
        make_tables(load_template(ROOT / "infra/template.yaml").tables, "start this again")
        print(_greeting(url), flush=True)
        signal.pause()


def host_for_containers() -> str:
    """Find the address of this machine that Docker's containers reach as host.docker.internal, and no other machine.

    Where the engine runs on this machine, that is its own end of Docker's bridge. Docker Desktop's runs in a machine
    of its own, from which calls are handed on to the loopback address of this one.

    Raises
    ------
    LocalError
        Docker is missing, or does not answer.
    """
    docker = shutil.which("docker")
    if not docker:
        raise LocalError("`sam local` needs Docker, but docker is not on the PATH")
    command = [docker, "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (a fixed command)
    if asked.returncode:
        raise LocalError(f"`sam local` needs Docker, but it does not answer: {asked.stderr.strip()}")
    bridge = asked.stdout.strip()
    return bridge if _is_of_this_machine(bridge) else "127.0.0.1"


def port_for_containers(variables: Path) -> int:
    """Read at which port the functions look for DynamoDB."""
    endpoint = json.loads(variables.read_text())["Parameters"][ENDPOINT]
    return urlsplit(endpoint).port or 80


def commands() -> list[str]:
    """Return the calls of single functions, in an order in which they work."""
    routes = {route.key: route.function for route in load_template(ROOT / "infra/template.yaml").routes}

    def function_of(event: str) -> str:
        return routes[json.loads((ROOT / f"events/{event}.json").read_text())["routeKey"]]

    return [f"{_SAM} invoke {function_of(event)} --event events/{event}.json {_OVERRIDES}" for event in EVENTS] + [
        f"{_SAM} start-api {_OVERRIDES}"
    ]


def _is_of_this_machine(host: str) -> bool:
    if not host:
        return False  # to listen there would be to listen everywhere
    try:
        socket.create_server((host, 0)).close()
    except OSError:
        return False
    return True


def _check_free(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise LocalError(
            f"cannot listen on {host}:{port}, where {VARIABLES.name} expects DynamoDB: {error.strerror}"
        ) from error


def _greeting(url: str) -> str:
    *invocations, start = commands()
    body = """'{"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}'"""
    return "\n".join(
        [
            f"DynamoDB Local listens on {url} and has the ledger's table. Ctrl-C stops it and discards its data.",
            "In another terminal, run single functions, in this order:",
            "",
            *(f"  {invocation}" for invocation in invocations),
            "",
            "or serve the whole API on http://127.0.0.1:3000:",
            "",
            f"  {start}",
            f"  curl http://127.0.0.1:3000/add -d {body}",
            "  curl http://127.0.0.1:3000/balance",
        ]
    )


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        main(*map(Path, sys.argv[1:]))
    except (EngineError, LocalError) as error:
        sys.exit(f"error: {error}")
