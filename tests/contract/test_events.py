"""The description of the events is read by AsyncAPI's own parser, and a generator makes types of the schemas."""

import json
import shutil
from pathlib import Path

import pytest

from tests.contract.test_clients import run
from tests.serving import ROOT

EVENTS = ROOT / "docs/events"
NAMES = {path.stem for path in EVENTS.glob("points.*.json")}
PARSER = "@asyncapi/parser@3.6.6"
TYPES = ["json-schema-to-typescript@15.0.4", "typescript@5.9.3"]
USE = """\
import type { PointsSpend } from "./points.spend";

export function spent(event: PointsSpend): number {
  const left: number = Object.values(event.detail.balance ?? {}).reduce((sum, points) => sum + points, 0);
  return event["detail-type"] === "points.spend" ? event.detail.transaction.taken[0].points : left;
}
"""


@pytest.fixture
def npm(tmp_path: Path) -> Path:
    """Return a folder with a copy of the description."""
    shutil.copytree(EVENTS, tmp_path / "events")
    return tmp_path


def test_asyncapi_s_own_parser_reads_the_bus_and_finds_nothing_wrong(npm: Path) -> None:
    run("npm", "install", "--silent", "--no-audit", "--no-fund", PARSER, cwd=npm)
    shutil.copy(Path(__file__).with_name("asyncapi.cjs"), npm)
    said = json.loads(run("node", "asyncapi.cjs", "events/asyncapi.json", cwd=npm))
    assert said["wrong"] == []
    assert said["messages"].keys() == NAMES
    for fields in said["messages"].values():
        assert {"detail-type", "detail"} <= set(fields)


def test_json_schema_to_typescript_makes_types_that_can_be_used(npm: Path) -> None:
    run("npm", "install", "--silent", "--no-audit", "--no-fund", *TYPES, cwd=npm)
    run("npx", "json2ts", "-i", "events/points.*.json", "-o", "types", cwd=npm)
    assert {path.name.removesuffix(".d.ts") for path in (npm / "types").iterdir()} == NAMES
    (npm / "types/use.ts").write_text(USE)
    run("npx", "tsc", "--noEmit", "--strict", "--target", "es2020", "types/use.ts", cwd=npm)
