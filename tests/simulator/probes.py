"""Marks of the rare paths that a history took, so that a test can tell that all of them were reached."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence

from points.rules.positions import FIRST_GENERATION, lot_position
from points.storage.errors import BusyError
from points.storage.lines import Line

from tests.simulator.attempts import Attempt, Verdict
from tests.simulator.audit import Book
from tests.simulator.clock import START
from tests.simulator.faults import PUT_FAULTS, READ_FAULTS
from tests.simulator.network import Network, Sent

ALL = {
    *(f"put_item: {fault}" for fault in PUT_FAULTS),
    *(f"query: {fault}" for fault in READ_FAULTS),
    *(f"get_item: {fault}" for fault in READ_FAULTS),
    "lost race",
    "lost race after an unclear put",
    "lines read after lost races",
    "lines missed in a pause",
    "own line handed back",
    "replay of a line handed back",
    "replay of a line looked up",
    "several pages of lots",
    "page of lots cut by its size",
    "page of lines cut by its size",
    "page with a lot newer than the line",
    "delayed put arrived in time",
    "delayed put arrived too late",
    *(f"ended {verdict.name}" for verdict in Verdict),
    "unknown, and was recorded",
    "unknown, and was not recorded",
    "out of time, with every put refused",
    "out of time after lost races",
    "answered with a line that landed late",
    "replay of a line that landed late",
    "refused: NotEnoughPointsError",
    "refused: PayerBelowZeroError",
    "refused: VersionMismatchError",
    "refused: KeyReusedError",
    "late lot",
    "watermark among late lots",
    "several lots spent in part",
    "points owed",
    "new generation",
}
"""Every mark there is."""

_PLAIN_POSITION = len(lot_position(START, 1, FIRST_GENERATION))


def marks(network: Network, attempts: Sequence[Attempt], book: Book) -> Counter[str]:
    """Return the marks of a history."""
    found: Counter[str] = Counter()
    landed_late = {call.request["Item"]["write_id"]["S"] for call, answer in network.landed if not answer.error}
    for attempt in attempts:
        sent = network.sent_by(attempt.name)
        found.update(marks_of_calls(sent))
        found.update(_marks_of_ending(attempt, sent, book, landed_late))
    for _, answer in network.landed:
        found["delayed put arrived too late" if answer.error else "delayed put arrived in time"] += 1
    for line in book.lines:
        found.update(_marks_of_line(line))
    return found


def marks_of_calls(sent: Sequence[Sent]) -> Iterator[str]:
    """Return the marks that one attempt has left among its calls."""
    for before, one in zip([None, *sent], sent, strict=False):
        if one.fault:
            yield f"{one.call.operation}: {one.fault}"
        if one.call.operation == "get_item":
            yield "replay of a line looked up"
        if ":known" in one.call.request.get("ExpressionAttributeValues", {}):
            yield "lines read after lost races"
            if (one.answer.response or {}).get("Items"):
                yield "lines missed in a pause"
        if _is_cut(one):
            yield "page of lots cut by its size" if "Limit" in one.call.request else "page of lines cut by its size"
        if one.lost_race:
            yield _mark_of_lost_race(one)
            if before and before.unclear:
                yield "lost race after an unclear put"
    yield from _marks_of_pages(sent)


def _is_cut(sent: Sent) -> bool:
    """Whether a page ends before its limit, though something is left."""
    response = sent.answer.response or {}
    return "LastEvaluatedKey" in response and response["Count"] != sent.call.request.get("Limit")


def _mark_of_lost_race(sent: Sent) -> str:
    ours, theirs = sent.call.request["Item"], sent.item_handed_back
    if ours["write_id"] == theirs["write_id"]:
        return "own line handed back"
    if "idempotency_key" in ours and ours["idempotency_key"] == theirs.get("idempotency_key"):
        return "replay of a line handed back"
    return "lost race"


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


def _marks_of_ending(attempt: Attempt, sent: Sequence[Sent], book: Book, landed_late: Container[str]) -> Iterator[str]:
    verdict, line, error = attempt.ending.verdict, attempt.ending.line, attempt.ending.error
    yield f"ended {verdict.name}"
    if verdict is Verdict.REFUSED:
        yield f"refused: {type(error).__name__}"
    if isinstance(error, BusyError) and any(one.call.writes for one in sent):
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


def _marks_of_line(line: Line) -> Iterator[str]:
    state = line.state
    if line.lot and len(line.lot.position) > _PLAIN_POSITION:
        yield "late lot"
    if len(state.spent_through) > _PLAIN_POSITION:
        yield "watermark among late lots"
    if state.spent_through[: len(FIRST_GENERATION)] > FIRST_GENERATION:
        yield "new generation"
    if len(state.part_spent) > 1:
        yield "several lots spent in part"
    if state.owed:
        yield "points owed"
