"""Marks of the rare paths that a history took, so that a test can tell that all of them were reached."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from points.rules.order import chapter_of
from points.rules.refusals import EndedError
from points.rules.terms import Capture, Kind, Refund, Void
from points.storage.errors import BusyError, ClockError, VersionMismatchError
from points.storage.lines import Line, Standing

from tests.simulator.accounts import TIMES_OWN
from tests.simulator.attempts import ACCOUNT, Attempt, Settle, Verdict
from tests.simulator.audit import Book
from tests.simulator.faults import PUT_FAULTS, READ_FAULTS
from tests.simulator.network import Network, Sent

ALL = {
    *(f"put_item: {fault}" for fault in PUT_FAULTS),
    *(f"query: {fault}" for fault in READ_FAULTS),
    *(f"get_item: {fault}" for fault in READ_FAULTS),
    "lost race",
    "lost race after an unclear put",
    "lost race of a line of time's",
    "lost race to a line of time's",
    "lost race of a sweeper",
    "lines read after lost races",
    "lines missed in a pause",
    "own line handed back",
    "own line of time's handed back",
    "replay of a line handed back",
    "replay of a line looked up",
    "refund lost its race to a refund",
    "refund lost its race to a spend",
    "several pages of lots",
    "page of lots cut by its size",
    "page of lines cut by its size",
    "page with a lot newer than the line",
    "replay met lots newer than what it replays",
    "delayed put arrived in time",
    "delayed put arrived too late",
    *(f"ended {verdict.name}" for verdict in Verdict),
    "unknown, and was recorded",
    "unknown, and was not recorded",
    "given up at a line of time's that is unclear",
    "out of time, with every put refused",
    "out of time after lost races",
    "answered with a line that landed late",
    "replay of a line that landed late",
    "refused: NotEnoughPointsError",
    "refused: PayerBelowZeroError",
    "refused: HoldEndError",
    "refused: NoOriginalError",
    "refused: MoreThanLeftError",
    "refused: NothingToRefundError",
    "refused: NotPendingError",
    "refused: EndedError",
    "refused: VersionMismatchError",
    "refused: KeyReusedError",
    "refused for what time has done to the version",
    "refused after lines of time's",
    "clock refused",
    "captured too late",
    "lapsed while it was captured",
    *(f"kind {kind}" for kind in Kind),
    "several lines of time's on the way to a change",
    "late lot begins a chapter",
    "chapter on chapter",
    "ranges joined",
    "several ranges",
    "several lots spent in part",
    "several lots expired together",
    "expired without a point",
    "points came back after their expiry",
    "points owed",
    "points owed again",
}
"""Every mark there is."""

RARE = {
    "expired without a point",
    "lapsed while it was captured",
    "own line of time's handed back",
    "ranges joined",
    "refused after lines of time's",
}
"""Marks that a few hundred random histories may miss. The short ones, or the interleavings, do not."""

_GIVES_BACK = {Kind.REFUND, Kind.CAPTURE, Kind.VOID, Kind.LAPSE}


def marks(network: Network, attempts: Sequence[Attempt], book: Book) -> Counter[str]:
    """Return the marks of a history."""
    found: Counter[str] = Counter()
    landed_late = {call.request["Item"]["write_id"]["S"] for call, answer in network.landed if not answer.error}
    for attempt in attempts:
        sent = network.sent_by(attempt.name)
        found.update(marks_of_calls(sent))
        found.update(marks_of_ending(attempt, sent, book, landed_late))
    for _, answer in network.landed:
        found["delayed put arrived too late" if answer.error else "delayed put arrived in time"] += 1
    for above, line in zip([Standing(ACCOUNT), *book.lines], book.lines, strict=False):
        found.update(_marks_of_line(above, line))
    return found


def marks_of_calls(sent: Sequence[Sent]) -> Iterator[str]:
    """Return the marks that one attempt has left among its calls."""
    for before, one in zip([None, *sent], sent, strict=False):
        if one.fault:
            yield f"{one.call.operation}: {one.fault}"
        if one.call.operation == "get_item":
            yield "replay of a line looked up"
        if one.call.reads_on:
            yield "lines read after lost races"
            if (one.answer.response or {}).get("Items"):
                yield "lines missed in a pause"
        if _is_cut(one):
            yield "page of lots cut by its size" if "Limit" in one.call.request else "page of lines cut by its size"
        if one.lost_race:
            yield from _marks_of_lost_race(one)
            if before and before.unclear:
                yield "lost race after an unclear put"
    yield from _marks_of_pages(sent)


def _is_cut(sent: Sent) -> bool:
    """Whether a page ends before its limit, though something is left."""
    response = sent.answer.response or {}
    return "LastEvaluatedKey" in response and response["Count"] != sent.call.request.get("Limit")


def _marks_of_lost_race(sent: Sent) -> Iterator[str]:
    ours, theirs = sent.call.request["Item"], sent.item_handed_back
    kind, other = ours["kind"]["S"], theirs["kind"]["S"]
    if ours["write_id"] == theirs["write_id"]:
        yield "own line handed back"
        if kind in TIMES_OWN:
            yield "own line of time's handed back"
    elif "idempotency_key" in ours and ours["idempotency_key"] == theirs.get("idempotency_key"):
        yield "replay of a line handed back"
    else:
        yield "lost race"
        if kind in TIMES_OWN:
            yield "lost race of a line of time's"
        if other in TIMES_OWN:
            yield "lost race to a line of time's"
        if kind == Kind.REFUND and other in {Kind.REFUND, Kind.SPEND}:
            yield f"refund lost its race to a {other}"
        if kind == Kind.CAPTURE and other == Kind.LAPSE and ours["of"] == theirs["of"]:
            yield "lapsed while it was captured"


def _marks_of_pages(sent: Sequence[Sent]) -> Iterator[str]:
    """Compare the pages of lots with the last line that the attempt had seen until then."""
    last = pages = 0
    for one in sent:
        items = [one.item_handed_back] if one.lost_race else (one.answer.response or {}).get("Items", [])
        newest = max((int(item["sequence"]["N"]) for item in items), default=0)
        if one.call.request.get("IndexName") == "by_timestamp":
            pages += 1
            if pages == 2:
                yield "several pages of lots"
            if newest > last:
                yield "page with a lot newer than the line"
        elif "IndexName" not in one.call.request:
            last = max(last, newest)


def marks_of_ending(attempt: Attempt, sent: Sequence[Sent], book: Book, landed_late: Container[str]) -> Iterator[str]:  # noqa: C901 - a mark for each ending
    """Return the marks of how one attempt ended."""
    verdict, line, error = attempt.ending.verdict, attempt.ending.line, attempt.ending.error
    asked = attempt.request.asked
    yield f"ended {verdict.name}"
    if verdict is Verdict.REFUSED:
        yield f"refused: {type(error).__name__}"
        if attempt.name in book.left_by:
            yield "refused after lines of time's"
    if isinstance(error, ClockError):
        yield "clock refused"
    if isinstance(error, VersionMismatchError) and "." in error.version:
        yield "refused for what time has done to the version"
    if isinstance(error, EndedError) and isinstance(asked, Capture) and "has lapsed" in str(error):
        yield "captured too late"
    if len(attempt.ending.due) > 1 and line:
        yield "several lines of time's on the way to a change"
    if isinstance(asked, Settle) and any(one.lost_race for one in sent):
        yield "lost race of a sweeper"
    if isinstance(asked, Refund | Capture | Void) and _met_newer_lots(asked.of, sent):
        yield "replay met lots newer than what it replays"
    if isinstance(error, BusyError) and sent and sent[-1].call.writes and any(one.unclear for one in sent[-3:]):
        yield "given up at a line of time's that is unclear"
    elif isinstance(error, BusyError) and any(one.call.writes for one in sent):
        yield (
            "out of time after lost races"
            if any(one.lost_race for one in sent)
            else "out of time, with every put refused"
        )
    if line and line.write_id in landed_late:
        yield (
            "replay of a line that landed late"
            if verdict is Verdict.REPLAYED
            else "answered with a line that landed late"
        )
    if verdict is Verdict.UNKNOWN:
        yield "unknown, and was recorded" if attempt.name in book.left_by else "unknown, and was not recorded"


def _met_newer_lots(of: int, sent: Sequence[Sent]) -> bool:
    pages = [one.answer.response or {} for one in sent if one.call.request.get("IndexName") == "by_timestamp"]
    return any(int(item["sequence"]["N"]) > of for page in pages for item in page.get("Items", []))


def _marks_of_line(above: Standing, line: Line) -> Iterator[str]:  # noqa: C901 - a mark for each rare state
    state, told = line.state, line.transaction
    yield f"kind {told.kind}"
    if line.lot and chapter_of(line.lot.position) > chapter_of(above.state.watermark):
        yield "late lot begins a chapter"
    if len({chapter_of(run.first) for run in state.ranges}) > 2:
        yield "chapter on chapter"
    if len(state.ranges) > 3:
        yield "several ranges"
    if told.kind in _GIVES_BACK and len(state.ranges) < len(above.state.ranges):
        yield "ranges joined"
    if told.kind in _GIVES_BACK and sum(state.owed.values()) > sum(above.state.owed.values()):
        yield "points owed again"
    if told.kind in _GIVES_BACK - {Kind.LAPSE} and line.calendar:
        yield "points came back after their expiry"
    if told.kind is Kind.EXPIRE:
        if not told.points:
            yield "expired without a point"
        if len(told.expired or {}) > 1:
            yield "several lots expired together"
    if len(state.part_spent) > 1:
        yield "several lots spent in part"
    if state.owed:
        yield "points owed"
