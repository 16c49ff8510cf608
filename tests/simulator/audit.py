"""The judge: from what was asked, answered and written, says whether a promise was broken."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionError as NotConnectedError
from points.rules.refusals import Refusal
from points.rules.terms import Add, Cancel, Capture, Hold, Kind, Refund, Spend, State, Transaction, Void
from points.rules.walk import walk_again
from points.storage.errors import ClockError, KeyReusedError, VersionMismatchError
from points.storage.lines import Line, from_item, to_item
from points.storage.passbook import Passbook

from tests.simulator.accounts import BEFORE_ALL, TIMES_OWN, Account, Content
from tests.simulator.attempts import (
    ACCOUNT,
    PATIENCE_S,
    Asked,
    Attempt,
    Balance,
    Lots,
    Preview,
    Settle,
    Verdict,
    naming,
    open_lots,
    planned_by,
)
from tests.simulator.calls import Call
from tests.simulator.clock import moment
from tests.simulator.faults import DENIED
from tests.simulator.items import Item
from tests.simulator.network import Network, Sent
from tests.simulator.promises import require
from tests.simulator.table import weight

FINAL_AFTER = timedelta(minutes=1)
"""How long ago a moment must be for what is told of it never to change."""

TOO_FAST_S, TOO_SLOW_S = 10.0, -11.0
"""By a clock beyond these nothing is written; DynamoDB dates its answers to the second."""
SLIGHTLY_FAST_S, SLIGHTLY_SLOW_S = 8.5, -10.0
"""A clock between these is good enough."""

USUAL_HOLD = timedelta(days=7)

PATIENT_FOR_S = 1.25
"""For so long at least, everybody tries to write to an account, or a table, that is busy: less than 2 s by a pause."""


class Settled(NamedTuple):
    """An account at a moment by which all that was due was done: the last change, the version, and the content."""

    changed: int
    version: str
    content: Content


class Book:
    """An account's lines, replayed in the model from the first.

    Raises
    ------
    BrokenPromiseError
        The lines do not follow from one another.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.lines = [from_item(item) for item in items]
        account, positions = Account(), dict[int, str]()
        self.settled: list[Settled] = []
        name = self.lines[0].account if self.lines else ACCOUNT
        digest, size, total = hashlib.sha256(name.encode()).digest(), 0, 0
        for sequence, (line, item) in enumerate(zip(self.lines, items, strict=True), 1):
            require(line.sequence == sequence, "the sequence has no gap", line)
            require(to_item(line) == item, "a line reads back as it was written", line, item)
            require(("opened_at" in item) == (sequence == 1), "the first line, and no other, opens the account", item)
            account.follow(line)
            if "timestamp_key" in item:
                positions[sequence] = item["timestamp_key"]["S"]
            account.compare(line.state, positions)
            _check_calendar(line, account)
            total += line.transaction.points
            if not account.is_due(line.recorded_at):
                self.settled.append(Settled(account.changed, account.version, account.content))
            require(total == account.model.total, "the points of all transactions add up to the balance", line)
            digest = hashlib.sha256(digest + canonical(listed(item))).digest()
            require(line.digest == digest.hex(), "a line's digest follows from the one above", line)
            size += weight({**item, "size": {"N": str(size)}})
            require(line.size == size, "a line knows the bytes of the account", line, size)
        self.settlings = account.settlings
        self.left_by: dict[str, list[Line]] = {}
        for line in self.lines:
            self.left_by.setdefault(planned_by(line), []).append(line)
        keys = [line.retry.key for line in self.lines if line.retry]
        require(len(keys) == len(set(keys)), "a key takes effect once", *self.lines)
        moments = [line.recorded_at for line in self.lines]
        require(moments == sorted(moments), "the time of recording never goes backwards", moments)
        self._check_returns()
        self._check_undoings()

    def line_under(self, key: str | None, through: int) -> Line | None:
        """Return the line written under a caller's key, if it is among the first so many."""
        return next((line for line in self.lines[:through] if key and line.retry and line.retry.key == key), None)

    def account_at(self, sequence: int, now: datetime = BEFORE_ALL) -> Account:
        """Return the account after a line, and after all that was due by some moment or by the line's own."""
        return Account(self.lines[:sequence]).let_time_pass(self.now_at(sequence, now))

    def now_at(self, sequence: int, now: datetime) -> datetime:
        """Return what counts as now after a line, if a clock shows this."""
        return max(now, self.lines[sequence - 1].recorded_at) if sequence else now

    def account_as_of(self, at: datetime, through: int | None = None) -> Account:
        """Return the account as of a moment, if only so many lines stood there when that was asked."""
        return Account(line for line in self.lines[:through] if line.recorded_at <= at).let_time_pass(at)

    def version_above(self, line: Line) -> str:
        """Return the version under which a line was written, and all that its writer settled on the way to it."""
        above = line.sequence - 1
        while above in self.settlings and planned_by(self.lines[above - 1]) == planned_by(line):
            above -= 1
        return self.lines[above - 1].version if above else "0"

    def _check_returns(self) -> None:
        """Nothing is returned twice: all that came back of a walk is no more than it took."""
        back: dict[int, int] = {}
        for line in self.lines:
            told = line.transaction
            if told.returned and told.of:
                back[told.of] = back.get(told.of, 0) + sum(told.returned.values())
        for of, points in back.items():
            drawn = self.lines[of - 1].transaction
            require(points <= -drawn.points, "nothing is returned twice", drawn, points)

    def _check_undoings(self) -> None:
        """A spend or a hold of which some is given back at once leaves the account as if it had been smaller."""
        for above, line in zip(self.lines, self.lines[1:], strict=False):
            told, drew = line.transaction, above.transaction
            if told.returned and told.of == above.sequence and told.kind not in TIMES_OWN:
                smaller = Account(self.lines[: above.sequence - 1]).model
                if drew.points + told.points:
                    smaller.spend(-drew.points - told.points)
                after = Account(self.lines[: line.sequence])
                same = (smaller.open_lots, smaller.balances) == (after.model.open_lots, after.model.balances)
                require(same, "a refunded spend leaves the account as if it had been smaller", above, line)


