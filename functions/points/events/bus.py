"""The bus that events are put on: Amazon EventBridge, behind the few things that its PutEvents leaves to callers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, cast

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

SOURCE = "points-ledger"
"""What every event of the ledger names as its source."""

MOST_ENTRIES = 10
"""How many entries PutEvents takes at once."""

_ENVELOPE_BYTES = 1024
"""Room for what EventBridge puts around an event on its way to a target."""

MOST_BYTES = 1024 * 1024 - _ENVELOPE_BYTES
"""How large an event may be: EventBridge takes 1 MB."""

ANY_TARGET_BYTES = 256 * 1024 - _ENVELOPE_BYTES
"""How large an event may be to fit behind every rule: SNS, Step Functions and others take 256 KB."""

_TIME_BYTES = 14

_CONNECT_TIMEOUT_S = 1
_READ_TIMEOUT_S = 2
_ATTEMPTS = 2

LONGEST_PUT_S = _ATTEMPTS * (_CONNECT_TIMEOUT_S + _READ_TIMEOUT_S) + 1
"""How long one request takes at most, with the pause between its attempts."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    detail_type
        What it is: `points.spend`.
    detail
        What there is to know of it; becomes JSON.
    time
        When it happened; left out, when it is put on the bus.
    """

    detail_type: str
    detail: Mapping[str, Any]
    time: datetime | None = None

    @property
    def size(self) -> int:
        """Its bytes, as PutEvents counts them."""
        return _bytes_of(_entry(self))


class Failed(NamedTuple):
    """An event that the bus did not take, or may not have taken, and why."""

    event: Event
    reason: str


class EventBridge(Protocol):
    """The one call that is made, of botocore's client."""

    def put_events(self, **request: Any) -> dict[str, Any]: ...


def make_client() -> EventBridge:
    """Make a client that tries twice and gives up soon: whoever puts events repeats those that failed."""
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
    )
    return cast(EventBridge, get_session().create_client("events", config=config))


class Bus:
    """A bus of EventBridge.

    Parameters
    ----------
    client
        EventBridge's low-level client.
    name
        The bus's name or ARN.
    """

    def __init__(self, client: EventBridge, name: str) -> None:
        self._client = client
        self._name = name

    def put(self, events: Iterable[Event]) -> list[Failed]:
        """Put events on the bus, in as few requests as they fit into, and return those that failed.

        One that fails does not stop those behind it: where order matters, put only what may go before or after each
        other. A request without a clear answer counts as failed, so an event that is put again may arrive twice.
        """
        failed: list[Failed] = []
        fitting: list[Event] = []
        for event in events:
            if event.size <= MOST_BYTES:
                fitting.append(event)
            else:
                failed.append(Failed(event, "TooLarge"))
        for request in _requests(fitting):
            failed += self._put(request)
        return failed

    def _put(self, events: Sequence[Event]) -> Iterator[Failed]:
        entries = [_entry(event) | {"EventBusName": self._name} for event in events]
        try:
            answer = self._client.put_events(Entries=entries)
        except (ClientError, BotoCoreError) as error:
            return iter([Failed(event, str(error)) for event in events])
        if not answer["FailedEntryCount"]:
            return iter(())
        told = zip(events, answer["Entries"], strict=True)
        return (
            Failed(event, f"{result['ErrorCode']}: {result.get('ErrorMessage', '')}")
            for event, result in told
            if "ErrorCode" in result
        )


def _requests(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Cut events into as few requests as hold them, in their order. A large one travels alone."""
    request: list[Event] = []
    size = 0
    for event in events:
        if request and (len(request) == MOST_ENTRIES or size + event.size > ANY_TARGET_BYTES):
            yield request
            request, size = [], 0
        request.append(event)
        size += event.size
    if request:
        yield request


def _entry(event: Event) -> dict[str, Any]:
    entry = {
        "Source": SOURCE,
        "DetailType": event.detail_type,
        "Detail": json.dumps(event.detail, separators=(",", ":"), ensure_ascii=False),
    }
    return entry | ({"Time": event.time} if event.time else {})


def _bytes_of(entry: Mapping[str, Any]) -> int:
    """Return an entry's size as PutEvents counts it."""
    texts = (entry[name] for name in ("Source", "DetailType", "Detail"))
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)
