"""Starts what a local run needs, and serves.

The environment may say where: PORT (3000; 0 for any free one), DATA_DIR (.data), AWS_ENDPOINT_URL_DYNAMODB (no DynamoDB
is embedded then). And CORS_ORIGINS, from which origins pages may call (none), as the template's parameter has it.
"""

import os
import socket
import sys
from contextlib import ExitStack
from pathlib import Path

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
    os.environ["LOCAL_ACCOUNT"] = "default"
    try:
        run()
    except LocalError as error:
        sys.exit(f"error: {error}")


def run() -> None:
    """Start DynamoDB and the functions, serve, and end them in the opposite order."""
    data = Path(os.environ.get("DATA_DIR", ".data")).resolve()
    log = data / "functions.log"
    template = load_template(_ROOT / "infra/template.yaml", {"CorsOrigins": os.environ.get("CORS_ORIGINS", "")})
    with ExitStack() as running:
        listener = running.enter_context(_listen(os.environ.get("PORT", "3000")))
        to_start_over = running.enter_context(running_dynamodb(data))
        data.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        called = {route.function for route in template.routes}
        served = [it for it in template.functions if it.name in called]  # the others are for AWS alone
        functions = {it.name: running.enter_context(RunningFunction(it, log)) for it in served}
        make_tables(template.tables, to_start_over)
        for function in functions.values():
            function.wait_until_ready()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        _serve(Server(Router(template.routes), functions, template.cors), listener, _greeting(url, log))


def _listen(port: str) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", int(port)))
    except (ValueError, OverflowError):
        raise LocalError(f"PORT={port} is not a port") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LocalError(f"cannot listen on 127.0.0.1:{port}: {reason}; choose another port with PORT=…") from error


def _serve(server: Server, listener: socket.socket, greeting: str) -> None:
    config = uvicorn.Config(
        server,
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=_LONGEST_STOP_S,
        ws="none",
    )
    _Uvicorn(config, greeting).run(sockets=[listener])


class _Uvicorn(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, flush=True)


def _greeting(url: str, log: Path) -> str:
    body = "-H 'content-type: application/json' -d"
    return f"""\
The points ledger listens on {url}; Ctrl-C stops it. Logs of the functions: {log}

  curl {url}/add {body} '{{"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}}'
  curl {url}/spend {body} '{{"points": 200}}'
  curl {url}/balance
"""
