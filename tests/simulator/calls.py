"""What passes between the storage and DynamoDB."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Response = dict[str, Any]

HIGHEST_LINE = 10**9
"""No account of a test has so many lines."""


@dataclass(frozen=True, eq=False)
class Call:
    """One call of boto3's low-level client. Calls are equal if they ask for the same."""

    operation: str
    request: dict[str, Any]

    @property
    def writes(self) -> bool:
        return self.operation == "put_item"

    @property
    def reads_the_end(self) -> bool:
        """Whether it asks what the account's last lines are."""
        last = self.request.get("ExpressionAttributeValues", {}).get(":last", {})
        return int(last.get("N", 0)) > HIGHEST_LINE

    @property
    def reads_on(self) -> bool:
        """Whether it asks for the lines that follow a known one."""
        return self.reads_the_end and "ScanIndexForward" not in self.request

    @cached_property
    def text(self) -> str:
        return json.dumps([self.operation, self.request], sort_keys=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Call) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        if self.writes:
            item = self.request["Item"]
            return f"puts {item['write_id']['S']} at {item['sequence']['N']}"
        if self.operation == "get_item":
            return f"gets {self.request['Key']['sequence']['N']}"
        asked = [next(iter(value.values())) for value in self.request["ExpressionAttributeValues"].values()][1:]
        return f"queries {self.request.get('IndexName', 'lines')} {' to '.join(map(repr, asked))}"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a caller gets for a call, and how long it waits for that."""

    response: Response | None = None
    error: BaseException | None = None
    seconds: float = 0.0

    def unpack(self) -> Response:
        """Return or raise, as the client would."""
        if self.error is not None:
            raise self.error.with_traceback(None)  # many get the same error: it must not keep all their frames
        assert self.response is not None
        return self.response


class Client:
    """The part of boto3's low-level client that the storage uses, in front of something that takes calls."""

    def __init__(self, take: Callable[[Call], Response]) -> None:
        self._take = take

    def get_item(self, **request: Any) -> Response:
        return self._take(Call("get_item", request))

    def put_item(self, **request: Any) -> Response:
        return self._take(Call("put_item", request))

    def query(self, **request: Any) -> Response:
        return self._take(Call("query", request))

    def close(self) -> None:
        """End the connections, of which there are none."""
