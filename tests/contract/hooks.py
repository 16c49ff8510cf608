"""What Schemathesis cannot know of this API by itself."""

from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

REASONS = {404, 409, 412, 422}
"""Refusals of valid requests, for what the account's history is; `not-enough-points` is one too."""


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:  # noqa: ARG001 - part of a hook
    """Ask no call for a token: the local server has none."""
    for path in raw_schema["paths"].values():
        for operation in path.values():
            operation.pop("security")


@schemathesis.check
def accepted_or_refused_for_a_reason(ctx: CheckContext, response: Response, case: Case) -> None:  # noqa: ARG001
    """A request that fits the description is not called invalid."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code < 400:
        return
    assert response.status_code in REASONS or _is_beyond_description(response.json(), case.body), response.text


BEYOND_JSON_SCHEMA = (
    "must be in the years 1 to 9999 in UTC",
    "must be later than",
    "is not allowed with negative points",
    "must not begin or end with white space",
    "must not contain invisible characters",
    "must be in Unicode normalization form C",
    "must have at most 2,048 bytes in all",
)
"""What a field must be that JSON Schema has no words for."""

OPAQUE = {"cursor", "lots_cursor", "If-Match", "If-None-Match"}
"""Only the server knows a right one; and of headers Schemathesis tries values that their pattern does not allow."""


def _is_beyond_description(problem: dict[str, Any], body: Any) -> bool:
    """Say whether a request is at fault in a way that JSON Schema has no words for."""
    if problem["type"].endswith((":not-enough-points", ":hold-end", ":too-far")):
        return True
    return all(
        error["field"] in OPAQUE
        or error["message"].startswith(BEYOND_JSON_SCHEMA)
        or "must be a date that exists" in error["message"]
        or (error["field"] == "points" and isinstance(body["points"], float))  # 5.0 is a whole number there, not here
        for error in problem["errors"]
    )


@schemathesis.check
def problem_tells_its_status(ctx: CheckContext, response: Response, case: Case) -> None:  # noqa: ARG001
    """A problem says the status that it came with."""
    if response.headers["content-type"] == ["application/problem+json"]:
        assert response.json()["status"] == response.status_code