def listed(item: Item) -> dict[str, Any]:
    """Return a line's transaction as callers are shown it, without its digest, and with the account."""
    told: dict[str, Any] = {"account": item["account"]["S"], "recorded_at": item["recorded_at"]["S"]}
    for name in ("sequence", "points", "of", "amount"):
        if name in item:
            told[name] = int(item[name]["N"])
    for name in ("kind", "payer", "reference"):
        if name in item:
            told[name] = item[name]["S"]
    for name in ("timestamp", "effective_at", "expires_at"):
        if name in item:
            told[name] = datetime.fromisoformat(item[name]["S"]).isoformat().replace("+00:00", "Z")
    for name in ("taken", "returned", "expired"):
        if name in item:
            pairs = [pair["L"] for pair in item[name]["L"]]
            told[name] = [{"payer": payer["S"], "points": int(points["N"])} for payer, points in pairs]
    if "metadata" in item:
        told["metadata"] = json.loads(item["metadata"]["S"])
    return told


def canonical(told: Mapping[str, Any]) -> bytes:
    """Write JSON as RFC 8785 has it, as far as names are of ASCII and numbers are whole."""
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _check_calendar(line: Line, account: Account) -> None:
    """A line that leaves something for time to do is in the calendar, at the hour of that or of its recording."""
    told = line.transaction
    wakes_at = {
        Kind.ADD: told.expires_at,
        Kind.HOLD: told.expires_at,
        Kind.PENDING: told.effective_at,
        Kind.ARRIVE: told.expires_at,
    }.get(told.kind)
    if told.returned and told.kind is not Kind.LAPSE and account.is_due(line.recorded_at):
        wakes_at = line.recorded_at
    if told.kind is Kind.LAPSE:
        known = line.calendar is None or _is_entry(line, line.recorded_at)
    elif wakes_at:
        known = _is_entry(line, max(wakes_at, line.recorded_at))
    else:
        known = line.calendar is None
    require(known, "the calendar has what time has to do", line, line.calendar, wakes_at)


