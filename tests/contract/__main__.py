"""Send the local server what its description allows and what it forbids, and compare the answers with it.

What follows on the command line goes to Schemathesis.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.serving import ROOT, serving

DESCRIPTION = ROOT / "functions/docs_assets/openapi.json"
SETTINGS = Path(__file__).with_name("schemathesis.toml")


def main() -> int:
    """Run Schemathesis, and return its exit status."""
    schemathesis = Path(sys.executable).with_name("schemathesis")
    with serving() as url:
        command = [schemathesis, "--config-file", SETTINGS, "run", DESCRIPTION, "--url", url, *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
