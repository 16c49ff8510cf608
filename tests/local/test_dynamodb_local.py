"""What DynamoDB Local says where it cannot run. That it runs is for tests/integration to show."""

from pathlib import Path

import pytest

from tools import dynamodb_local
from tools.dynamodb_local import EngineError, running_engine


@pytest.fixture(autouse=True)
def _nothing_there_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(dynamodb_local, "FOLDER", tmp_path / "engine")


def put_on_path(tmp_path: Path, name: str, script: str) -> None:
    (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / name).chmod(0o755)


def assert_refused(message: str) -> None:
    with pytest.raises(EngineError, match=message), running_engine():
        pass


def test_without_java_a_line_says_so() -> None:
    assert_refused("needs Java 17 or newer, but java is not on the PATH")


def test_without_npm_a_line_says_so(tmp_path: Path) -> None:
    put_on_path(tmp_path, "java", "exit 0")
    assert_refused("needs npm for its first start, but npm is not on the PATH")


def test_what_npm_says_is_handed_on(tmp_path: Path) -> None:
    put_on_path(tmp_path, "java", "exit 0")
    put_on_path(tmp_path, "npm", "echo 'no such registry' >&2; exit 1")
    assert_refused("npm cannot fetch .*: no such registry")
    assert not (tmp_path / "engine").exists()
