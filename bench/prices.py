"""What a million calls cost, by the services' public list prices."""

from typing import NamedTuple

from bench.meter import Cost

LOOKED_UP = "24 November 2026"

HTTP_API = 1.00  # a million calls, up to 300 million a month
LAMBDA_REQUESTS = 0.20  # a million
LAMBDA_GB_SECOND = 0.0000133334  # arm64
WRITE_UNITS = 0.625  # a million, on demand
READ_UNITS = 0.125  # a million, on demand; a strongly consistent read of up to 4 KB is one

MEMORY_GB = 1.0
SECONDS_OF_OWN = 0.005
SECONDS_OF_REQUEST = 0.005
"""Assumed of a warm function: what it takes itself, and for each request to DynamoDB."""


TERMS = f"""\
By list prices of us-east-1, looked up on {LOOKED_UP} in others' guides, since Amazon's own pages could not be reached:
HTTP API ${HTTP_API:.2f} a million calls;
Lambda ${LAMBDA_REQUESTS:.2f} a million, and ${LAMBDA_GB_SECOND:.10f} a GB-second on arm64;
DynamoDB on demand ${WRITE_UNITS} a million write units, and ${READ_UNITS} a million read units.
A warm function of {MEMORY_GB:.0f} GB is taken to need {1_000 * SECONDS_OF_OWN:.0f} ms of its own,
and {1_000 * SECONDS_OF_REQUEST:.0f} ms for each request to DynamoDB."""
"""What the prices rest on."""


class Price(NamedTuple):
    """Dollars for a million calls."""

    gateway: float
    function: float
    writes: float
    reads: float

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self)


def price_of(cost: Cost) -> Price:
    """Say what a million calls of this cost come to."""
    seconds = SECONDS_OF_OWN + cost.requests * SECONDS_OF_REQUEST
    return Price(
        HTTP_API,
        LAMBDA_REQUESTS + 1e6 * seconds * MEMORY_GB * LAMBDA_GB_SECOND,
        cost.write_units * WRITE_UNITS,
        cost.read_units * READ_UNITS,
    )
