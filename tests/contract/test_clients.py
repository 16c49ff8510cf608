"""Clients that generators make from the description have every call, and work."""

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.serving import ROOT, serving

DESCRIPTION = ROOT / "functions/docs_assets/openapi.json"
CALLS = {
    operation["operationId"]
    for methods in json.loads(DESCRIPTION.read_text())["paths"].values()
    for operation in methods.values()
}
PACKAGES = ["openapi-typescript@7.13.0", "typescript@5.9.3"]

CLIENT = "points_ledger_client"

USE = """\
import type { components, operations } from "./api";

const body: operations["add"]["requestBody"]["content"]["application/json"] =
  { payer: "DANNON", points: 1000, timestamp: "2020-11-02T14:00:00Z", expires_at: "2021-11-02T14:00:00Z" };
const headers: operations["add"]["parameters"]["header"] = { "If-Match": '"7"', "Idempotency-Key": "order-1042" };

export function left(transaction: components["schemas"]["TransactionInFull"]): number {
  return transaction.kind === "spend" || transaction.kind === "hold" ? transaction.left : body.points;
}
export { headers };
"""


def run(*command: str | Path, cwd: Path) -> str:
    """Run a generator, and return what it says."""
    program = Path(sys.executable).with_name(str(command[0]))
    first = program if program.exists() else shutil.which(str(command[0]))
    assert first, f"there is no {command[0]} on the PATH"
    done = subprocess.run([first, *command[1:]], cwd=cwd, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def client_package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where openapi-python-client has put its client, which can be imported."""
    folder = tmp_path_factory.mktemp("python")
    settings = folder / "settings.json"
    settings.write_text('{"post_hooks": []}')
    package = folder / CLIENT
    arguments = ["--path", DESCRIPTION, "--output-path", package, "--meta", "none", "--config", settings]
    said = run("openapi-python-client", "generate", *arguments, "--fail-on-warning", cwd=folder)
    assert "warning" not in said.lower()
    sys.path.insert(0, str(folder))
    yield package
    sys.path.remove(str(folder))


def test_openapi_python_client_makes_every_call(client_package: Path) -> None:
    assert {module.stem for module in client_package.glob("api/*/[a-z]*.py")} == CALLS


@pytest.mark.parametrize(
    ("language", "sources", "method"),
    [
        pytest.param("python", "openapi_client/api/*.py", r"\n    def (\w+)\(", id="python"),
        pytest.param("typescript-fetch", "apis/*.ts", r"\n    async (\w+)\(", id="typescript-fetch"),
        pytest.param("java", "src/main/java/**/api/*.java", r"\n    public [^(=]+ (\w+)\(", id="java"),
    ],
)
def test_openapi_generator_makes_every_call(language: str, sources: str, method: str, tmp_path: Path) -> None:
    _generate(language, tmp_path)
    made = "".join(source.read_text() for source in tmp_path.glob(sources))
    calls = CALLS if language == "python" else {_camel(name) for name in CALLS}
    assert calls <= set(re.findall(method, made))


def test_what_openapi_generator_makes_in_typescript_compiles(tmp_path: Path) -> None:
    _generate("typescript-fetch", tmp_path)
    _compile("index.ts", tmp_path)


def test_openapi_typescript_makes_every_call_with_types_that_hold(tmp_path: Path) -> None:
    _node("openapi-typescript", DESCRIPTION, "-o", "api.ts", cwd=tmp_path)
    _, _, operations = (tmp_path / "api.ts").read_text().partition("export interface operations {")
    assert set(re.findall(r"\n    (\w+): \{", operations)) == CALLS
    (tmp_path / "use.ts").write_text(USE)
    _compile("use.ts", tmp_path)


@dataclass
class Caller:
    """Makes calls with the client, on the own account or on a named one, and keeps in mind which."""

    package: Path
    client: Any
    account: str | None = None
    called: set[str] = field(default_factory=set)

    def on(self, account: str) -> "Caller":
        """Return a caller of another account."""
        return Caller(self.package, self.client, account, self.called)

    def __call__(self, name: str, status: int = 200, **arguments: Any) -> Any:
        """Make a call, and return its answer as the client reads it."""
        return self.answer(name, status, **arguments).parsed

    def answer(self, name: str, status: int = 200, **arguments: Any) -> Any:
        """Make a call, and return its answer with the headers. One that is not described is an error."""
        if self.account:
            name, arguments = f"{name}_of", {"account": self.account, **arguments}
        self.called.add(name)
        [source] = self.package.glob(f"api/*/{name}.py")
        answer = _module(f"api.{source.parent.name}.{name}").sync_detailed(client=self.client, **arguments)
        assert answer.status_code == status, answer.content
        return answer


def test_the_client_makes_every_call_on_both_kinds_of_account(client_package: Path) -> None:
    with serving() as url, _module("client").Client(url, raise_on_unexpected_status=True) as client:
        caller = Caller(client_package, client)
        _make_every_call(caller)
        _make_every_call(caller.on("shop+7"))
        for page in ("home", "docs", "openapi"):
            caller(page)
    assert caller.called == CALLS


def _make_every_call(call: Caller) -> None:
    models = _module("models")

    def add(points: int, **more: str) -> Any:
        body = {"payer": "DANNON", "points": points, "timestamp": "2020-11-02T14:00:00Z", **more}
        return models.AddBody.from_dict(body)

    added = call.answer("add", body=add(1000, reference="first"), idempotency_key="add-1")
    again = call.answer("add", body=add(1000, reference="first"), idempotency_key="add-1")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.parsed == added.parsed == models.AddTransaction.from_dict(json.loads(added.content))
    pending = call("add", body=add(50, effective_at="9000-01-01T00:00:00Z"))
    assert (type(pending), pending.amount) == (models.PendingTransaction, 50)
    assert [one.sequence for one in call("pending").pending] == [pending.sequence]
    assert call("cancel", sequence=pending.sequence, body=models.CancelBody()).of == pending.sequence

    wanted = models.SpendBody(points=600)
    shown = call.answer("preview", body=wanted)
    taken = call.answer("spend", body=wanted, if_match=shown.headers["etag"])
    assert taken.parsed == shown.parsed == [models.TakenOfPayer(payer="DANNON", points=-600)]
    assert call("spend", 412, body=wanted, if_match=shown.headers["etag"]).status == 412
    spend = int(taken.headers["content-location"].rpartition("/")[2])
    assert call("refund", sequence=spend, body=models.RefundBody(points=100)).points == 100
    told = call("transaction", sequence=spend)
    assert (type(told), told.left, told.lots[0].sequence) == (models.SpendInFull, 500, 1)

    assert call("preview_hold", body=models.HoldBody(points=200))[0].points == -200
    hold, other = (call("hold", body=models.HoldBody(points=200)) for _ in range(2))
    assert [one.sequence for one in call("holds").holds] == [hold.sequence, other.sequence]
    assert call("capture_hold", sequence=hold.sequence, body=models.CaptureBody(points=150)).points == 50
    assert call("void_hold", sequence=other.sequence, body=models.VoidBody()).points == 200
    assert call("transaction", sequence=other.sequence).voided_by == other.sequence + 2

    now = call.answer("balance")
    assert now.parsed.additional_properties == {"DANNON": 350}
    assert call("balance", at="1").additional_properties == {"DANNON": 1000}
    assert call("balance", at="9000-01-01T00:00:00Z").additional_properties == {"DANNON": 350}
    assert call("balance", 304, if_none_match=now.headers["etag"]) is None
    assert call("account").available == 350
    assert [lot.points for lot in call("lots").lots] == [350]
    [first] = call("transactions", reference="first").transactions
    assert first == added.parsed
    problem = call("spend", 400, body=models.SpendBody(points=351))
    assert problem.title == "The user doesn't have enough points"


def _generate(language: str, folder: Path) -> None:
    run("openapi-generator-cli", "generate", "-i", DESCRIPTION, "-g", language, "-o", folder, cwd=folder)


def _node(*command: str | Path, cwd: Path) -> None:
    packages = [f"--package={package}" for package in PACKAGES]
    run("npm", "exec", "--yes", *packages, "--", *command, cwd=cwd)


def _compile(source: str, folder: Path) -> None:
    options = ("--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler")
    _node("tsc", "--noEmit", *options, "--lib", "es2022,dom", source, cwd=folder)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{CLIENT}.{name}")


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
