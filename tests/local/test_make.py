"""What `make` is asked for, and what it does then."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNTIME = "3.13"


def commands(*arguments: str) -> str:
    """Return what a target would run, with nothing installed yet."""
    command = ["make", "--dry-run", "--always-make", *arguments]
    environment = {"PATH": os.environ["PATH"]}  # nothing of a `make test` around this
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    return done.stdout


def test_deploy_installs_and_builds_first_and_hands_on_what_it_is_given() -> None:
    said = commands("deploy", "ARGS=--guided --stack-name other")
    steps = [
        "environment.sh .venv-sam ",
        "sam build ",
        "tools/trim.py ",
        " -m compileall ",
        "sam deploy --guided --stack",
    ]
    places = [said.index(step) for step in steps]
    assert places == sorted(places)


def test_what_is_deployed_is_built_by_the_python_that_the_template_names() -> None:
    assert f"Runtime: python{RUNTIME}\n" in (ROOT / "infra/template.yaml").read_text()
    said = commands("build")
    assert f"environment.sh .venv-sam infra/requirements.txt {RUNTIME}\n" in said
    assert f".venv-sam/bin/python{RUNTIME} -m compileall " in said


def test_a_python_that_is_missing_is_named(tmp_path: Path) -> None:
    command = [ROOT / "local/environment.sh", tmp_path / "env", "requirements.txt", "3.99"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this project's own
    assert done.returncode == 1
    assert done.stderr == "error: no Python 3.99 found, the one that the deployed functions run on; install it\n"
    assert not (tmp_path / "env").exists()
