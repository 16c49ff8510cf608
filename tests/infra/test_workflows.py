"""What CI runs of others is pinned, so that nobody can change it from outside."""

import re
from pathlib import Path

import pytest

from tests.infra.template import PATH

WORKFLOWS = sorted((PATH.parents[1] / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(workflow: Path) -> None:
    used = re.findall(r"uses: (\S+)", workflow.read_text())
    assert used
    assert not [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)]
