"""Whose account a request acts on, and what its token must allow: also with events that no gateway would send."""

from dataclasses import replace
from typing import Any

import pytest

from tests.api.client import ALL_SCOPES, HANDLERS, READS, Answer, Client
from tests.api.problems import assert_problem

NAME_RULE = "must be 1 to 128 characters from A-Z, a-z, 0-9 and . _ : @ | + -, and must not be a single dot or two dots"
SCOPES = dict.fromkeys(READS, "read") | {
    "add": "add",
    "cancel": "add",
    "spend": "spend",
    "hold": "spend",
    "capture": "spend",
    "void": "spend",
    "refund": "refund",
}


@pytest.fixture(params=HANDLERS)
def call(request: pytest.FixtureRequest) -> str:
    """Each of the calls."""
    return str(request.param)


def call_with(client: Client, call: str, authorizer: Any) -> Answer:
    """Send what a gateway would, but for the authorizer's findings."""
    event = client.event(call)
    event["requestContext"]["authorizer"] = authorizer
    return client.send_event(call, event)


@pytest.mark.parametrize("named", [False, True], ids=["own account", "named account"])
def test_one_scope_opens_a_call_and_all_others_together_do_not(eventful: Client, call: str, *, named: bool) -> None:
    needed = f"{'accounts' if named else 'points'}/{SCOPES[call]}"
    others = [scope for scope in ALL_SCOPES.split() if scope != needed]
    caller = replace(eventful, account=eventful.subject if named else None)
    before = eventful.balance()

    for scope in [*others, " ".join(others), ""]:
        answer = replace(caller, scope=scope).send(call)
        assert_problem(answer, 403, "scope-missing")
        assert answer.json["detail"] == f"The token lacks the scope {needed}."
    assert eventful.balance() == before
    assert replace(caller, scope=needed).send(call).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"scope": "points/read"}, id="one scope"),
        pytest.param({"scope": "openid points/read points/add"}, id="among others"),
        pytest.param({"scope": "[openid points/read]"}, id="a list, as the gateway writes it"),
        pytest.param({"scope": "[points/read, openid]"}, id="a list with commas"),
        pytest.param({"scp": "points/read"}, id="in scp, as some issuers have it"),
        pytest.param({"scp": "[openid points/read]"}, id="a list in scp"),
        pytest.param({"scope": "", "scp": "points/read"}, id="in scp beside an empty scope"),
    ],
)
def test_where_a_token_may_have_its_scopes(client: Client, claims: dict[str, str]) -> None:
    assert call_with(client, "balance", {"jwt": {"claims": {"sub": client.subject, **claims}}}).status == 200


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param("", id="empty"),
        pytest.param("points/readonly", id="longer"),
        pytest.param("points/rea", id="shorter"),
        pytest.param("xpoints/read", id="with something before"),
        pytest.param("POINTS/READ", id="in capitals"),
        pytest.param("points/*", id="a wildcard"),
        pytest.param("points", id="the resource alone"),
        pytest.param("points/add;points/read", id="with another mark between"),
    ],
)
def test_what_is_not_the_scope(client: Client, scope: str) -> None:
    assert_problem(replace(client, scope=scope).balance(), 403, "scope-missing")


def test_the_gateway_s_own_list_of_scopes_is_no_claim(client: Client) -> None:
    findings = {"jwt": {"claims": {"sub": client.subject}, "scopes": ["points/read"]}}

    assert_problem(call_with(client, "balance", findings), 403, "scope-missing")


@pytest.mark.parametrize(
    "authorizer",
    [
        pytest.param(None, id="none"),
        pytest.param({}, id="an empty one"),
        pytest.param({"jwt": None}, id="a null token"),
        pytest.param({"jwt": {}}, id="an empty token"),
        pytest.param({"jwt": {"claims": None, "scopes": None}}, id="null claims"),
        pytest.param({"jwt": {"claims": {}, "scopes": ["points/add"]}}, id="empty claims"),
        pytest.param({"lambda": {"sub": "x", "scope": ALL_SCOPES}}, id="a Lambda authorizer"),
        pytest.param({"iam": {"userArn": "arn:aws:iam::123456789012:user/x"}}, id="IAM"),
    ],
)
@pytest.mark.parametrize("account", [None, "somebody"], ids=["own account", "named account"])
def test_without_claims_there_is_no_account(client: Client, call: str, authorizer: Any, account: str | None) -> None:
    """An `Authorization` header alone is nothing: the gateway is who reads it."""
    answer = call_with(replace(client, account=account), call, authorizer)

    assert_problem(answer, 401, "token-missing")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_an_event_without_an_authorizer_is_refused(client: Client, call: str) -> None:
    event = client.event(call)
    del event["requestContext"]["authorizer"]

    assert_problem(client.send_event(call, event), 401, "token-missing")


@pytest.mark.parametrize("subject", [None, "", ".", "..", "a b", "a/b", "a#b", "é", "x" * 129])
def test_a_subject_that_no_account_can_be_named_by(client: Client, subject: str | None) -> None:
    claims = {"scope": ALL_SCOPES} | ({} if subject is None else {"sub": subject})

    answer = call_with(client, "balance", {"jwt": {"claims": claims}})

    assert_problem(answer, 400, "invalid-request", account=NAME_RULE)


