"""The package itself: what it needs, which Python it is written for, and that it knows nothing of the functions."""

import ast
import re
import sys
from pathlib import Path

import pytest

CLIENT = Path(__file__).parents[2] / "client"
SOURCES = sorted((CLIENT / "src").rglob("*.py"))
PROJECT = (CLIENT / "pyproject.toml").read_text()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_it_is_written_for_the_oldest_python_that_it_names(source: Path) -> None:
    [minor] = re.findall(r'requires-python = ">=3\.(\d+)"', PROJECT)
    tree = ast.parse(source.read_text(), feature_version=(3, int(minor)))
    newer = {"tomllib", "UTC", "StrEnum", "Self", "ExceptionGroup", "TaskGroup"}
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert not imported & newer


def test_it_imports_what_it_names_as_a_dependency_and_nothing_of_the_functions() -> None:
    imported = set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
    named = set(re.findall(r'^    "([a-z0-9]+)[>;]', PROJECT, re.MULTILINE))
    assert imported - sys.stdlib_module_names - {"points_ledger", "tomllib"} == named


def test_what_is_installed_with_it_is_pinned() -> None:
    named = set(re.findall(r'^    "([a-z0-9]+)[>;]', PROJECT, re.MULTILINE))
    pinned = dict(re.findall(r"^([a-z0-9]+)==(\S+)", (CLIENT / "requirements.txt").read_text(), re.MULTILINE))
    assert pinned.keys() == named


def test_who_imports_it_is_told_its_types() -> None:
    assert (CLIENT / "src/points_ledger/py.typed").exists()
