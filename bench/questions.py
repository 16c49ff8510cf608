"""What every ledger must answer rightly, before anybody asks how fast it is."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

from points.rules.terms import Add

from bench.accounts import START
from bench.alternatives.ledger import FailedError, Ledger, RefusedError

AT_ONCE = 16
TIMES = 5
MANY_LOTS = 150


class WrongError(Exception):
    """The answer is wrong; the message says what it was."""


def verdicts(new_ledger: Callable[[], Ledger]) -> dict[str, str]:
    """Ask a ledger everything, each time a new one, and say what is wrong with each answer: nothing, if it is right."""
    return {name: _verdict(question, new_ledger()) for name, question in QUESTIONS.items()}


def _verdict(question: Callable[[Ledger, str], None], ledger: Ledger) -> str:
    try:
        question(ledger, str(uuid4()))
    except (WrongError, RefusedError, FailedError) as wrong:
        return str(wrong)
    return ""


def worked_example(ledger: Ledger, account: str) -> None:
    """The exercise's example in short; it arrives out of order."""
    _add(ledger, account, "DANNON 1000@33", "UNILEVER 200@11", "DANNON -200@15", "MILLER 10000@24", "DANNON 300@10")
    _expect(ledger.spend(account, 5_000), [("DANNON", 100), ("UNILEVER", 200), ("MILLER", 4_700)])
    _expect(ledger.balance(account), {"DANNON": 1_000, "UNILEVER": 0, "MILLER": 5_300})


def late_lot(ledger: Ledger, account: str) -> None:
    """A lot that arrives late is the next to be spent, and reopens nothing that was spent before."""
    _add(ledger, account, "DANNON 100@5", "UNILEVER 100@7")
    ledger.spend(account, 150)
    _add(ledger, account, "DANNON 30@1", "UNILEVER 30@3")
    _expect(ledger.spend(account, 100), [("DANNON", 30), ("UNILEVER", 70)])


def payer_below_zero(ledger: Ledger, account: str) -> None:
    """A payer that took points back is not drawn on for them again."""
    _add(ledger, account, "DANNON 100@1", "UNILEVER 100@2", "DANNON -50@3")
    _expect(ledger.spend(account, 120), [("DANNON", 50), ("UNILEVER", 70)])


def order_of_arrival(ledger: Ledger, account: str) -> None:
    """The same adds, in any order, are spent alike."""
    adds = ["DANNON 100@1", "UNILEVER 100@2", "DANNON -50@3", "DANNON 100@9"]
    for number, order in enumerate([(0, 1, 2, 3), (3, 2, 1, 0), (3, 1, 2, 0)]):
        _add(ledger, f"{account}-{number}", *(adds[index] for index in order))
        _expect(ledger.spend(f"{account}-{number}", 160), [("DANNON", 60), ("UNILEVER", 100)])


def spend_of_many_lots(ledger: Ledger, account: str) -> None:
    """A spend may draw on any number of lots."""
    _add(ledger, account, *(f"DANNON 1@{number}" for number in range(MANY_LOTS)))
    _expect(ledger.spend(account, MANY_LOTS), [("DANNON", MANY_LOTS)])


def spenders_at_once(ledger: Ledger, account: str) -> None:
    """Of many who want the same points, as many get them as there are points."""
    _add(ledger, account, "DANNON 75@1")
    _expect(at_once([lambda: ledger.spend(account, 10)] * AT_ONCE), 7)
    _expect(ledger.balance(account), {"DANNON": 5})


def adders_at_once(ledger: Ledger, account: str) -> None:
    """Of many who add, none is lost."""
    for _ in range(TIMES):
        at_once([lambda: _add(ledger, account, "DANNON 10@1")] * AT_ONCE)
    _expect(ledger.balance(account), {"DANNON": 10 * AT_ONCE * TIMES})


def repeated_request(ledger: Ledger, account: str) -> None:
    """A request that is sent again under its key takes effect once."""
    add = Add("DANNON", 100, START)
    ledger.add(account, add, "one")
    ledger.add(account, add, "one")
    _expect(ledger.spend(account, 80, "two"), ledger.spend(account, 80, "two"))
    _expect(ledger.balance(account), {"DANNON": 20})


def accounts_apart(ledger: Ledger, account: str) -> None:
    """What is added to one account is not in another."""
    _add(ledger, account, "DANNON 100@1")
    _expect(ledger.balance(f"{account}-other"), {})


def lasting_history(ledger: Ledger, account: str) -> None:
    """What has happened can be read as it happened, after spends too."""
    _add(ledger, account, "DANNON 100@1", "UNILEVER 50@2")
    ledger.spend(account, 120)
    _expect(ledger.history(account), [100, 50, -120])


QUESTIONS: dict[str, Callable[[Ledger, str], None]] = {
    "the exercise's example": worked_example,
    "a late lot": late_lot,
    "a payer below zero": payer_below_zero,
    "the order of arrival": order_of_arrival,
    f"a spend of {MANY_LOTS:,} lots": spend_of_many_lots,
    f"{AT_ONCE} spenders at once": spenders_at_once,
    f"{AT_ONCE} adders at once": adders_at_once,
    "a repeated request": repeated_request,
    "several accounts": accounts_apart,
    "a lasting history": lasting_history,
}


def _add(ledger: Ledger, account: str, *adds: str) -> None:
    """Add what is written as `PAYER POINTS@HOUR`."""
    for text in adds:
        payer, points, hour = text.replace("@", " ").split()
        ledger.add(account, Add(payer, int(points), START + timedelta(hours=int(hour))))


def at_once(calls: Sequence[Callable[[], object]]) -> int:
    """Make calls in threads that begin together, and return how many succeeded."""
    start = Barrier(len(calls))

    def succeeds(call: Callable[[], object]) -> bool:
        start.wait()
        try:
            call()
        except (RefusedError, FailedError):
            return False
        return True

    with ThreadPoolExecutor(len(calls)) as threads:
        return sum(threads.map(succeeds, calls))


def _expect(answer: object, right: object) -> None:
    if answer != right:
        raise WrongError(f"{_read_out(answer)} instead of {_read_out(right)}")


def _read_out(answer: object) -> str:
    if isinstance(answer, dict):
        answer = list(answer.items())
    if isinstance(answer, list):
        return ", ".join(" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in answer) or "nothing"
    return str(answer)
