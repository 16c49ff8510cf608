"""What a body may hold, and each way in which it may not: refused with 400 or 413, the fields at fault named."""

import gzip
import json
from typing import Any

import pytest

from tests.api.client import CHANGES, Answer, Body, Client
from tests.api.problems import assert_problem

MOST = 2**53 - 1
AT_MOST = "must be at most 9,007,199,254,740,991"
ADD = {"payer": "DANNON", "points": 1000, "timestamp": "2020-11-02T14:00:00Z"}
WITH_BODY = (*CHANGES, "preview", "hold_preview")

EDGED = "must not begin or end with white space"
INVISIBLE = "must not contain invisible characters"
NOT_A_WHOLE_NUMBER = "must be a whole number"
NOT_RFC_3339 = "must be an RFC 3339 date and time with a zone"
NO_SUCH_DATE = "must be a date that exists, in the years 1 to 9999"
TOO_FINE = "must not be finer than microseconds"


def add_with(**changes: Any) -> Body:
    return {**ADD, **changes}


def padded(size: int) -> str:
    """An add of exactly so many bytes."""
    text = json.dumps(ADD)
    return text + " " * (size - len(text))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param("", "is empty; it must be a JSON object", id="nothing"),
        pytest.param(" \n\t", "is empty; it must be a JSON object", id="only white space"),
        pytest.param("payer=DANNON&points=1000", "must be JSON", id="a form"),
        pytest.param('{"points": 5000', "must be JSON", id="cut short"),
        pytest.param('{"points": 5000} {}', "must be JSON", id="two values"),
        pytest.param("{'points': 5000}", "must be JSON", id="single quotes"),
        pytest.param('{"points": 05000}', "must be JSON", id="leading zero"),
        pytest.param('\ufeff{"points": 5000}', "must not begin with a byte order mark", id="byte order mark"),
        pytest.param(b'{"points": 5000, "\xff": 1}', "must be UTF-8", id="not UTF-8"),
        pytest.param('{"points": NaN}', "has no NaN", id="NaN"),
        pytest.param('{"points": Infinity}', "has no Infinity", id="Infinity"),
        pytest.param('{"points": -Infinity}', "has no -Infinity", id="-Infinity"),
        pytest.param("[" * 16_384, "", id="absurd depth"),
        pytest.param("[" * 8_000 + "]" * 8_000, "", id="absurd depth, closed"),
        pytest.param(f'{{"points": {"9" * 101}}}', "more than 100 digits", id="absurd digits"),
        pytest.param(f'{{"points": -{"9" * 10_000}}}', "more than 100 digits", id="absurd digits below zero"),
        pytest.param("null", "must be a JSON object", id="null"),
        pytest.param("5000", "must be a JSON object", id="a number"),
        pytest.param('[{"points": 5000}]', "must be a JSON object", id="a list"),
    ],
)
@pytest.mark.parametrize("call", WITH_BODY)
def test_what_is_no_json_object_is_refused(client: Client, call: str, body: Body, message: str) -> None:
    assert_problem(client.send(call, body), 400, "invalid-request", body=message)


@pytest.mark.parametrize("call", WITH_BODY)
def test_a_body_of_nothing_but_faults_names_each(client: Client, call: str) -> None:
    """Fields that this call has are wrong, and those that it has not are unknown."""
    wrong = {"payer": "", "points": 0.5, "timestamp": "", "effective_at": "", "expires_at": "", "note": 1}

    answer = client.send(call, {**wrong, "reference": "", "metadata": []})

    found = {error["field"]: error["message"] for error in answer.json["errors"]}
    unknown = {field for field, message in found.items() if message == "is not a field of this request"}
    assert found.keys() == {*wrong, "reference", "metadata"}
    assert wrong.keys() - unknown == {
        "add": {"payer", "points", "timestamp", "effective_at", "expires_at"},
        "hold": {"points", "expires_at"},
        "hold_preview": {"points", "expires_at"},
        "cancel": set(),
        "void": set(),
    }.get(call, {"points"})
    assert all(f"{field} {message}" in answer.json["detail"] for field, message in found.items())


