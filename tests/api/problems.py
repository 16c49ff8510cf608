"""What every refusal must look like."""

import re

from tests.api.client import Answer

_INTERNAL = re.compile(
    r"traceback|exception|boto|dynamo|pydantic|powertools|lambda|\.py\b|LedgerTable|None", re.IGNORECASE
)


def assert_problem(answer: Answer, status: int, kind: str, **errors: str) -> None:
    """Check that an answer is a whole problem of this kind, and blames these fields, each with a message like this."""
    assert (answer.status, answer.json["type"]) == (status, f"urn:points-ledger:problem:{kind}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    members = {"type", "title", "status", "detail"} | ({"errors"} if errors else set())
    assert answer.json.keys() == members
    assert answer.json["status"] == status
    assert all(isinstance(answer.json[text], str) and answer.json[text] for text in ("title", "detail"))
    assert not _INTERNAL.search(answer.text), answer.text
    found = {error["field"]: error["message"] for error in answer.json.get("errors", [])}
    assert found.keys() == {name.replace("_", "-") for name in errors}
    assert all(message in found[name.replace("_", "-")] for name, message in errors.items()), found
