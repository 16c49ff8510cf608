"""Make clients from the description and call the local server with one; then send it what the description allows.

What follows on the command line goes to Schemathesis.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving import ROOT, serving

FOLDER = Path(__file__).parent
DESCRIPTION = ROOT / "functions/docs_assets/openapi.json"
SETTINGS = FOLDER / "schemathesis.toml"


def main() -> int:
    """Run both, and return an exit status."""
    return pytest.main(["-q", str(FOLDER)]) or _schemathesis()


def _schemathesis() -> int:
    """Send the local server what its description allows and what it forbids, and compare the answers with it."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    with serving() as url:
        command = [schemathesis, "--config-file", SETTINGS, "run", DESCRIPTION, "--url", url, *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