@pytest.mark.parametrize("call", WITH_BODY)
def test_a_body_is_not_compressed(client: Client, call: str) -> None:
    answer = client.send(call, gzip.compress(b"{}"), content_encoding="gzip")

    assert_problem(answer, 415, "body-encoded", Content_Encoding="must be omitted")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        pytest.param(add_with(points=None), {"points": NOT_A_WHOLE_NUMBER}, id="points null"),
        pytest.param(add_with(points=True), {"points": NOT_A_WHOLE_NUMBER}, id="points true"),
        pytest.param(add_with(points=5.0), {"points": NOT_A_WHOLE_NUMBER}, id="points 5.0"),
        pytest.param(add_with(points="5"), {"points": NOT_A_WHOLE_NUMBER}, id="points a string"),
        pytest.param(add_with(points=[5]), {"points": NOT_A_WHOLE_NUMBER}, id="points a list"),
        pytest.param(json.dumps(ADD).replace("1000", "1e3"), {"points": NOT_A_WHOLE_NUMBER}, id="points 1e3"),
        pytest.param(json.dumps(ADD).replace("1000", "1e999"), {"points": NOT_A_WHOLE_NUMBER}, id="points 1e999"),
        pytest.param(add_with(points=0), {"points": "must not be 0"}, id="points 0"),
        pytest.param(json.dumps(ADD).replace("1000", "-0"), {"points": "must not be 0"}, id="points -0"),
        pytest.param(add_with(points=MOST + 1), {"points": AT_MOST}, id="points above 2^53 - 1"),
        pytest.param(
            add_with(points=-MOST - 1),
            {"points": "must be at least -9,007,199,254,740,991"},
            id="points below -2^53 + 1",
        ),
        pytest.param(add_with(points=10**99), {"points": AT_MOST}, id="points of 100 digits"),
        pytest.param(add_with(payer=None), {"payer": "must be a string"}, id="payer null"),
        pytest.param(add_with(payer=7), {"payer": "must be a string"}, id="payer a number"),
        pytest.param(add_with(payer=["A"]), {"payer": "must be a string"}, id="payer a list"),
        pytest.param(add_with(payer=""), {"payer": "must not be empty"}, id="payer empty"),
        pytest.param(add_with(payer="x" * 129), {"payer": "at most 128 characters"}, id="payer of 129 characters"),
        pytest.param(add_with(payer="DAN\nNON"), {"payer": "control characters"}, id="payer with a line feed"),
        pytest.param(add_with(payer="DAN\x00NON"), {"payer": "control characters"}, id="payer with a NUL"),
        pytest.param(add_with(payer="DAN\x7fNON"), {"payer": "control characters"}, id="payer with a DEL"),
        pytest.param(add_with(payer="DAN\x85NON"), {"payer": "control characters"}, id="payer with a C1 control"),
        pytest.param(add_with(payer="DAN\ud800"), {"payer": "lone surrogates"}, id="payer with a lone surrogate"),
        pytest.param(add_with(payer=" DANNON"), {"payer": EDGED}, id="payer with a space before"),
        pytest.param(add_with(payer="DANNON\u3000"), {"payer": EDGED}, id="payer with an ideographic space after"),
        pytest.param(add_with(payer=" "), {"payer": EDGED}, id="payer of a space"),
        pytest.param(add_with(payer="DAN\u200bNON"), {"payer": INVISIBLE}, id="payer with a zero width space"),
        pytest.param(add_with(payer="\u200d"), {"payer": INVISIBLE}, id="payer of a joiner"),
        pytest.param(add_with(payer="\ufeffDANNON"), {"payer": INVISIBLE}, id="payer with a byte order mark"),
        pytest.param(add_with(payer="DAN\u00adNON"), {"payer": INVISIBLE}, id="payer with a soft hyphen"),
        pytest.param(add_with(payer="\u202eNONNAD"), {"payer": INVISIBLE}, id="payer with a right-to-left override"),
        pytest.param(add_with(payer="\u2066DANNON\u2069"), {"payer": INVISIBLE}, id="payer with direction isolates"),
        pytest.param(add_with(payer="DAN\u2028NON"), {"payer": INVISIBLE}, id="payer with a line separator"),
        pytest.param(add_with(payer="\u3164"), {"payer": INVISIBLE}, id="payer of a filler"),
        pytest.param(add_with(payer="\u2800"), {"payer": INVISIBLE}, id="payer of a blank pattern"),
        pytest.param(add_with(payer="DANNON\ufe0f"), {"payer": INVISIBLE}, id="payer with a variation selector"),
        pytest.param(add_with(payer="DANNON\U000e0101"), {"payer": INVISIBLE}, id="payer with a rarer selector"),
        pytest.param(add_with(payer="DANNON\u180b"), {"payer": INVISIBLE}, id="payer with a Mongolian selector"),
        pytest.param(add_with(payer="\U000e0041"), {"payer": INVISIBLE}, id="payer of a tag character"),
        pytest.param(add_with(payer="Nestle\u0301"), {"payer": "normalization form C (NFC)"}, id="payer decomposed"),
        pytest.param(add_with(payer="\u212b"), {"payer": "form C (NFC)"}, id="payer of a sign that is a letter"),
        pytest.param({}, dict.fromkeys(ADD, "is missing"), id="everything missing"),
        pytest.param({"payer": "A", "points": 1}, {"timestamp": "is missing"}, id="timestamp missing"),
        pytest.param(add_with(note="x"), {"note": "is not a field of this request"}, id="an unknown field"),
        pytest.param(
            add_with(**{"\ud800": 1}), {"\\ud800": "is not a field of this request"}, id="a lone surrogate in a name"
        ),
        pytest.param(add_with(Payer="x"), {"Payer": "is not a field of this request"}, id="a name in another case"),
        pytest.param(
            {"payer": "", "points": 0, "timestamp": "now"},
            {"payer": "must not be empty", "points": "must not be 0", "timestamp": NOT_RFC_3339},
            id="every field wrong, and every one said",
        ),
        pytest.param(
            '{"points": 1, "points": 2}', {"points": "appears twice in an object"}, id="a name twice in the object"
        ),
        pytest.param(
            '{"payer": {"x": 1, "x": 1}}', {"x": "appears twice in an object"}, id="a name twice in an object inside"
        ),
        pytest.param(
            '{"points": 1, "p\\u006fints": 1}', {"points": "appears twice in an object"}, id="a name twice, escaped"
        ),
    ],
)
def test_an_add_with_a_bad_field_is_refused(client: Client, body: Body, errors: dict[str, str]) -> None:
    assert_problem(client.send("add", body), 400, "invalid-request", **errors)


