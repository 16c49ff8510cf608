"""How an environment is made and filled: by uv, or by pip. Nothing is installed: both only note what they are asked."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "local/environment.sh"
MAKES_AN_ENVIRONMENT = """\
for folder; do :; done
case "$*" in
    "-m venv "* | "venv "*) mkdir -p "$folder/bin" && cp "$TOOLS/python" "$folder/bin/python" ;;
esac"""


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to come first on the PATH, with a Python in it."""
    folder = tmp_path / "tools"
    folder.mkdir()
    put(folder, "python", MAKES_AN_ENVIRONMENT)
    return folder


def put(tools: Path, name: str, script: str) -> None:
    (tools / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"$TOOLS/asked"\n{script}\n')
    (tools / name).chmod(0o755)


def run(tools: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script, and return what came of it and what the tools were asked for."""
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "PYTHON": "python", "TOOLS": str(tools), "HOME": str(tools)}
    done = subprocess.run(  # noqa: S603 - this project's own script
        [SCRIPT, *arguments], cwd=tools, env=environment, capture_output=True, text=True, check=False
    )
    asked = tools / "asked"
    return done, asked.read_text().splitlines() if asked.exists() else []


def test_uv_makes_and_fills_it_if_it_is_there(tools: Path) -> None:
    put(tools, "uv", MAKES_AN_ENVIRONMENT)
    done, asked = run(tools, "env", "list.txt", "", "1 MB and some 2 s")
    assert done.stdout == "Installing list.txt into env, once (1 MB and some 2 s)\n"
    assert asked[-2:] == [
        "uv venv --clear --seed --python python env",
        "uv pip install --compile-bytecode --python env/bin/python -r list.txt",
    ]


def test_pip_does_if_uv_is_not_there_or_does_not_work(tools: Path) -> None:
    put(tools, "uv", "exit 1")
    done, asked = run(tools, "env", "list.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Installing list.txt into env, once\n"
    by_python = [line for line in asked if line.startswith("python -m")]
    assert by_python == [
        "python -m venv --clear env",
        "python -m pip install -qq --disable-pip-version-check -r list.txt",
    ]


def test_one_that_is_there_is_filled_again_and_not_made_again(tools: Path) -> None:
    put(tools, "uv", "exit 1")
    run(tools, "env", "list.txt")
    (tools / "asked").unlink()
    _, asked = run(tools, "env", "other.txt")
    assert [line for line in asked if line.startswith("python")] == [
        "python -m pip --version",
        "python -m pip install -qq --disable-pip-version-check -r other.txt",
    ]


def test_what_cannot_be_installed_is_named(tools: Path) -> None:
    put(tools, "uv", "exit 1")
    put(tools, "python", f'case "$*" in *" install "*) exit 1 ;; esac\n{MAKES_AN_ENVIRONMENT}')
    done, _ = run(tools, "env", "list.txt")
    assert done.returncode == 1
    assert done.stderr == "error: could not install list.txt into env\n"


def test_a_python_that_is_missing_is_named(tools: Path) -> None:
    done, asked = run(tools, "env", "list.txt", "3.99")
    assert done.returncode == 1
    assert done.stderr == "error: Python 3.99 not found; the deployed functions run on it, so install it\n"
    assert not (tools / "env").exists()
    assert asked == []
