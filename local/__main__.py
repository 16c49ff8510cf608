"""`make run`: serve the template's functions on this machine until told to stop.

The environment may say where: PORT (3000; 0 for any free one), DATA_DIR (.data), AWS_ENDPOINT_URL_DYNAMODB (no DynamoDB
is embedded then).
"""

import os
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import NoReturn

import uvicorn

from local.dynamodb import make_tables, running_dynamodb
from local.errors import LocalError
from local.functions import RunningFunction
from local.gateway import Router
from local.server import Server
from local.template import load_template

_ROOT = Path(__file__).parent.parent
_LONGEST_STOP_S = 20


def main() -> None:
    """Run until a signal comes, or say in a line why that is not possible."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    os.environ["LOCAL_ACCOUNT"] = "default"
    try:
        run()
    except LocalError as error:
        sys.exit(f"error: {error}")


def run() -> None:
    """Start DynamoDB and the functions, serve, and end them in the opposite order."""
    data = Path(os.environ.get("DATA_DIR", ".data")).resolve()
    log = data / "functions.log"
    template = load_template(_ROOT / "infra/template.yaml")
    with ExitStack() as running:
        listener = running.enter_context(_listen(os.environ.get("PORT", "3000")))
        running.enter_context(running_dynamodb(data))
        data.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        functions = {it.name: running.enter_context(RunningFunction(it, log)) for it in template.functions}
        make_tables(template.tables)
        for function in functions.values():
            function.wait_until_ready()
        _serve(Server(Router(template.routes), functions), listener, log)


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def _listen(port: str) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", int(port)))
    except (ValueError, OverflowError):
        raise LocalError(f"PORT={port} is no port") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LocalError(f"cannot listen on 127.0.0.1:{port}: {reason}; PORT=… names another port") from error


def _serve(server: Server, listener: socket.socket, log: Path) -> None:
    config = uvicorn.Config(
        server,
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LONGEST_STOP_S,
        ws="none",
    )
    _greet(f"http://127.0.0.1:{listener.getsockname()[1]}", log)
    uvicorn.Server(config).run(sockets=[listener])


def _greet(url: str, log: Path) -> None:
    body = "-H 'content-type: application/json' -d"
    print(
        f"The points ledger listens on {url}; Ctrl-C ends it. The functions' logs: {log}\n\n"
        f"""  curl {url}/add {body} '{{"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}}'\n"""
        f"""  curl {url}/spend {body} '{{"points": 200}}'\n"""
        f"""  curl {url}/balance\n""",
        flush=True,
    )


if __name__ == "__main__":
    main()