@pytest.mark.parametrize(
    ("timestamp", "message"),
    [
        pytest.param(None, NOT_RFC_3339, id="null"),
        pytest.param(1604325600, NOT_RFC_3339, id="a number"),
        pytest.param("", NOT_RFC_3339, id="empty"),
        pytest.param("2020-11-02", NOT_RFC_3339, id="only a date"),
        pytest.param("2020-11-02T14:00:00", NOT_RFC_3339, id="no zone"),
        pytest.param("2020-11-02T14:00Z", NOT_RFC_3339, id="no seconds"),
        pytest.param("2020-11-02 14:00:00Z", NOT_RFC_3339, id="a space for the T"),
        pytest.param("20201102T140000Z", NOT_RFC_3339, id="the basic format of ISO 8601"),
        pytest.param("2020-W45-1T14:00:00Z", NOT_RFC_3339, id="a week date"),
        pytest.param("2020-11-02T14:00:00,5Z", NOT_RFC_3339, id="a comma before the fraction"),
        pytest.param("2020-11-02T14:00:00.Z", NOT_RFC_3339, id="a fraction without digits"),
        pytest.param("2020-11-02T14:00:00+0100", NOT_RFC_3339, id="an offset without its colon"),
        pytest.param("2020-11-02T14:00:00+24:00", NOT_RFC_3339, id="an offset of a day"),
        pytest.param("2020-11-02T24:00:00Z", NOT_RFC_3339, id="hour 24"),
        pytest.param("2020-11-02T23:59:60Z", "must not be a leap second", id="a leap second"),
        pytest.param("2020-11-02T23:59:61Z", NOT_RFC_3339, id="second 61"),
        pytest.param(" 2020-11-02T14:00:00Z", NOT_RFC_3339, id="a space before"),
        pytest.param("2020-11-02T14:00:00Z\n", NOT_RFC_3339, id="a line feed after"),
        pytest.param("２０２０-11-02T14:00:00Z", NOT_RFC_3339, id="full-width digits"),  # noqa: RUF001
        pytest.param("12020-11-02T14:00:00Z", NOT_RFC_3339, id="year 12020"),
        pytest.param("0000-01-01T00:00:00Z", NO_SUCH_DATE, id="year 0"),
        pytest.param("2021-02-29T14:00:00Z", NO_SUCH_DATE, id="29 February of no leap year"),
        pytest.param("2020-04-31T14:00:00Z", NO_SUCH_DATE, id="31 April"),
        pytest.param("2020-13-01T14:00:00Z", NO_SUCH_DATE, id="month 13"),
        pytest.param("0001-01-01T00:00:00+00:01", "in the years 1 to 9999 in UTC", id="year 0 in UTC"),
        pytest.param("9999-12-31T23:59:59-00:01", "in the years 1 to 9999 in UTC", id="year 10000 in UTC"),
        pytest.param("2020-11-02T14:00:00.1234567Z", TOO_FINE, id="a tenth of a microsecond"),
        pytest.param(f"2020-11-02T14:00:00.{'0' * 15_000}1Z", TOO_FINE, id="absurdly fine"),
    ],
)
@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        pytest.param("add", ADD, "timestamp", id="timestamp"),
        pytest.param("add", ADD, "effective_at", id="effective_at"),
        pytest.param("add", ADD, "expires_at", id="expires_at"),
        pytest.param("hold", {"points": 5}, "expires_at", id="a hold's expires_at"),
        pytest.param("hold_preview", {"points": 5}, "expires_at", id="a previewed hold's expires_at"),
    ],
)
def test_a_bad_moment_is_refused(
    client: Client, call: str, body: dict[str, Any], field: str, timestamp: object, message: str
) -> None:
    assert_problem(client.send(call, body | {field: timestamp}), 400, "invalid-request", **{field: message})


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        pytest.param({"expires_at": "2020-11-02T14:00:00Z"}, "later than timestamp", id="expires as it is earned"),
        pytest.param({"expires_at": "2020-11-02T14:00:00.9+00:01"}, "later than timestamp", id="expires before"),
        pytest.param(
            {"expires_at": "2099-01-01T00:00:00Z", "effective_at": "2099-01-01T00:00:00Z"},
            "later than effective_at",
            id="expires as it arrives",
        ),
        pytest.param(
            {"expires_at": "2098-01-01T00:00:00Z", "effective_at": "2099-01-01T00:00:00Z"},
            "later than effective_at",
            id="expires before it arrives",
        ),
    ],
)
def test_points_expire_after_they_are_earned_and_arrive(client: Client, moments: dict[str, str], message: str) -> None:
    assert_problem(client.add("DANNON", 5, **moments), 400, "invalid-request", expires_at=f"must be {message}")
    assert client.balance().etag == '"0"'


