"""SAM CLI takes what `make sam-local` says, up to the point at which it needs Docker."""

import os
import shlex
import subprocess

import pytest

from tools.sam_local import ROOT, commands


@pytest.mark.parametrize("command", commands())
def test_a_command_lacks_nothing_but_docker(command: str) -> None:
    environment = os.environ | {"DOCKER_HOST": "unix:///nowhere/docker.sock", "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(  # noqa: S603 - this project's own command
        shlex.split(command), cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert done.stderr.strip().endswith("Do you have Docker or Finch installed and running?")
