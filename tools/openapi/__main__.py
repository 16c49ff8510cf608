"""`make openapi`: write the description where the docs function serves it from."""

import json
from pathlib import Path

from local.template import load_template
from tools.openapi.document import make_document

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "functions/docs_assets/openapi.json"


def description() -> str:
    """Make the description, as it is written."""
    document = make_document(load_template(ROOT / "infra/template.yaml").routes)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(description())
