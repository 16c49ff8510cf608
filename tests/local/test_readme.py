"""The README's calls answer what the README says."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.serving import serving

README = (Path(__file__).parents[2] / "README.md").read_text()
URL = "http://127.0.0.1:3000"

DIFFERS = {"recorded_at", "digest"}


def test_the_calls_of_the_readme_answer_as_it_says() -> None:
    section = README.partition("## Try it")[2].partition("## The calls")[0]
    commands = "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
    said = [
        json.loads(line)
        for block in re.findall(r"```json\n(.*?)```", section, re.DOTALL)
        for line in block.split("\n")
        if line
    ]
    with serving() as url:
        shell = commands.replace(URL, url)
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603, S607
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == 13
    shown = [answers[0], *answers[5:8], answers[12]]
    assert list(map(_comparable, shown)) == list(map(_comparable, said))


def _comparable(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {name: None if name in DIFFERS else value for name, value in answer.items()}
    return answer
