"""Requests and answers, as far as the client speaks of them without sending any."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True)
class Request:
    """An HTTP request.

    Attributes
    ----------
    path
        Below the account, such as `/add`; or a whole URL.
    query, form
        Names and values; a form becomes the body.
    json
        What becomes the body.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Response:
    """An HTTP answer; `headers` finds names in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Steps(Protocol[Result_co]):
    """One or several calls that come to one result: yields each call and is sent what it came to."""

    def __iter__(self) -> "Generator[Call[Any], Any, Result_co]": ...


@dataclass(frozen=True)
class Call(Generic[Result]):
    """One call of the API: what to send, and how to read what comes.

    Attributes
    ----------
    read
        Makes the result of a successful answer; raises ValueError, TypeError or KeyError if it is not the ledger's.
    key
        The Idempotency-Key of a change; None of a call that changes nothing.
    authorized
        Whether it goes out with a token.
    """

    request: Request
    read: Callable[[Response], Result]
    key: str | None = None
    authorized: bool = True

    def __iter__(self) -> "Generator[Call[Any], Any, Result]":
        result: Result = yield self
        return result


@dataclass(frozen=True)
class Page(Generic[Result]):
    """A part of a list, and the cursor of the next part; None at the end."""

    entries: tuple[Result, ...]
    next_cursor: str | None


Pages = Callable[[str | None], Call[Page[Result]]]
"""A list: the call that gets the part behind a cursor, or the first."""