def _is_entry(line: Line, at: datetime) -> bool:
    """Whether the calendar has a line at this moment."""
    if line.calendar is None:
        return False
    page, due_key = line.calendar
    return page.startswith(f"{at:%Y-%m-%dT%H}#") and due_key == f"{at:%Y-%m-%dT%H:%M:%S.%fZ}#{line.account}"


def audit(network: Network, attempts: Sequence[Attempt]) -> Book:
    """Judge a history after its end: the lines, what every caller was told, and how every attempt behaved."""
    book = Book(network.table.items(ACCOUNT))
    unasked = book.left_by.keys() - {attempt.name for attempt in attempts}
    require(not unasked, "every line was asked for", unasked)
    explained = []
    for attempt in attempts:
        sent = network.sent_by(attempt.name)
        explained += check_ending(attempt, sent, book)
        check_conduct(attempt, sent)
        check_dates(attempt, sent, book)
    check_versions(explained, book)
    check_previews(attempts, book)
    return book


def check_settled(attempts: Sequence[Attempt], book: Book) -> None:
    """Judge the attempts of one caller at one request, one after the other: the last, if it is clear, settles it.

    One thing it cannot settle: a put of an earlier attempt, whose outcome nobody knows, may land after a refusal for
    which time alone is the reason. Had anybody written meanwhile, it could not.
    """
    last = attempts[-1]
    line = book.line_under(last.request.key, len(book.lines))
    if last.ending.verdict in {Verdict.DONE, Verdict.REPLAYED}:
        require(line, "what was accepted in the end is there", *attempts)
    if last.ending.verdict is Verdict.REFUSED and not isinstance(last.ending.error, KeyReusedError):
        unsure = {attempt.name for attempt in attempts if attempt.ending.verdict in {Verdict.UNKNOWN, Verdict.DIED}}
        late = line and line.sequence > last.began_at and planned_by(line) in unsure
        require(not line or late, "what was refused in the end is not there", *attempts)


def check_ending(attempt: Attempt, sent: Sequence[Sent], book: Book) -> list[Account]:
    """Judge one attempt: what it was told, and what it left. Return the account as it saw that, if it did."""
    left = book.left_by.get(attempt.name, [])
    ending, request = attempt.ending, attempt.request
    changed = [line for line in left if line.transaction.kind not in TIMES_OWN]
    if not request.is_change and not isinstance(request.asked, Settle):
        require(not left, "a look leaves nothing", attempt, left)
    elif ending.verdict is Verdict.DONE:
        told = [*ending.due, *([ending.line] if ending.line else [])]
        require(left == told, "what was accepted leaves exactly the lines that were answered", attempt, left)
        require(len(changed) == request.is_change, "a change leaves one line of its own", attempt, left)
        require(all(line.sequence <= attempt.ended_at for line in left), "lines are written during it", attempt, left)
    elif ending.verdict is Verdict.REPLAYED:
        require(not changed, "a replay leaves nothing", attempt, left)
        original = book.line_under(request.key, attempt.ended_at)
        require(original == ending.line, "a replay answers with the line as it stands", attempt, original)
        require(original and original.retry == request.retry, "a replay is of the same request", attempt)
    elif ending.verdict in {Verdict.UNKNOWN, Verdict.DIED}:
        require(len(changed) <= request.is_change, "an attempt takes effect once", attempt, left)
    else:
        require(not changed, "what was refused leaves nothing", attempt, left)
    if ending.verdict in {Verdict.REPLAYED, Verdict.REFUSED}:
        lost = any(one.lost_race for one in sent)
        require(lost or not left, "time's lines are written only on the way to a change", attempt, left)
    for line in left:
        require(attempt.began_at < line.sequence, "a line stands below those that were there", attempt, line)
    for line in changed:
        _check_change(attempt, line, book)
    if ending.verdict is Verdict.REFUSED:
        explained = any(_is_right_at(at, now, attempt, book) for at, now in _moments(attempt, sent))
        require(explained, "a refusal is right at some moment of the attempt", attempt, *book.lines)
    return [_explain(attempt, sent, book)] if ending.seen else []