def test_accounts_are_apart(client: Client) -> None:
    other = Client()
    client.add("DANNON", 100)
    other.add("UNILEVER", 200)

    assert_problem(client.spend(101), 400, "not-enough-points", points="there are 100")
    assert client.balance().json == {"DANNON": 100}
    assert other.balance().json == {"UNILEVER": 200}


def test_a_named_account_is_the_one_that_its_owner_sees(client: Client) -> None:
    """Which is not the caller's own, and needs no subject that could be one."""
    shop = replace(Client("a shop"), account=client.subject, scope="accounts/add accounts/spend accounts/read")

    assert shop.add("DANNON", 100).status == 200
    assert shop.spend(30).json == [{"payer": "DANNON", "points": -30}]
    assert client.balance() == shop.balance()
    assert client.balance().json == {"DANNON": 70}


@pytest.mark.parametrize(
    "account",
    [
        "ABCXYZabcxyz0189",
        "._:@|+-",
        "somebody+shop@example.com",
        "auth0|5f7c8ec7c33c6c004bbafe82",
        "somebody@example.com",
        "arn:aws:iam::1",
        "...",
        "x",
        "x" * 128,
    ],
)
@pytest.mark.parametrize("encoded", [False, True], ids=["path decoded", "path percent-encoded"])
def test_what_an_account_may_be_called(client: Client, account: str, *, encoded: bool) -> None:
    named = replace(client, account=account)
    event = named.event("add")
    if encoded:
        event["rawPath"] = (
            event["rawPath"].replace("@", "%40").replace("|", "%7C").replace(":", "%3A").replace("+", "%2B")
        )

    assert named.send_event("add", event).status == 200
    assert Client(account).balance().json == {"DANNON": 1000}


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(".", id="a dot"),
        pytest.param("..", id="two dots"),
        pytest.param("#", id="the reserved mark"),
        pytest.param("alice#1", id="the reserved mark inside"),
        pytest.param("x" * 129, id="129 characters"),
        pytest.param("a b", id="a space"),
        pytest.param("alice\n", id="a line feed after"),
        pytest.param("a\x00b", id="a NUL"),
        pytest.param("a%40b", id="encoded twice"),
        pytest.param("josé", id="beyond ASCII"),
        pytest.param("٣", id="a digit beyond ASCII"),
    ],
)
def test_what_an_account_may_not_be_called(client: Client, call: str, account: str) -> None:
    answer = replace(client, account=account).send(call)

    assert_problem(answer, 400, "invalid-request", account=NAME_RULE)


def test_an_account_without_a_name_is_none(client: Client, call: str) -> None:
    assert_problem(replace(client, account="").send(call), 400, "invalid-request", account=NAME_RULE)


@pytest.mark.parametrize("account", ["a/transactions", "a/b"])
def test_a_name_with_a_slash_is_none_whatever_other_route_the_path_reads_like(client: Client, account: str) -> None:
    answer = replace(client, account=account).send("transactions")

    assert_problem(answer, 400, "invalid-request", account=NAME_RULE)


def test_a_transaction_that_is_called_like_a_route_is_none(client: Client) -> None:
    named = replace(client, account=client.subject)

    for name in ("transactions", "refund", "cancel", "x"):
        assert_problem(named.send("transaction", sequence=name), 404, "no-transaction")
        assert_problem(named.send("void", sequence=name), 404, "no-transaction")


@pytest.fixture
def local_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the local server sets this: then, and only then, a request needs no token."""
    monkeypatch.setenv("LOCAL_ACCOUNT", "default")


@pytest.mark.usefixtures("local_run")
def test_without_a_token_the_own_account_is_the_local_one(client: Client) -> None:
    assert call_with(client, "add", None).status == 200
    assert call_with(client, "spend", None).status == 200
    assert call_with(client, "balance", None).json == {"DANNON": 600}
    assert Client("default").balance().json == {"DANNON": 600}


@pytest.mark.usefixtures("local_run")
def test_without_a_token_every_account_may_be_named(client: Client) -> None:
    named = replace(client, account="somebody")

    assert call_with(named, "add", None).status == 200
    assert call_with(named, "balance", None).json == {"DANNON": 1000}
    assert call_with(client, "balance", None).json == {}


@pytest.mark.usefixtures("local_run")
def test_a_token_counts_all_the_same(client: Client) -> None:
    assert client.send("add").status == 200
    assert client.balance().json == {"DANNON": 1000}
    assert_problem(replace(client, scope="points/add").balance(), 403, "scope-missing")
    assert_problem(replace(client, scope="points/read", account="x").balance(), 403, "scope-missing")


def test_an_empty_name_is_no_local_run(client: Client, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_ACCOUNT", "")

    for account in (None, "somebody"):
        assert_problem(call_with(replace(client, account=account), call, None), 401, "token-missing")
