"""GET /account, /lots, /holds and /pending: how an account stands, at a glance and one by one."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from points.api.answers import answer_at, lot, page
from points.api.app import NAMED_ACCOUNT, make_app, make_handler
from points.api.identity import account_of
from points.api.queries import Query, bad_cursor
from points.api.runtime import deadline_of, passbook
from points.moments import format_timestamp
from points.rules.order import is_key, key_of
from points.rules.ranges import after_key, in_order, whole
from points.rules.terms import Lot, OpenHold, PendingAdd
from points.rules.time import Coming, next_arrival, next_expiry, next_lapse
from points.storage.listing import per_payer
from points.storage.records import Records

Entry = TypeVar("Entry")

app = make_app()


@app.get("/account")
@app.get(NAMED_ACCOUNT + "/account")
def account() -> Response[str]:
    """Answer with what there is, what is set aside, what is still to come, and what comes next."""
    _, records = _read()
    state = records.at.state
    return _answer(
        records,
        {
            "available": state.total,
            "balances": state.balances,
            "held": state.held,
            "pending": state.awaited,
            "owed": state.owed,
            "next_expiry": _coming(next_expiry(state, records)),
            "next_lapse": _coming(next_lapse(state)),
            "next_arrival": _coming(next_arrival(state)),
        },
    )


@app.get("/lots")
@app.get(NAMED_ACCOUNT + "/lots")
def lots() -> Response[str]:
    """Answer with a page of the open lots, in the order in which they will be spent."""
    query, records = _read("limit", "cursor")
    limit, key = query.limit(), query.cursor()
    if key is not None and not is_key(key):
        raise bad_cursor()
    state = records.at.state
    ranges = state.ranges if key is None else after_key(state.ranges, key, records)
    open_lots = [of for _, of in islice(in_order(whole(ranges), records, state.sequence), limit + 1)]

    def show(of: Lot) -> dict[str, Any]:
        return lot(of, of.points - state.part_spent.get(of.sequence, 0))

    shown = page("lots", open_lots[:limit], show, lambda of: key_of(of.position), more=len(open_lots) > limit)
    return _answer(records, shown)


@app.get("/holds")
@app.get(NAMED_ACCOUNT + "/holds")
def holds() -> Response[str]:
    """Answer with the open holds, in the order in which they were made."""
    query, records = _read("cursor")

    def show(number: int, hold: OpenHold) -> dict[str, Any]:
        origin = records.origin(number)
        return {
            "sequence": number,
            "points": hold.points,
            "expires_at": format_timestamp(hold.expires_at),
            "taken": per_payer((origin.transaction.taken if origin else None) or {}),
        }

    return _answer(records, _numbered("holds", records.at.state.holds, show, query))


@app.get("/pending")
@app.get(NAMED_ACCOUNT + "/pending")
def pending() -> Response[str]:
    """Answer with the pending adds, in the order in which they were made."""
    query, records = _read("cursor")

    def show(number: int, add: PendingAdd) -> dict[str, Any]:
        moments = {name: getattr(add, name) for name in ("timestamp", "effective_at", "expires_at")}
        return {
            "sequence": number,
            "payer": add.payer,
            "amount": add.amount,
            **{name: format_timestamp(moment) for name, moment in moments.items() if moment},
        }

    return _answer(records, _numbered("pending", records.at.state.pending, show, query))


def _read(*parameters: str) -> tuple[Query, Records]:
    """Read what the request's query string asks for, and how its account stands now."""
    event = app.current_event
    account_name = account_of(event, "read")
    query = Query(event, *parameters)
    return query, passbook().now(account_name, deadline_of(app.lambda_context))


def _answer(records: Records, body: Any) -> Response[str]:
    return answer_at(app.current_event, records.at.version, body)


def _coming(coming: Coming | None) -> dict[str, Any] | None:
    return {"at": format_timestamp(coming.at), "points": coming.points} if coming else None


def _numbered(
    name: str, entries: Mapping[int, Entry], show: Callable[[int, Entry], dict[str, Any]], query: Query
) -> dict[str, Any]:
    """Show holds or pending adds by their numbers: all of them, unless they are too large for one answer."""
    after = query.number_cursor(least=1) or 0
    numbered = sorted((number, entry) for number, entry in entries.items() if number > after)
    return page(name, numbered, lambda one: show(*one), lambda one: one[0], more=False)


handler = make_handler(app)
