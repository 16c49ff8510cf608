"""What `make sam-local` finds out and says. That it runs, and that SAM CLI takes it, is shown elsewhere."""

import json
import shlex
import socket
import tomllib
from pathlib import Path

import pytest

from local.errors import LocalError
from local.template import load_template
from tools import sam_local

ROOT = Path(__file__).parents[2]
ASKED = "network inspect bridge --format {{(index .IPAM.Config 0).Gateway}}"
OF_NO_MACHINE = "192.0.2.1"  # kept free for documentation
SAM_CONFIGURATION = tomllib.loads((ROOT / "samconfig.toml").read_text())["default"]


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The only folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put_docker(path: Path, script: str) -> None:
    (path / "docker").write_text(f"#!/bin/sh\n{script}\n")
    (path / "docker").chmod(0o755)


@pytest.mark.parametrize(
    ("bridge", "host"),
    [("127.0.0.2", "127.0.0.2"), (OF_NO_MACHINE, "127.0.0.1"), ("", "127.0.0.1"), ("<no value>", "127.0.0.1")],
)
def test_containers_come_by_dockers_bridge_if_this_machine_has_an_end_of_it(path: Path, bridge: str, host: str) -> None:
    put_docker(path, f'[ "$*" = "{ASKED}" ] && echo "{bridge}"')
    assert sam_local.host_for_containers() == host


def test_without_docker_a_line_says_so(path: Path) -> None:
    with pytest.raises(LocalError, match="needs Docker, but docker is not on the PATH"):
        sam_local.host_for_containers()
    put_docker(path, "echo 'Is the daemon running?' >&2; exit 1")
    with pytest.raises(LocalError, match=r"needs Docker, but it does not answer: Is the daemon running\?$"):
        sam_local.host_for_containers()


def test_a_port_in_use_is_named(path: Path) -> None:
    put_docker(path, f"echo {OF_NO_MACHINE}")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        variables = path / "env.json"
        variables.write_text(json.dumps({"Parameters": {"AWS_ENDPOINT_URL_DYNAMODB": f"http://any:{port}"}}))
        with pytest.raises(LocalError, match=f"cannot listen on 127.0.0.1:{port}, .*: Address already in use"):
            sam_local.main(variables)


def test_functions_and_events_that_it_names_are_there_and_an_add_comes_first() -> None:
    functions = {route.key: route.function for route in load_template(ROOT / "infra/template.yaml").routes}
    *invocations, start = map(shlex.split, sam_local.commands())
    assert invocations[0][3] == "AddFunction"
    assert {*sam_local.EVENTS, sam_local.VARIABLES.stem} == {path.stem for path in (ROOT / "events").iterdir()}
    for sam, local, invoke, function, option, event, *rest in invocations:
        assert (sam, local, invoke, option) == (".venv-sam/bin/sam", "local", "invoke", "--event")
        route = json.loads((ROOT / event).read_text())["routeKey"]
        assert function == functions[route]
        assert rest == start[3:]
    assert start[:3] == [".venv-sam/bin/sam", "local", "start-api"]


def test_containers_are_given_the_variables_and_find_this_machine_by_name() -> None:
    (host,) = {it["add_host"][0].split(":")[0] for it in local_settings()}
    assert {it["env_vars"] for it in local_settings()} == {str(sam_local.VARIABLES.relative_to(ROOT))}
    assert f"http://{host}:" in sam_local.VARIABLES.read_text()


def local_settings() -> list[dict[str, str]]:
    return [SAM_CONFIGURATION[command]["parameters"] for command in ("local_invoke", "local_start_api")]