def test_a_body_that_is_all_wrong_gets_a_short_answer(client: Client) -> None:
    names = [f"unknown {number}" for number in range(231)]

    answer = client.send("spend", dict.fromkeys(names, 1))

    assert (answer.status, len(answer.json["errors"])) == (400, 20)
    assert answer.json["detail"].endswith("; and 212 more.")  # 231, and that `points` is missing
    assert len(answer.text) < 5_000


@pytest.mark.parametrize("character", ["x", "ü", "\U0001f600", "\ud800"])
def test_a_name_that_goes_on_and_on_is_cut_short(client: Client, character: str) -> None:
    answer = client.send("spend", '{"points": 5, "' + json.dumps(character * 1_200)[1:-1] + '": 1}')

    assert_cut_short(answer)
    assert len(answer.text) < 2_500


def assert_cut_short(answer: Answer) -> None:
    (error,) = answer.json["errors"]
    assert (answer.status, error["message"]) == (400, "is not a field of this request")
    assert "…" in error["field"]


def test_points_taken_back_neither_arrive_nor_expire(client: Client) -> None:
    client.add("DANNON", 100)

    answer = client.add("DANNON", -5, effective_at="2098-01-01T00:00:00Z", expires_at="2099-01-01T00:00:00Z")

    beside = "is not allowed with negative points"
    assert_problem(answer, 400, "invalid-request", effective_at=beside, expires_at=beside)
    assert client.balance().etag == '"1"'