def _check_change(attempt: Attempt, line: Line, book: Book) -> None:
    """Judge the line of a change that an attempt left, whether its caller was told of it or not."""
    request = attempt.request
    above = Account(book.lines[: line.sequence - 1])
    same = _is_what_was_asked(request.asked, line.transaction, line.recorded_at, above)
    require(same, "what is recorded is what was asked", attempt, line)
    require(line.retry == request.retry, "a line keeps its key", attempt, line)
    version = book.version_above(line)
    only_at = request.only_at
    require(only_at is None or version in only_at, "a change happens only at its version", attempt, line, version)


def _is_what_was_asked(asked: Asked, told: Transaction, now: datetime, above: Account) -> bool:
    match asked:
        case Add(payer, points, timestamp, effective_at, expires_at):
            same = (told.payer, told.timestamp, told.expires_at) == (payer, timestamp, expires_at)
            if effective_at and effective_at > now:
                same &= (told.kind, told.amount, told.effective_at) == (Kind.PENDING, points, effective_at)
            else:
                same &= (told.kind, told.points) == (Kind.ADD, points)
        case Spend(points):
            same = (told.kind, told.points) == (Kind.SPEND, -points)
        case Hold(points, expires_at):
            same = (told.kind, told.points) == (Kind.HOLD, -points)
            same &= told.expires_at == (expires_at or now + USUAL_HOLD)
        case Refund(of, points):
            same = told.kind is Kind.REFUND and told.of == above.model.captures.get(of, of)
            same &= told.points == (above.model.left_of(of) if points is None else points)
        case Capture(of, points):
            left = above.model.left_of(of)
            same = (told.kind, told.of, told.points) == (Kind.CAPTURE, of, 0 if points is None else left - points)
        case Void(of):
            same = (told.kind, told.of) == (Kind.VOID, of)
        case Cancel(of):
            same = (told.kind, told.of) == (Kind.CANCEL, of)
        case _:
            return False
    return same and (told.reference, told.metadata) == (asked.reference, asked.metadata)


def _moments(attempt: Attempt, sent: Sequence[Sent]) -> Iterator[tuple[int, datetime]]:
    """Return all that an attempt may have thought to be the present: the last line, and what its clock showed."""
    shown = sorted({attempt.until, *(one.at for one in sent)}, reverse=True)
    for sequence in range(attempt.ended_at, attempt.began_at - 1, -1):
        for at in shown:
            yield sequence, moment(at, attempt.fast)


def _explain(attempt: Attempt, sent: Sequence[Sent], book: Book) -> Account:
    """Return the account as an attempt saw it: as it was at some moment of the attempt."""
    asked, seen = attempt.request.asked, attempt.ending.seen
    assert seen
    for sequence, now in _moments(attempt, sent):
        if isinstance(asked, Balance) and asked.at:
            is_final = asked.at <= moment(sent[0].at) - FINAL_AFTER
            account = book.account_as_of(asked.at, None if is_final else sequence)
        else:
            account = book.account_at(sequence, now)
        if _shows(seen.state, account) and _shows_more(attempt, account):
            return account
    require(False, "a look sees the present", attempt, seen.state, *book.lines)
    raise AssertionError


def _shows(state: State, account: Account) -> bool:
    """Whether a state is that of an account, as far as it can be seen without the lots."""
    balances, _, owed, holds, pending = account.content
    return (
        state.version == account.version
        and tuple(state.balances.items()) == balances
        and frozenset(state.owed.items()) == owed
        and tuple((hold, told.points, told.expires_at) for hold, told in state.holds.items()) == holds
        and tuple(state.pending.items()) == pending
    )


def _shows_more(attempt: Attempt, account: Account) -> bool:
    """Whether the lots, or what a change would take, are those of the account."""
    ending = attempt.ending
    if ending.shown and isinstance(attempt.request.asked, Preview):
        points = attempt.request.asked.of.points
        took = [(payer, -taken) for payer, taken in (ending.shown.transaction.taken or {}).items()]
        return points <= account.model.total and took == deepcopy(account.model).spend(points)
    if isinstance(attempt.request.asked, Lots):
        return ending.lots == tuple((lot.number, lot.remaining) for lot in account.model.open_lots)
    return True


