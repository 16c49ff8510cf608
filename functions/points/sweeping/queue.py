"""A queue of Amazon SQS, as far as it is put into."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, cast

from botocore.config import Config
from botocore.session import get_session

MOST_MESSAGES = 10
"""How many SQS takes at once."""


class SQS(Protocol):
    """The one call that is made, of botocore's client."""

    def send_message_batch(self, **request: Any) -> dict[str, Any]: ...


class NotQueuedError(Exception):
    """The queue did not take a message. Others of the same call may be in it."""


def make_client() -> SQS:
    """Make a client that gives up soon: a message that was sent twice does no harm, so whoever sends may repeat all."""
    config = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
    return cast(SQS, get_session().create_client("sqs", config=config))


class Queue:
    """A queue.

    Parameters
    ----------
    client
        SQS's low-level client.
    url
        The queue's address.
    """

    def __init__(self, client: SQS, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Iterable[str]) -> int:
        """Put messages into the queue, and return how many there were.

        Raises
        ------
        NotQueuedError
            One was refused; those before it are in the queue, and perhaps some behind it.
        """
        sent = 0
        for batch in _batches(messages):
            entries = [{"Id": str(number), "MessageBody": message} for number, message in enumerate(batch)]
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            for failed in answer.get("Failed", []):
                raise NotQueuedError(f"{failed['Code']}: {failed.get('Message', '')}")
            sent += len(batch)
        return sent


def _batches(messages: Iterable[str]) -> Iterator[list[str]]:
    left = iter(messages)
    while batch := list(islice(left, MOST_MESSAGES)):
        yield batch