def test_a_moment_takes_effect_to_the_microsecond(client: Client) -> None:
    added = client.add("DANNON", 5, "2020-11-02T14:00:00.000001Z", expires_at="2020-11-02T14:00:00.000002Z")

    assert added.json["expires_at"] == "2020-11-02T14:00:00.000002Z"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        pytest.param({"points": None}, {"points": NOT_A_WHOLE_NUMBER}, id="points null"),
        pytest.param({"points": True}, {"points": NOT_A_WHOLE_NUMBER}, id="points true"),
        pytest.param({"points": 5.0}, {"points": NOT_A_WHOLE_NUMBER}, id="points 5.0"),
        pytest.param({"points": "5"}, {"points": NOT_A_WHOLE_NUMBER}, id="points a string"),
        pytest.param({"points": 0}, {"points": "must be at least 1"}, id="points 0"),
        pytest.param({"points": -5}, {"points": "must be at least 1"}, id="points negative"),
        pytest.param({"points": MOST + 1}, {"points": AT_MOST}, id="points above 2^53 - 1"),
        pytest.param({"points": 5, "payer": "A"}, {"payer": "is not a field of this request"}, id="an unknown field"),
        pytest.param('{"points": 5, "points": 5}', {"points": "appears twice in an object"}, id="a name twice"),
    ],
)
@pytest.mark.parametrize("call", ["spend", "preview", "hold", "hold_preview", "refund", "capture"])
def test_points_that_cannot_be_taken_or_given_back_are_refused(
    client: Client, call: str, body: Body, errors: dict[str, str]
) -> None:
    assert_problem(client.send(call, body), 400, "invalid-request", **errors)


@pytest.mark.parametrize("call", ["spend", "preview", "hold", "hold_preview"])
def test_points_must_be_said(client: Client, call: str) -> None:
    assert_problem(client.send(call, {}), 400, "invalid-request", points="is missing")


def test_a_change_with_a_bad_body_is_not_made(eventful: Client) -> None:
    before = eventful.balance()

    for call in CHANGES:
        assert eventful.send(call, '{"points": 5, "points": 5}').status == 400
        assert eventful.send(call, '{"note": 5}').status == 400
    assert eventful.balance() == before


def test_a_body_of_16_kb_is_accepted_and_a_byte_more_is_too_large(client: Client) -> None:
    assert client.send("add", padded(16_384)).status == 200

    too_large = client.send("add", padded(16_385))

    assert_problem(too_large, 413, "body-too-large", body="is too large")
    assert client.balance().etag == '"1"'


