"""`make openapi`: write the description where the docs function serves it from, and that of the events."""

import json
from pathlib import Path

from local.template import load_template
from tools.openapi.document import make_document
from tools.openapi.events import event_schemas, make_asyncapi
from tools.openapi.schemas import Json

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "functions/docs_assets/openapi.json"
EVENTS = ROOT / "docs/events"


def description() -> str:
    """Make the description, as it is written."""
    return _text(make_document(load_template(ROOT / "infra/template.yaml").routes))


def descriptions_of_events() -> dict[str, str]:
    """Make the files that describe the events, by their names."""
    schemas = {f"{name}.json": _text(schema) for name, schema in event_schemas().items()}
    return schemas | {"asyncapi.json": _text(make_asyncapi())}


def _text(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(description())
    EVENTS.mkdir(exist_ok=True)
    for name, text in descriptions_of_events().items():
        (EVENTS / name).write_text(text)