def _is_right_at(sequence: int, now: datetime, attempt: Attempt, book: Book) -> bool:
    """Whether the rules refuse a request in this way after a line. What is under the request's key comes before all."""
    request, error = attempt.request, attempt.ending.error
    earlier = book.line_under(request.key, sequence)
    if isinstance(error, KeyReusedError):
        return earlier is not None and earlier.retry != request.retry
    if earlier:
        return False
    account = book.account_at(sequence, now)
    asked = request.asked.of if isinstance(request.asked, Preview) else request.asked
    fits = request.only_at is None or account.version in request.only_at
    if isinstance(error, VersionMismatchError):
        return not fits and error.version == account.version and not account.is_missing(asked)
    if not isinstance(error, Refusal) or not (fits or account.is_missing(asked)):
        return False
    refusals = account.refusals(asked, book.now_at(sequence, now))
    return any((type(error), str(error)) == (type(right), str(right)) for right in refusals)


def check_versions(explained: Iterable[Account], book: Book) -> None:
    """Judge the versions that anybody saw: equal ones mean equal content, and the reverse while nobody changes it."""
    versions: dict[str, Content] = {}
    contents: dict[tuple[int, Content], str] = {}
    seen = [Settled(account.changed, account.version, account.content) for account in explained]
    for changed, version, content in [*seen, *book.settled]:
        known = versions.setdefault(version, content)
        require(known == content, "equal versions mean equal content", version, known, content)
        same = contents.setdefault((changed, content), version)
        require(same == version, "equal content means equal versions", version, same, content)


def check_previews(attempts: Iterable[Attempt], book: Book) -> None:
    """Judge what was shown before: a change at the version of a preview takes what that showed."""
    shown = {
        (attempt.ending.seen.version, type(attempt.request.asked.of), attempt.request.asked.of.points): attempt
        for attempt in attempts
        if isinstance(attempt.request.asked, Preview) and attempt.ending.seen and attempt.ending.shown
    }
    for line in book.lines:
        told = line.transaction
        kind = {Kind.SPEND: Spend, Kind.HOLD: Hold}.get(told.kind)
        if kind and (preview := shown.get((book.version_above(line), kind, -told.points))):
            assert preview.ending.shown
            same = preview.ending.shown.transaction.taken == told.taken
            require(same, "what a preview shows is what a change at its version takes", preview, line)


def check_conduct(attempt: Attempt, sent: Sequence[Sent]) -> None:
    """Judge how an attempt went about it.

    After an unclear put comes the same put, until something stands there; and it gives up only when time is up, or when
    it is told that it may not do what it does, or when its clock is far off.
    """
    unsettled: Call | None = None
    for one in sent:
        require(one.at < attempt.deadline, "no call starts after the deadline", attempt, one)
        again = unsettled is None or one.call == unsettled
        require(again, "an unclear line is put again, the same at the same place", attempt, one)
        if one.call.writes:
            if one.unclear:
                unsettled = one.call
            elif one.answer.error is None or one.lost_race:
                unsettled = None
    verdict, error = attempt.ending.verdict, attempt.ending.error
    if verdict is not Verdict.DIED:
        callers = unsettled is not None and unsettled.request["Item"]["kind"]["S"] not in TIMES_OWN
        require(
            (verdict is Verdict.UNKNOWN) == callers,
            "an outcome is called unknown if, and only if, a put of the change is unsettled",
            attempt,
            *sent,
        )
    _check_clock(attempt, sent)
    if verdict in {Verdict.UNKNOWN, Verdict.NOT_RECORDED} and not isinstance(error, ClockError):
        forbidden = verdict is Verdict.NOT_RECORDED and sent[-1].fault is DENIED
        busy = sent[-1].lost_race or isinstance(sent[-1].answer.error, ClientError | NotConnectedError)
        overrun = sent[-1].throttled and sent[-1].call.writes and any(one.lost_race for one in sent)
        waited = overrun or attempt.until - sent[0].at > PATIENT_FOR_S
        in_vain = verdict is Verdict.NOT_RECORDED and busy and waited
        right = attempt.until >= attempt.deadline or forbidden or in_vain
        require(right, "nobody gives up before time is up, or patience with others", attempt, *sent)


