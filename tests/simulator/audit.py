"""The judge: from what was asked, answered and written, says whether a promise was broken."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from points.rules.refusals import LimitError, NotEnoughPointsError, PayerBelowZeroError, Refusal
from points.rules.terms import MAX_POINTS, Add, Added, Draw, Spend, Spent, State
from points.storage.errors import KeyReusedError, VersionMismatchError
from points.storage.lines import BEFORE_ALL, Line, Standing, from_item, to_item
from points.storage.passbook import Passbook

from tests.model import Model, ModelRefusal
from tests.simulator.attempts import ACCOUNT, PATIENCE_S, Attempt, Preview, Request, Verdict, planned_by
from tests.simulator.calls import Call
from tests.simulator.clock import START
from tests.simulator.faults import DENIED
from tests.simulator.items import Item
from tests.simulator.network import Network, Sent


class BrokenPromiseError(AssertionError):
    """The ledger did something that it promises never to do."""


def require(kept: object, promise: str, *evidence: object) -> None:
    """Say what was broken, and show it, unless it was kept."""
    if not kept:
        raise BrokenPromiseError("\n    ".join([promise, *map(str, evidence)]))


class Book:
    """An account's lines, replayed in the model from the first.

    Raises
    ------
    BrokenPromiseError
        The lines do not follow from one another.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.lines = [from_item(item) for item in items]
        self.balances: list[dict[str, int]] = [{}]
        model = Model()
        for sequence, (line, item) in enumerate(zip(self.lines, items, strict=True), 1):
            require(line.sequence == sequence, "the sequence has no gap", line)
            require(to_item(line) == item, "a line reads back as it was written", line, item)
            require(("opened_at" in item) == (sequence == 1), "the first line, and no other, opens the account", item)
            _replay(line, model)
            _compare(line.state, model, self.lines[:sequence])
            self.balances.append(dict(line.state.balances))
        self.left_by: dict[str, list[Line]] = {}
        for line in self.lines:
            self.left_by.setdefault(planned_by(line), []).append(line)
        keys = [line.retry.key for line in self.lines if line.retry]
        require(len(keys) == len(set(keys)), "a key takes effect once", *self.lines)
        moments = [line.recorded_at for line in self.lines]
        require(moments == sorted(moments), "the time of recording never goes backwards", moments)

    def line_under(self, key: str | None, through: int) -> Line | None:
        """Return the line written under a caller's key, if it is among the first so many."""
        return next((line for line in self.lines[:through] if key and line.retry and line.retry.key == key), None)

    def model_at(self, sequence: int) -> Model:
        """Return the model as it was after a line."""
        model = Model()
        for line in self.lines[:sequence]:
            _replay(line, model)
        return model


def _replay(line: Line, model: Model) -> None:
    done = line.transaction
    try:
        if isinstance(done, Added):
            model.add(done.payer, done.points, done.timestamp)
        else:
            taken = model.spend(done.points)
            require(taken == list(done.taken.items()), "a spend takes the oldest points", line, taken)
            require(sum(done.taken.values()) == done.points, "a spend takes exactly what was asked", line)
    except ModelRefusal as refusal:
        raise BrokenPromiseError(f"a line is against the rules\n    {line}") from refusal


def _compare(state: State, model: Model, lines: Iterable[Line]) -> None:
    """Compare the state on a line with the model's, lot by lot."""
    balances = list(model.balances.items())
    require(list(state.balances.items()) == balances, "a line carries the balance", state, balances)
    require(all(points >= 0 for _, points in balances), "no balance is below zero", balances)
    owed = {payer: points for payer, points in model.owed.items() if points}
    require(state.owed == owed, "a line carries what is owed", state, owed)
    lots = [line.lot for line in lines if line.lot]
    remaining = {
        lot.sequence: lot.points - state.part_spent.get(lot.sequence, 0) if lot.position > state.spent_through else 0
        for lot in lots
    }
    left = [lot.remaining for lot in model.lots]
    require(list(remaining.values()) == left, "a line knows what is spent", state, lots)
    require(state.part_spent.keys() <= {n for n, left in remaining.items() if left}, "spent lots are forgotten", state)


