"""The one logger and the one set of metrics of a function."""

import warnings
from collections.abc import Iterable

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

from points.rules.terms import Kind
from points.storage.lines import Line
from points.storage.writing import Recorded

NAMESPACE = "PointsLedger"

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

RECORDED = {
    Kind.ADD: ("Adds", "PointsAdded"),
    Kind.SPEND: ("Spends", "PointsSpent"),
    Kind.HOLD: ("Holds", "PointsHeld"),
    Kind.CAPTURE: ("Captures", "PointsCaptured"),
    Kind.VOID: ("Voids", "PointsVoided"),
    Kind.REFUND: ("Refunds", "PointsRefunded"),
    Kind.PENDING: ("PendingAdds", "PointsPending"),
    Kind.CANCEL: ("Cancellations", "PointsCancelled"),
    Kind.ARRIVE: ("Arrivals", "PointsArrived"),
    Kind.LAPSE: ("Lapses", "PointsLapsed"),
    Kind.EXPIRE: ("Expiries", "PointsExpired"),
}
"""For each kind of transaction, the metric of how many there were, and the one of how many points."""

# A refused request adds no metric to the function's own set, and that is no reason to warn.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this request."""
    metrics.add_metric(name, MetricUnit.Count, value)


def measure(name: str, seconds: float) -> None:
    """Add a time to a metric of this request."""
    metrics.add_metric(name, MetricUnit.Seconds, seconds)


def count_recorded(recorded: Recorded) -> None:
    """Count the lines that a request has written, time's among them."""
    count_lines([*recorded.due, *([] if recorded.replayed else [recorded.line])])


def count_lines(written: Iterable[Line]) -> None:
    """Count lines and their points, by kind."""
    for line in written:
        lines, points = RECORDED[line.transaction.kind]
        count(lines)
        count(points, _points_of(line))


def count_refusal(reason: str, *, previewed: bool = False) -> None:
    """Count a request that was not done, by the kind of problem it got; apart if it only asked what would be."""
    name = "RefusedPreviews" if previewed else "Refusals"
    with single_metric(name, MetricUnit.Count, 1, namespace=NAMESPACE) as metric:
        metric.add_dimension("reason", reason)


def _points_of(line: Line) -> int:
    """Return the points that a transaction is about: of an add as given, of all others without a sign."""
    done = line.transaction
    if done.kind is Kind.ADD:
        return done.points
    if done.kind is Kind.CAPTURE:
        return -sum((done.taken or {}).values())
    return done.amount or abs(done.points)
