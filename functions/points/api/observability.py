"""The one logger and the one set of metrics of a function."""

import warnings

from aws_lambda_powertools import Logger, Metrics, single_metric
from aws_lambda_powertools.metrics import MetricUnit

NAMESPACE = "PointsLedger"

logger = Logger()
metrics = Metrics(namespace=NAMESPACE)

# A refused request adds no metric to the function's own set, and that is no reason to warn.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def count(name: str, value: int = 1) -> None:
    """Add to a metric of this request."""
    metrics.add_metric(name, MetricUnit.Count, value)


def count_refusal(reason: str) -> None:
    """Count a request that was not done, by the kind of problem it got."""
    with single_metric("Refusals", MetricUnit.Count, 1, namespace=NAMESPACE) as metric:
        metric.add_dimension("reason", reason)