def audit(network: Network, attempts: Sequence[Attempt]) -> Book:
    """Judge a history after its end: the lines, what every caller was told, and how every attempt behaved."""
    book = Book(network.table.items(ACCOUNT))
    unasked = book.left_by.keys() - {attempt.name for attempt in attempts}
    require(not unasked, "every line was asked for", unasked)
    for attempt in attempts:
        check_ending(attempt, book)
        check_conduct(attempt, network.sent_by(attempt.name))
        check_dates(attempt, network.sent_by(attempt.name), book)
    return book


def check_settled(attempts: Sequence[Attempt], book: Book) -> None:
    """Judge the attempts of one caller at one request, one after the other: the last, if it is clear, settles it."""
    last = attempts[-1]
    present = bool(book.line_under(last.request.key, len(book.lines)))
    if last.ending.verdict in {Verdict.DONE, Verdict.REPLAYED}:
        require(present, "what was accepted in the end is there", *attempts)
    if last.ending.verdict is Verdict.REFUSED and not isinstance(last.ending.error, KeyReusedError):
        require(not present, "what was refused in the end is not there", *attempts)


def check_ending(attempt: Attempt, book: Book) -> None:
    """Judge one attempt: what it was told, and what it left."""
    left = book.left_by.get(attempt.name, [])
    ending = attempt.ending
    if not isinstance(attempt.request.asked, Add | Spend):
        require(not left, "a look leaves nothing", attempt, left)
        _check_look(attempt, book)
    elif ending.verdict is Verdict.DONE:
        require(left == [ending.line], "what was accepted leaves exactly the line that was answered", attempt, left)
        present = left[0].sequence <= attempt.ended_at
        require(present, "a line is written during its attempt", attempt, left[0])
    elif ending.verdict is Verdict.REPLAYED:
        require(not left, "a replay leaves nothing", attempt, left)
        original = book.line_under(attempt.request.key, attempt.ended_at)
        require(original == ending.line, "a replay answers with the line as it stands", attempt, original)
        require(original and original.retry == attempt.request.retry, "a replay is of the same request", attempt)
    elif ending.verdict in {Verdict.UNKNOWN, Verdict.DIED}:
        require(len(left) <= 1, "an attempt takes effect once", attempt, left)
    else:
        require(not left, "what was refused leaves nothing", attempt, left)
    for line in left:
        _check_line(attempt, line)
    if ending.verdict is Verdict.REFUSED:
        require(_is_explained(attempt, book), "a refusal is right at some moment of the attempt", attempt, *book.lines)


def _check_line(attempt: Attempt, line: Line) -> None:
    """Judge the line that an attempt left, whether its caller was told of it or not."""
    asked, done = attempt.request.asked, line.transaction
    if isinstance(done, Added):
        same = asked == Add(done.payer, done.points, done.timestamp)
    else:
        same = asked == Spend(done.points)
    require(same, "what is recorded is what was asked", attempt, line)
    require(line.retry == attempt.request.retry, "a line keeps its key", attempt, line)
    require(attempt.began_at < line.sequence, "a line stands below those that were there", attempt, line)
    only_at = attempt.request.only_at
    require(only_at is None or line.sequence - 1 in only_at, "a change happens only at its version", attempt, line)


def _check_look(attempt: Attempt, book: Book) -> None:
    seen, shown = attempt.ending.seen, attempt.ending.shown
    if seen is None:
        return
    require(attempt.began_at <= seen.sequence <= attempt.ended_at, "a look sees the present", attempt)
    expected = book.lines[seen.sequence - 1].state if seen.sequence else State()
    require(seen.state == expected, "a look sees the state on a line", attempt, expected)
    if shown:
        taken = book.model_at(seen.sequence).spend(shown.transaction.points)
        same = list(shown.transaction.taken.items()) == taken
        require(same, "a preview shows what a spend would take", attempt, taken)


def _is_explained(attempt: Attempt, book: Book) -> bool:
    moments = range(attempt.began_at, attempt.ended_at + 1)
    return any(_is_right_at(moment, attempt.request, attempt.ending.error, book) for moment in moments)


