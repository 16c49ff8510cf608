"""The chain of digests is what is promised: nothing here is worked out by the code that makes it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from points.rules.terms import Capture, Hold, Refund
from points.storage.chain import first_digest, next_digest
from points.storage.passbook import Passbook

from tests.simulator.network import Network
from tests.storage.helpers import SOON, add, lines, record_all

EXPECTED = [
    "c89a7716ca5a62c24375b699c52a2e7f5ff641dfeba59a1da40fb50e74c77f84",
    "90dbf94baebbae894b3d93379ff144426ce246a1a2a739ed2e7d1240f5440ef7",
    "478f2e17ad55378d5509990d1923cbfb66d5a5c62064a7a230c2be6b75c5c509",
    "ebb34436d566f86fd1cdc7f5662e4baac4f0b5ca1772f6126d1c568dc0abc429",
    "70cc283a0d5ad1f7bebd1caa7fd7b8f3716d03eb33820ad18bd2e0bc703768a3",
    "fc6cf6e1dcd4d27c2832222bb65e50a957f853e297c7bcbb08e2e15fac900eb9",
]
"""Worked out once, from the transactions written by hand, with Python's hashlib and json alone."""


def test_the_digests_of_an_account_are_what_they_always_were(passbook: Passbook, network: Network) -> None:
    record_all(passbook, add(300, day=3))
    expiring = add(200, day=2, payer="MILLER COORS", expires_at=datetime(2026, 3, 1, 12, 30, 0, 500_000, tzinfo=UTC))
    labelled = replace(expiring, reference="order 17", metadata='{"shop":"Köln","till":"4"}')
    record_all(passbook, labelled, add(-50), Hold(240, datetime(2026, 2, 1, tzinfo=UTC)), Capture(4, 210), Refund(4, 5))
    assert [line.digest for line in lines(network)] == EXPECTED


def test_above_the_first_transaction_stands_the_accounts_name() -> None:
    assert first_digest("Jürgen 🐟") == hashlib.sha256(b"J\xc3\xbcrgen \xf0\x9f\x90\x9f").hexdigest()


def test_names_are_sorted_by_their_utf_16_code_units() -> None:
    """The example of RFC 8785, section 3.2.3: by code points, the smiling face would come last."""
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    metadata = '"\\r":"","1":"","\u0080":"","\u00f6":"","\u20ac":"","\U0001f600":"","\ufb33":""'
    canonical = f'{{"account":"anna","metadata":{{{metadata}}}}}'
    expected = hashlib.sha256(bytes(32) + canonical.encode()).hexdigest()
    assert next_digest("00" * 32, "anna", {"metadata": dict.fromkeys(names, "")}) == expected


def test_strings_are_escaped_as_little_as_possible() -> None:
    """The example of RFC 8785, section 3.2.2."""
    canonical = '{"account":"anna","string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    expected = hashlib.sha256(bytes(32) + canonical.encode()).hexdigest()
    told = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/"}
    assert next_digest("00" * 32, "anna", told) == expected


def test_a_digest_is_over_the_one_above_and_the_account() -> None:
    digests = {
        next_digest(above, account, {"points": 1}) for above in ("00" * 32, "01" * 32) for account in ("anna", "bert")
    }
    assert len(digests) == 4


def test_a_line_knows_no_other_digest_than_it_shows(passbook: Passbook) -> None:
    line = passbook.record("anna", add(300), SOON).line
    assert line.listed["digest"] == line.digest
