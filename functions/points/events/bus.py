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

MOST_BYTES = 256 * 1024
"""How large the entries of one PutEvents may be together. EventBridge itself takes 1 MB by now, many targets do not."""

_ENVELOPE_BYTES = 1024
"""Room for what EventBridge puts around an event on its way to a target."""

_TIME_BYTES = 14


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
    def fits(self) -> bool:
        """Whether it is small enough for the bus and for every target behind it."""
        return _bytes_of(_entry(self)) <= MOST_BYTES - _ENVELOPE_BYTES


class Failed(NamedTuple):
    """An event that the bus did not take, or may not have taken, and why."""

    event: Event
    reason: str


class EventBridge(Protocol):
    """The one call that is made, of botocore's client."""

    def put_events(self, **request: Any) -> dict[str, Any]: ...


def make_client() -> EventBridge:
    """Make a client that tries twice and gives up soon: whoever puts events repeats those that failed."""
    config = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
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
        small: list[Event] = []
        for event in events:
            if event.fits:
                small.append(event)
            else:
                failed.append(Failed(event, "TooLarge"))
        for request in _requests(small):
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
    """Cut events into as few requests as hold them, in their order."""
    request: list[Event] = []
    size = 0
    for event in events:
        own = _bytes_of(_entry(event))
        if request and (len(request) == MOST_ENTRIES or size + own > MOST_BYTES):
            yield request
            request, size = [], 0
        request.append(event)
        size += own
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