def _is_right_at(sequence: int, request: Request, error: BaseException | None, book: Book) -> bool:
    """Whether the rules refuse a request in this way after a line. What is under the request's key comes before all."""
    earlier = book.line_under(request.key, sequence)
    if isinstance(error, KeyReusedError):
        return earlier is not None and earlier.retry != request.retry
    if earlier:
        return False
    if isinstance(error, VersionMismatchError):
        return error.sequence == sequence and request.only_at is not None and sequence not in request.only_at
    return isinstance(error, Refusal) and _is_against_rules(request, error, book.balances[sequence])


def _is_against_rules(request: Request, error: Refusal, balances: dict[str, int]) -> bool:
    match request.asked, error:
        case ((Spend(points) | Preview(points)), NotEnoughPointsError()):
            there_are = sum(balances.values())
            return points > there_are and str(error) == str(NotEnoughPointsError(there_are, points))
        case Add(payer, points, _), PayerBelowZeroError():
            has = balances.get(payer, 0)
            return has + points < 0 and str(error) == str(PayerBelowZeroError(payer, has, -points))
        case Add(payer, points, _), LimitError(limit="payer-total"):
            return balances.get(payer, 0) + points > MAX_POINTS
    return False


def check_conduct(attempt: Attempt, sent: Sequence[Sent]) -> None:
    """Judge how an attempt went about it.

    After an unclear put comes the same put, until something stands there; and it gives up only when time is up, or when
    it is told that it may not do what it does.
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
    verdict = attempt.ending.verdict
    if verdict is not Verdict.DIED:
        require(
            (verdict is Verdict.UNKNOWN) == (unsettled is not None),
            "an outcome is called unknown if, and only if, a put is unsettled",
            attempt,
            *sent,
        )
    if verdict in {Verdict.UNKNOWN, Verdict.NOT_RECORDED}:
        forbidden = verdict is Verdict.NOT_RECORDED and sent[-1].fault is DENIED
        require(attempt.until >= attempt.deadline or forbidden, "nobody gives up before time is up", attempt, *sent)


def check_dates(attempt: Attempt, sent: Sequence[Sent], book: Book) -> None:
    """Judge when an attempt says that its lines were recorded: when each was first put, but not before the line above.

    That holds for lines that lost their race, too.
    """
    puts = {one.call: one.at for one in reversed(sent) if one.call.writes}
    for call, at in puts.items():
        line = from_item(call.request["Item"])
        above = book.lines[line.sequence - 2].recorded_at if line.sequence > 1 else BEFORE_ALL
        recorded_at = max(above, START + timedelta(seconds=at) + timedelta(seconds=attempt.fast))
        require(line.recorded_at == recorded_at, "a line is dated when it was planned", attempt, line, recorded_at)


def check_past(lines: Iterable[Line], book: Book, passbook: Passbook) -> None:
    """Judge what the storage tells of the past: where the account stood when lines were recorded, and just before.

    And of spends, which lots they drew on.
    """
    for line in lines:
        for moment in (line.recorded_at, line.recorded_at - timedelta.resolution):
            recorded = [one for one in book.lines if one.recorded_at <= moment]
            expected = recorded[-1] if recorded else Standing(ACCOUNT)
            stood = passbook.standing_as_of(ACCOUNT, moment, PATIENCE_S)
            require(stood == expected, "the past is told as it was", moment, stood, expected)
        if isinstance(line.transaction, Spent):
            _check_draws(line, passbook.draws(line, PATIENCE_S), book)


def _check_draws(line: Line, draws: Sequence[Draw], book: Book) -> None:
    taken: dict[str, int] = {}
    for lot, points in draws:
        taken[lot.payer] = taken.get(lot.payer, 0) + points
    same = list(taken.items()) == list(line.transaction.taken.items())
    require(same, "the lots of a spend make up what it took", line, draws)
    lots = [one.sequence for one in book.lines if one.lot]
    before, after = (book.model_at(sequence).lots for sequence in (line.sequence - 1, line.sequence))
    gone = {number: was.remaining - now.remaining for number, was, now in zip(lots, before, after, strict=False)}
    for lot, points in draws:
        require(0 < points <= gone[lot.sequence], "a spend draws on a lot what is gone from it", line, draws, gone)
