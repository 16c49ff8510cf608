"""EventBridge, as the tests have it: takes what is put, or fails as a test wants it to."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ReadTimeoutError

Answer = dict[str, Any]
Detail = dict[str, Any]


class EventBridge:
    """Takes every entry that `refuses` does not, by its detail.

    Attributes
    ----------
    requests
        The entries of each request.
    taken
        The details of the events on the bus, in order.
    """

    def __init__(self, refuses: Callable[[Detail], bool] = lambda _: False) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.taken: list[Detail] = []
        self.refuses = refuses

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Answer:  # noqa: N803 - as AWS spells it
        self.requests.append(Entries)
        results = [self._result(json.loads(entry["Detail"])) for entry in Entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _result(self, detail: Detail) -> dict[str, str]:
        if self.refuses(detail):
            return {"ErrorCode": "InternalFailure", "ErrorMessage": "try again"}
        self.taken.append(detail)
        return {"EventId": str(len(self.taken))}

    def details(self) -> list[list[Detail]]:
        """The details of each request's entries."""
        return [[json.loads(entry["Detail"]) for entry in request] for request in self.requests]


def no_answer() -> Exception:
    """Return how a request fails whose answer got lost."""
    return ReadTimeoutError(endpoint_url="https://events.us-east-1.amazonaws.com")
