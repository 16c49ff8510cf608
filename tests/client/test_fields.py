"""A file is checked by the ledger's own rules: what passes here passes there, and faults are told in the same words."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from points.api.bodies import ADD
from points.api.fields import Field
from points_ledger.moving.fields import OF_AN_ADD, read_row, read_text
from points_ledger.text import tell

SERVER: dict[str, Field] = {**ADD.required, **ADD.optional}

TEXTS = (
    some.text(max_size=5)
    | some.text("aZ9 \u00e9\u0301\u200b\u2800\ufe0f\u202e\x00\ud800", max_size=4)
    | some.integers(125, 131).map("x".__mul__)
)
MOMENTS = some.from_regex(
    r"\A(20\d\d|0001|9999)-(02|12)-(29|31|01)[Tt]2[34]:59:(59|60)(\.\d{1,8})?([Zz]|[+-]\d\d:\d\d)?\Z"
)
METADATA = some.dictionaries(TEXTS | some.integers(38, 42).map("n".__mul__), TEXTS | some.integers(0, 1), max_size=22)
VALUES = (
    some.none() | some.booleans() | some.integers() | some.floats() | TEXTS | MOMENTS | METADATA | some.lists(TEXTS)
)
LARGE = some.integers(2**53 - 3, 2**53 + 1)


@given(some.sampled_from(sorted(SERVER)), VALUES | LARGE | LARGE.map(int.__neg__))
@example("metadata", {str(number): "x" * 100 for number in range(20)})
@example("metadata", {str(number): "" for number in range(21)})
@example("metadata", {"a": "x" * 501})
@example("payer", "MILLER COORS")
@example("timestamp", "2020-11-02T14:00:00.1234560Z")
def test_a_value_is_right_or_wrong_as_it_is_for_the_ledger(name: str, value: Any) -> None:
    def verdict(read: Any) -> tuple[str, Any]:
        try:
            return "right", read(value)
        except ValueError as error:
            return "wrong", str(error)

    ours, theirs = verdict(OF_AN_ADD[name]), verdict(SERVER[name].read)
    assert ours[0] == theirs[0]
    if name != "metadata" or ours[0] == "wrong":  # the ledger keeps metadata as text
        assert ours == theirs


def test_the_fields_are_those_of_an_add() -> None:
    assert OF_AN_ADD.keys() == SERVER.keys()


MOMENT = datetime(2020, 11, 2, 14, tzinfo=timezone.utc)
NEAR = some.none() | some.integers(-1, 1).map(lambda hours: MOMENT + timedelta(hours=hours))


@given(some.integers(-2, 2), NEAR, NEAR, NEAR)
def test_so_is_a_whole_row(points: int, timestamp: Any, effective_at: Any, expires_at: Any) -> None:
    moments = {"timestamp": timestamp, "effective_at": effective_at, "expires_at": expires_at}
    told = {"payer": "DANNON", "points": points, **{name: tell(it) for name, it in moments.items() if it}}
    _, faults = read_row(told)
    values, theirs = ADD._read_fields(told)
    assert [(it.field, it.message) for it in faults] == [tuple(it) for it in theirs or ADD.check(values)]


@pytest.mark.parametrize(("name", "cell", "value"), [
    ("points", "-200", -200), ("points", " 7 ", 7), ("points", "+7", 7), ("points", "1,000", "1,000"),
    ("points", "7.0", "7.0"), ("points", "٣", "٣"), ("payer", "7", "7"), ("metadata", '{"a":"b"}', {"a": "b"}),
    ("metadata", "{", "{"),
])  # fmt: skip
def test_a_cell_stands_for_json(name: str, cell: str, value: Any) -> None:
    assert read_text(name, cell) == value
