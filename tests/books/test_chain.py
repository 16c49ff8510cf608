"""Digests made from items alone are those that the ledger makes, whatever texts it holds."""

from datetime import UTC, datetime, timedelta

import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from points.rules.plans import Plan
from points.rules.terms import MAX_POINTS, Kind, State, Transaction
from points.storage.lines import Standing, next_line, to_item

from books import chain

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
points = st.integers(-MAX_POINTS, MAX_POINTS)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)) | st.integers(0, 99).map(  # noqa: DTZ001 - a strategy takes its bounds without a zone
    lambda days: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days)
)
per_payer = st.dictionaries(texts, points, max_size=3)
metadata = st.dictionaries(texts, texts, max_size=4).map(lambda names: rfc8785.dumps(names).decode())
transactions = st.builds(
    Transaction,
    kind=st.sampled_from(Kind),
    points=points,
    of=st.none() | st.integers(1, 99),
    payer=st.none() | texts,
    amount=st.none() | points,
    timestamp=st.none() | moments,
    effective_at=st.none() | moments,
    expires_at=st.none() | moments,
    taken=st.none() | per_payer,
    returned=st.none() | per_payer,
    expired=st.none() | per_payer,
    reference=st.none() | texts,
    metadata=st.none() | metadata,
)


@given(transactions, moments, st.text("azAZ09._:@|-", min_size=1))
def test_a_digest_from_the_item_is_the_ledgers_own(done: Transaction, now: datetime, account: str) -> None:
    first = next_line(Standing(account), Plan(done, State(sequence=1)), now)
    second = next_line(first, Plan(done, State(sequence=2)), now)
    above = chain.first_digest(account)
    for line in (first, second):
        above = chain.next_digest(above, to_item(line))
        assert above.hex() == line.digest