def _check_clock(attempt: Attempt, sent: Sequence[Sent]) -> None:
    """Nobody writes by a clock that is far off, and nobody is turned away by one that is not."""
    if isinstance(attempt.ending.error, ClockError):
        far_off = not SLIGHTLY_SLOW_S < attempt.fast < SLIGHTLY_FAST_S
        require(far_off, "a writer is turned away only by a clock that is far off", attempt)
    if not TOO_SLOW_S <= attempt.fast <= TOO_FAST_S:
        require(not any(one.call.writes for one in sent), "nobody writes by a clock that is far off", attempt, *sent)


def check_dates(attempt: Attempt, sent: Sequence[Sent], book: Book) -> None:
    """Judge when an attempt says that its lines were recorded: when they were planned, but never before the line above.

    That holds for lines that lost their race, too.
    """
    planned_at: float | None = None
    for one in sent:
        if _comes_before_a_plan(one.call):
            planned_at = None
            continue
        planned_at = one.at if planned_at is None else planned_at
        if not one.call.writes:
            continue
        line = from_item(one.call.request["Item"])
        above = book.lines[line.sequence - 2].recorded_at if line.sequence > 1 else BEFORE_ALL
        recorded_at = max(above, moment(planned_at, attempt.fast))
        settles = _settles(line, book)
        if settles:
            recorded_at = max(recorded_at, book.lines[line.sequence - 2].state.moment + timedelta.resolution)
        require(line.recorded_at == recorded_at, "a line is dated when it was planned", attempt, line, recorded_at)
        lost = one.lost_race and one.item_handed_back["write_id"] != one.call.request["Item"]["write_id"]
        stands = one.lost_race or one.answer.error is None
        if lost or (stands and settles):
            planned_at = None


def _settles(line: Line, book: Book) -> bool:
    """Whether a line, which may have lost its race, only lets lots pay debts."""
    told = line.transaction
    if told.kind is not Kind.EXPIRE or told.expired:
        return False
    return not Account(book.lines[: line.sequence - 1]).is_due(line.recorded_at)


def _comes_before_a_plan(call: Call) -> bool:
    """Whether a call asks for the end of the account or for a key: a plan is made once these are known."""
    looks_up = call.operation == "get_item" or call.request.get("IndexName") == "by_idempotency_key"
    return looks_up or call.reads_the_end


def check_past(lines: Iterable[Line], book: Book, passbook: Passbook) -> None:
    """Judge what the storage tells of the past: where the account stood when lines were recorded, and just before.

    And of what drew on lots, on which it did.
    """
    with naming("look"):
        for line in lines:
            for at in (line.recorded_at, line.recorded_at - timedelta.resolution, line.state.moment):
                records = passbook.as_of(ACCOUNT, at, PATIENCE_S)
                stood = book.account_as_of(at)
                require(_shows(records.at.state, stood), "the past is told as it was", at, records.at, stood.content)
                lots = tuple((lot.number, lot.remaining) for lot in stood.model.open_lots)
                require(open_lots(records) == lots, "the lots of the past are told as they were", at, lots)
            if line.transaction.kind in {Kind.SPEND, Kind.HOLD, Kind.EXPIRE}:
                _check_walk(line, book, passbook)


def _check_walk(line: Line, book: Book, passbook: Passbook) -> None:
    """The lots that something drew on are found again: what it took from each is what is gone from it."""
    records = passbook.now(ACCOUNT, PATIENCE_S)
    origin = records.origin(line.sequence)
    assert origin
    walked = {step.lot.sequence: step.settled + step.given for step in walk_again(origin, records)}
    before, after = (Account(book.lines[:sequence]).model.lots for sequence in (line.sequence - 1, line.sequence))
    gone = {was.number: was.remaining - now.remaining for was, now in zip(before, after, strict=True)}
    gone = {number: points for number, points in gone.items() if points}
    require(walked == gone, "what drew on lots is found again", line, walked, gone)
