"""The guide to integrating a shop says nothing that does not work."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.serving import serving

GUIDE = (Path(__file__).parents[2] / "docs/integration.md").read_text()


def test_the_program_of_the_guide_leaves_what_it_says() -> None:
    [program] = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102
    with serving() as url:
        account = names["shop"](url)
        assert account["available"] == 350
        assert names["shop"](url) == account, "the keys make it safe to run twice"
        with pytest.raises(names["Refused"], match="enough points"):
            names["change"](url, "/spend", {"points": 351}, "too-much")


def test_the_commands_of_the_guide_work_one_after_the_other() -> None:
    commands = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    with serving() as url:
        shell = "\n".join(commands).replace("http://127.0.0.1:3000", url)
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603, S607
    *changes, account, history = done.stdout.splitlines()
    assert [json.loads(change)["kind"] for change in changes] == ["add", "hold", "capture", "refund"]
    assert json.loads(account)["available"] == 350
    assert [told["kind"] for told in json.loads(history)["transactions"]] == ["refund", "hold"]
