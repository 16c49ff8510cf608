"""Deploys what is built (python -m tools.deploy_local FOLDER), says how to call it, and ends all of it on Ctrl-C."""

import signal
import sys
import tempfile
from pathlib import Path

from tools.deploy_local.api import make_routes
from tools.deploy_local.stack import DEVELOPER, Stack, deploy
from tools.deploy_local.stand_in import running


def main(build: Path) -> None:
    """Deploy, say how to call it, and wait for Ctrl-C."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as url:
        print("Deploying …", flush=True)
        deploy(url, build)
        stack = Stack(url)
        make_routes(stack)
        print(_calls(stack), flush=True)
        signal.pause()


def _calls(stack: Stack) -> str:
    outputs = stack.outputs()
    return f"""
Deployed. The token below is valid for an hour; its own account is {stack.clients()[DEVELOPER]}.

export TOKEN={stack.token()}
export URL={outputs["ApiUrl"]}

curl $URL/add -H "Authorization: Bearer $TOKEN" \\
    -d '{{"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}}'
curl $URL/spend -H "Authorization: Bearer $TOKEN" -d '{{"points": 400}}'
curl $URL/transactions/2/refund -H "Authorization: Bearer $TOKEN" -d '{{"points": 100}}'
curl $URL/balance -H "Authorization: Bearer $TOKEN"
curl $URL/accounts/somebody/balance -H "Authorization: Bearer $TOKEN"
curl $URL/balance    # without a token: 401

Ctrl-C stops it and discards its data."""


try:
    main(Path(sys.argv[1]))
except KeyboardInterrupt:
    print()
