"""Bodies that nobody would think of: each is done or refused, and never a surprise."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from unicodedata import normalize
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.api.client import Body, Client

MOST = 2**53 - 1
DAY = timedelta(days=1)
FIRST, LAST = datetime.min + DAY, datetime.max - DAY  # noqa: DTZ901 - a strategy takes its bounds without a zone

zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(FIRST, LAST, timezones=zones)

BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
SELECTORS = [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
visible = st.characters(
    exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"], exclude_characters=BLANK + "".join(map(chr, SELECTORS))
)
texts = st.text(st.characters(codec=None), max_size=150)
numbers = st.integers(-9, 9) | st.integers(-MOST - 2, MOST + 2) | st.floats() | st.sampled_from([10**99, 10**101])
timestamps = moments.map(datetime.isoformat) | st.from_regex(
    r"\A[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{0,8})?([Zz]|[+-][0-2][0-9]:00)?\Z"
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | timestamps,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
labels = {"reference": texts, "metadata": st.dictionaries(texts, texts, max_size=21)}
fields = ["payer", "points", "timestamp", "effective_at", "expires_at", "reference", "metadata", "note"]
objects = st.one_of(
    st.fixed_dictionaries(
        {"payer": texts, "points": numbers, "timestamp": timestamps},
        optional={"effective_at": timestamps, "expires_at": timestamps, **labels},
    ),
    st.fixed_dictionaries({"points": numbers}, optional={"expires_at": timestamps, **labels}),
    st.fixed_dictionaries({}, optional=dict.fromkeys(fields, values)),
    values,
)


@st.composite
def damaged(draw: st.DrawFn, source: st.SearchStrategy[str]) -> bytes:
    """A text in which a few bytes are others, absent, or new."""
    text = bytearray(draw(source).encode(errors="surrogatepass"))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        text[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(text)


bodies = st.one_of(
    objects.map(json.dumps),
    damaged(objects.map(json.dumps)),
    damaged(objects.map(lambda value: json.dumps(value, ensure_ascii=False))),
    st.binary(max_size=300),
    st.binary(min_size=1, max_size=4).map(lambda piece: piece * 5_000),
)


@pytest.mark.parametrize("call", ["add", "spend", "hold", "refund"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(body='{"\\ud800": 1, "\\ud800": 1}')
@example(body='{"payer": ' + "[" * 900 + "]" * 900 + "}")
@example(body='{"metadata": {"\\ud800": "\\ud800"}}')
@given(body=bodies)
def test_a_body_is_done_or_refused(client: Client, call: str, body: Body) -> None:
    answer = client.send(call, body)

    assert answer.status in {200, 400, 404, 409, 413}, answer.text
    if answer.status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["status"] == answer.status


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payer=st.text(visible, min_size=1, max_size=128).map(lambda text: normalize("NFC", text).strip()).filter(bool),
    points=st.integers(-MOST, MOST).filter(bool),
    moment=moments,
)
def test_an_add_that_is_well_formed_is_kept_as_it_was_sent(
    client: Client, payer: str, points: int, moment: datetime
) -> None:
    """To the letter, and to the microsecond; only that nothing can be taken back from a new account."""
    caller = replace(client, subject=str(uuid4()))

    answer = caller.add(payer, points, moment.isoformat())

    if points < 0:
        assert answer.status == 409
    else:
        assert (answer.json["payer"], answer.json["points"]) == (payer, points)
        assert datetime.fromisoformat(answer.json["timestamp"]) == moment
