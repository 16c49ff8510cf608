"""The cursor from one page of a transaction's lots to the next: the place at which its walk is gone on with.

What it says is believed, and could not be checked without the walk that it saves. So it is sealed, by a secret of the
transaction's own: its `write_id`, which no answer shows. What nobody was given for this very transaction is refused.
"""

import hmac
import json
from itertools import takewhile

from points.api.problems import Problem
from points.api.queries import bad_cursor
from points.rules.order import key_of
from points.rules.terms import Origin, Records
from points.rules.walk import Place, beginning, walk_again

NAME = "lots_cursor"

MOST_DEBTS = 100
"""Of how many payers the debts are in a cursor, some 2 KB: a gateway takes 10 KB of a request's line and headers."""

_SEAL = 32


def hide(place: Place, origin: Origin, secret: str) -> str:
    """Say where the next page begins: behind which lot, after how many points, and what payers still owed there."""
    told: list[str | int] = [place.key]
    if len(origin.before.owed) <= MOST_DEBTS:
        told += [place.given, *(place.owed[payer] for payer in origin.before.owed)]
    text = json.dumps(told, separators=(",", ":"))
    return _seal(text, secret) + text


def find(hidden: str, origin: Origin, secret: str, records: Records) -> Place:
    """Return the place that a cursor hides. If the debts are not in it, the walk to there is made again.

    Raises
    ------
    Problem
        400: no answer about this transaction gave it.
    """
    seal, text = hidden[:_SEAL], hidden[_SEAL:]
    if not hmac.compare_digest(seal, _seal(text, secret)):
        raise not_given()
    key, *rest = json.loads(text)
    if not rest:
        passed = takewhile(lambda step: key_of(step.lot.position) <= key, walk_again(origin, records))
        return beginning(origin).after(passed)
    given, *owed = rest
    return Place(key, given, dict(zip(origin.before.owed, owed, strict=True)))


def not_given() -> Problem:
    """Refuse a cursor that no answer gave."""
    return bad_cursor(NAME)


def _seal(text: str, secret: str) -> str:
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()[:_SEAL]
