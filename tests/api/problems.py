"""What every refusal must look like."""

import re

from tests.api.client import Answer

_INTERNAL = re.compile(
    r"traceback|exception|boto|dynamo|powertools|lambda|\.py\b|LedgerTable|(?<!If-)None|rfc8785", re.IGNORECASE
)


def assert_problem(answer: Answer, status: int, kind: str, **errors: str) -> None:
    """Check that an answer is a whole problem of this kind, and blames these fields, each with a message like this.

    A header is named with underscores for its hyphens: `If_Match`.
    """
    assert (answer.status, answer.json["type"]) == (status, f"urn:points-ledger:problem:{kind}"), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    members = {"type", "title", "status", "detail"} | ({"errors"} if errors else set())
    assert answer.json.keys() == members
    assert answer.json["status"] == status
    assert all(isinstance(answer.json[text], str) and answer.json[text] for text in ("title", "detail"))
    assert not _INTERNAL.search(answer.text), answer.text
    found = {error["field"]: error["message"] for error in answer.json.get("errors", [])}
    assert found.keys() == {_field(name) for name in errors}, found
    assert all(message in found[_field(name)] for name, message in errors.items()), found


def _field(name: str) -> str:
    return name.replace("_", "-") if name[0].isupper() else name
