"""What is deployed is pinned, down to the last file."""

import re

from tests.infra.template import PATH

FUNCTIONS = PATH.parents[1] / "functions"
PIN = re.compile(r"^([\w.-]+==\S+)", re.MULTILINE)


def test_all_that_the_functions_run_on_is_pinned_with_hashes() -> None:
    locked = (FUNCTIONS / "requirements.txt").read_text().replace("\\\n", "")
    lines = [line for line in locked.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==\S+( +--hash=sha256:[0-9a-f]{64})+", line) for line in lines)
    asked = PIN.findall((FUNCTIONS / "requirements.in").read_text())
    assert asked
    assert {*asked} < {*PIN.findall(locked)}
