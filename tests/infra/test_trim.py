"""What the build leaves out is missed by nobody."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape
from botocore.session import Session
from points.events.bus import EventBridge
from points.storage.dynamodb import DynamoDBTables
from points.sweeping.queue import SQS

from tools.trim import CALLED, trim, trim_botocore

DATA = Path(botocore.__file__).parent / "data"
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-4", "cn-north-1", "us-gov-west-1", "eu-isoe-west-1", "xx-new-9"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """What botocore knows of the services that are called, and of one other."""
    copy = tmp_path / "data"
    copy.mkdir()
    for file in DATA.iterdir():
        if file.is_file():
            shutil.copy(file, copy)
    for service in (*CALLED, "sts"):
        shutil.copytree(DATA / service, copy / service)
    return copy


def _client(service: str, region: str) -> tuple[str, str, str, str]:
    meta = Session().create_client(service, region).meta
    return (meta.endpoint_url, meta.partition, meta.config.region_name, meta.service_model.api_version)


@pytest.mark.parametrize("service", CALLED)
def test_a_client_finds_the_same_endpoints_with_what_is_left(
    data: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    before = [_client(service, region) for region in REGIONS]
    trim_botocore(data)
    monkeypatch.setattr(Loader, "BUILTIN_DATA_PATH", str(data))
    assert [_client(service, region) for region in REGIONS] == before
    assert {path.name for path in data.iterdir() if path.is_dir()} == CALLED.keys()
    assert (data / "endpoints.json").stat().st_size * 20 < (DATA / "endpoints.json").stat().st_size


def _model(service: str) -> ServiceModel:
    return Session().create_client(service, "us-east-1").meta.service_model


@pytest.mark.parametrize("service", CALLED)
def test_the_operations_that_are_called_are_described_as_before(
    data: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    before = _model(service)
    trim_botocore(data)
    monkeypatch.setattr(Loader, "BUILTIN_DATA_PATH", str(data))
    after = _model(service)
    assert tuple(after.operation_names) == CALLED[service]
    assert after.metadata == before.metadata
    for name in CALLED[service]:
        kept, whole = after.operation_model(name), before.operation_model(name)
        for one, other in [
            (kept.input_shape, whole.input_shape),
            (kept.output_shape, whole.output_shape),
            *zip(kept.error_shapes, whole.error_shapes, strict=True),
        ]:
            assert _outline(one) == _outline(other)
        assert {kept.http["requestUri"], kept.http["method"]} == {"/", "POST"}
    assert all(model.stat().st_size < 40_000 for model in (data / service).rglob("service-2.json"))


def _outline(shape: Shape) -> Any:
    """Reduce a shape to all that is sent and read by it. The values of attributes may hold values in turn."""
    known: dict[str, Any] = {}

    def outline(of: Shape) -> str:
        if of.name not in known:
            known[of.name] = None
            inner = {name: outline(member) for name, member in getattr(of, "members", {}).items()}
            parts = {part: outline(getattr(of, part)) for part in ("member", "key", "value") if hasattr(of, part)}
            known[of.name] = (of.type_name, dict(of.serialization), dict(of.metadata), inner, parts)
        return str(of.name)

    return outline(shape), known


@pytest.mark.parametrize(("service", "client"), [
    ("dynamodb", DynamoDBTables),
    ("events", EventBridge),
    ("sqs", SQS),
])  # fmt: skip
def test_the_functions_call_no_other_operation(service: str, client: type) -> None:
    called = {
        name
        for it in client.__mro__
        if it.__module__.startswith("points.")
        for name in vars(it)
        if not name.startswith("_")
    } - {"close"}
    assert called == set(map(xform_name, CALLED[service]))


@pytest.fixture
def built(data: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that builds a function's folder, with all that `sam build` puts into each."""

    def build(name: str) -> Path:
        function = tmp_path / name
        for file in ("add.py", "docs.py", "docs_assets/page.html", "points/__pycache__/x.pyc", "requirements.in"):
            path = function / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (function / "botocore-1.dist-info").mkdir()
        shutil.copytree(data, function / "botocore" / "data")
        return function

    return build


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*")}


def test_functions_of_the_ledger_leave_the_pages_out(built: Callable[[str], Path]) -> None:
    trim(function := built("AddFunction"))
    assert _names(function) >= {"add.py", "points", "botocore-1.dist-info", "service-2.json"}
    assert not _names(function) & {"docs.py", "docs_assets", "__pycache__", "requirements.in", "sts"}


def test_the_function_of_the_pages_has_nothing_else(built: Callable[[str], Path]) -> None:
    trim(function := built("DocsFunction"))
    assert _names(function) == {"docs.py", "docs_assets", "page.html"}
