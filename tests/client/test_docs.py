"""What the README, the guide to the client and the examples say works."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:3000"
GUIDE = (ROOT / "docs/client.md").read_text()
README = (ROOT / "README.md").read_text().partition("## Try it")[0]
HISTORY = "payer,points,timestamp\nDANNON,500,2020-11-02T14:00:00Z\n"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `points` is on the path."""
    command = tmp_path / "points"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m points_ledger "$@"\n')
    command.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith("POINTS_")}
    return own | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "client/src")}


def blocks(kind: str, text: str) -> list[str]:
    """Return the blocks of a kind of code."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """Run a command, and return what it writes."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_lines_of_the_readme(url: str, environment: dict[str, str], tmp_path: Path, account: str) -> None:
    [program] = blocks("python", README)
    program = program.replace(URL, url).replace("ann", account)
    said = run([sys.executable, "-c", program], environment, tmp_path)
    assert said == "(PayerPoints(payer='DANNON', points=-500),)\n"
    (tmp_path / "history.csv").write_text(HISTORY)
    [shell] = [block for block in blocks("sh", README) if "points" in block]
    shell = shell.replace(URL, url).replace("ann", account)
    assert "DANNON\t2000\n" in run(["bash", "-ec", shell], environment, tmp_path)


def test_the_programs_of_the_guide(url: str, environment: dict[str, str], tmp_path: Path, account: str) -> None:
    program = "\n".join(blocks("python", GUIDE)).replace(f'"{URL}"', f'"{url}", account="{account}"')
    said = run([sys.executable, "-c", program], environment, tmp_path).splitlines()
    assert said == [
        "DANNON 850 None",
        "850",
        "The user doesn't have enough points: there are 850, but 1,000,000 were asked for.",
    ]


def test_the_commands_of_the_guide(url: str, environment: dict[str, str], tmp_path: Path, account: str) -> None:
    (tmp_path / "history.csv").write_text(HISTORY)
    lines = [line.removeprefix("$ ") for block in blocks("console", GUIDE) for line in block.splitlines()]
    shell = "\n".join(lines).replace(URL, url).replace("ann", account)
    said = run(["bash", "-ec", shell], environment, tmp_path)
    assert "available" in said
    assert "intact\tTrue" in said
    assert (tmp_path / f"{account}.jsonl").read_text().count("\n") == 2


def test_the_checkout(url: str, environment: dict[str, str], account: str) -> None:
    command = [sys.executable, "examples/checkout.py", url, account]
    said = run(command, environment, ROOT)
    assert said.splitlines() == [
        "order-1003: the payment was declined, and the points are back",
        "order-1004: The user doesn't have enough points: there are 300, but 1,000 were asked for.",
        "350 points are left",
    ]
    again = run(command, environment, ROOT)
    assert again.splitlines()[-1] == "350 points are left"
