"""What the build leaves out is missed by nobody."""

import shutil
from collections.abc import Callable
from pathlib import Path

import botocore
import pytest
from botocore.loaders import Loader
from botocore.session import Session

from tools.trim import SERVICES, trim, trim_botocore

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
    for service in (*SERVICES, "sts"):
        shutil.copytree(DATA / service, copy / service)
    return copy


def _client(service: str, region: str) -> tuple[str, str, str, str]:
    meta = Session().create_client(service, region).meta
    return (meta.endpoint_url, meta.partition, meta.config.region_name, meta.service_model.api_version)


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_a_client_finds_the_same_endpoints_with_what_is_left(
    data: Path, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper()}", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    before = [_client(service, region) for region in REGIONS]
    trim_botocore(data)
    monkeypatch.setattr(Loader, "BUILTIN_DATA_PATH", str(data))
    assert [_client(service, region) for region in REGIONS] == before
    assert {path.name for path in data.iterdir() if path.is_dir()} == SERVICES
    assert (data / "endpoints.json").stat().st_size * 20 < (DATA / "endpoints.json").stat().st_size


@pytest.fixture
def built(data: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that builds a function's folder, with all that `sam build` puts into each."""

    def build(name: str) -> Path:
        function = tmp_path / name
        for file in ("add.py", "docs.py", "docs_assets/page.html", "points/__pycache__/x.pyc", "requirements.txt"):
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
    assert _names(function) >= {"add.py", "points", "botocore-1.dist-info", "service-2.json.gz"}
    assert not _names(function) & {"docs.py", "docs_assets", "__pycache__", "requirements.txt", "sts"}


def test_the_function_of_the_pages_has_nothing_else(built: Callable[[str], Path]) -> None:
    trim(function := built("DocsFunction"))
    assert _names(function) == {"docs.py", "docs_assets", "page.html"}