def test_bytes_are_counted_and_not_characters(client: Client) -> None:
    of_two_bytes_each = "é" * 8_193

    assert_problem(client.send("add", of_two_bytes_each), 413, "body-too-large", body="is too large")
    assert_problem(client.send("add", of_two_bytes_each.encode()), 413, "body-too-large", body="is too large")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        pytest.param("2020-11-02T14:00:00Z", "2020-11-02T14:00:00Z", id="in UTC"),
        pytest.param("2020-11-02t14:00:00z", "2020-11-02T14:00:00Z", id="lower case"),
        pytest.param("2020-11-02T14:00:00+00:00", "2020-11-02T14:00:00Z", id="an offset of 0"),
        pytest.param("2020-11-02T14:00:00-00:00", "2020-11-02T14:00:00Z", id="an unknown local offset"),
        pytest.param("2020-11-02T19:30:00+05:30", "2020-11-02T14:00:00Z", id="east of Greenwich"),
        pytest.param("2020-11-01T22:00:00-16:00", "2020-11-02T14:00:00Z", id="far west, on the day before"),
        pytest.param("2020-11-02T14:00:00.25Z", "2020-11-02T14:00:00.250000Z", id="a fraction"),
        pytest.param("2020-11-02T14:00:00.123456Z", "2020-11-02T14:00:00.123456Z", id="microseconds"),
        pytest.param("2020-11-02T14:00:00.1200000000Z", "2020-11-02T14:00:00.120000Z", id="trailing zeros"),
        pytest.param("2020-11-02T14:00:00.000000000Z", "2020-11-02T14:00:00Z", id="only zeros"),
        pytest.param("2020-02-29T23:59:59.999999Z", "2020-02-29T23:59:59.999999Z", id="29 February of a leap year"),
        pytest.param("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", id="the first moment"),
        pytest.param("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", id="the last moment"),
        pytest.param("9999-12-31T23:59:59+23:59", "9999-12-31T00:00:59Z", id="the last year, far east"),
    ],
)
def test_a_timestamp_is_read_to_the_microsecond_in_utc(client: Client, sent: str, read: str) -> None:
    added = client.add("DANNON", 5, sent)

    assert (added.status, added.json["timestamp"]) == (200, read)
    assert client.spend(5).json == [{"payer": "DANNON", "points": -5}]


@pytest.mark.parametrize(
    "payer",
    [
        pytest.param("x" * 128, id="128 characters"),
        pytest.param("\N{CHEESE WEDGE}" * 128, id="128 characters of four bytes"),
        pytest.param("Nestlé Österreich 株式会社", id="beyond ASCII"),
        pytest.param("\u00e9", id="a letter with an accent, composed"),
        pytest.param("מגה בול", id="from right to left, by itself"),
        pytest.param("a\u00a0b\u3000c", id="white space inside"),
        pytest.param('"{} %\\', id="marks that mean something elsewhere"),
    ],
)
def test_a_payer_may_have_any_printable_name(client: Client, payer: str) -> None:
    assert client.add(payer, 5).json["payer"] == payer
    assert client.spend(2).json == [{"payer": payer, "points": -2}]
    assert client.balance().json == {payer: 3}


@pytest.mark.parametrize("points", [MOST, 1])
def test_amounts_are_exact_up_to_the_largest(client: Client, points: int) -> None:
    assert client.add("DANNON", points).json["points"] == points
    assert client.add("DANNON", -points).json["points"] == -points
    assert client.add("DANNON", points).json["points"] == points
    assert client.spend(points).json == [{"payer": "DANNON", "points": -points}]
    assert client.balance().json == {"DANNON": 0}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "application/octet-stream"]
)
@pytest.mark.parametrize("encode", [str, str.encode], ids=["as text", "in base 64"])
def test_a_body_is_json_whatever_its_content_type(client: Client, content_type: str, encode: Any) -> None:
    body = encode(json.dumps(ADD, ensure_ascii=False))

    assert client.send("add", body, content_type=content_type).status == 200


def test_a_body_needs_no_content_type(client: Client) -> None:
    event = client.event("add", dict(ADD))
    del event["headers"]["content-type"]

    assert client.send_event("add", event).status == 200
