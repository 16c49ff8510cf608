"""What `make` is asked for, and what it does then."""

import os
import re
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
    assert f'environment.sh .venv-sam infra/requirements.txt "{RUNTIME}" ' in said
    assert f".venv-sam/bin/python{RUNTIME} -m compileall " in said


def test_whoever_waits_for_an_environment_is_told_what_it_takes() -> None:
    makefile = (ROOT / "Makefile").read_text()
    environments = set(re.findall(r"\.venv[a-z-]*/\.(?:run|all)", makefile))
    assert environments
    installs = [line for line in commands(*environments).splitlines() if "environment.sh" in line]
    assert len(installs) == len(environments)
    for install in installs:
        assert re.search(r'environment\.sh \S+ \S+ "[0-9.]*" "\d+ MB and .+ s[a-z]*"$', install), install
