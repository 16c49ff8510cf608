"""The client of the points ledger: every call a method, safe to repeat by default.

>>> from points_ledger import Client, Spend
>>> with Client("http://127.0.0.1:3000") as ledger:
...     ledger.spend(Spend(500)).taken
"""

from points_ledger.attempts import Patience
from points_ledger.client import AsyncClient, Client
from points_ledger.errors import LedgerError, OutcomeUnknown, Refused, Unavailable
from points_ledger.models import Add, Cancel, Capture, Hold, Refund, Spend, Void
from points_ledger.tokens import ClientCredentials

__version__ = "1.0.0"

__all__ = [
    "Add",
    "AsyncClient",
    "Cancel",
    "Capture",
    "Client",
    "ClientCredentials",
    "Hold",
    "LedgerError",
    "OutcomeUnknown",
    "Patience",
    "Refund",
    "Refused",
    "Spend",
    "Unavailable",
    "Void",
]
