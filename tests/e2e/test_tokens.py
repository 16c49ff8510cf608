"""Who gets through the gateway, and to what."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.conftest import Answer, Caller
from tests.infra.test_api import OPEN, SCOPES, UNROUTED
from tools.deploy_local.stack import DEVELOPER, Stack

VALID_S = 3
ADD = {"payer": "DANNON", "points": 1, "timestamp": "2020-10-31T10:00:00Z"}
BODIES: dict[str, object] = {"add": ADD, "spend": {"points": 1}, "holds": {"points": 1}, "preview": {"points": 1}}


def request_of(route: str) -> tuple[str, str, object]:
    """Return a request for a route that is answered by it, if only by a refusal of ours."""
    method, _, path = route.partition(" ")
    body = BODIES.get(path.rpartition("/")[2], {}) if method == "POST" else None
    return method, path.replace("{account}", "somebody").replace("{sequence}", "1"), body


def got_through(answer: Answer) -> bool:
    """Tell whether an answer is the function's, which refuses by a problem: the gateway's own are plain JSON."""
    return answer.status == 200 or answer.headers["content-type"] == "application/problem+json"


@pytest.fixture(scope="module")
def tokens(stack: Stack) -> dict[str, str]:
    return {scope: stack.token(scope) for scope in sorted(set(SCOPES.values()))}


@pytest.mark.parametrize("route", SCOPES)
def test_a_route_takes_the_token_with_its_scope_and_no_other(
    route: str, caller: Callable[..., Caller], tokens: dict[str, str]
) -> None:
    answers = {scope: caller(token).send(*request_of(route)) for scope, token in tokens.items()}
    assert got_through(answers.pop(SCOPES[route]))
    assert {answer.status for answer in answers.values()} == {403}
    assert not any(got_through(answer) for answer in answers.values())


@pytest.mark.parametrize("route", SCOPES)
def test_a_route_takes_nobody_without_a_token(route: str, caller: Callable[..., Caller]) -> None:
    answer = caller().send(*request_of(route))
    assert answer.status == 401
    assert not got_through(answer)


@pytest.mark.parametrize("route", sorted(route for route in OPEN if "{" not in route and route != UNROUTED))
def test_the_pages_are_open_to_everybody(route: str, caller: Callable[..., Caller]) -> None:
    assert caller().send(*request_of(route)).status == 200


def test_the_page_to_try_the_api_on_gets_all_it_loads(caller: Callable[..., Caller]) -> None:
    page = caller().send("GET", "/docs")
    assert page.headers["content-type"].startswith("text/html")
    script = caller().send("GET", "/assets/swagger-ui-bundle.js")
    assert (script.status, script.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
    assert len(script.text) > 1_000_000
    described = caller().send("GET", "/openapi.json").json["paths"]
    routes = {f"{method.upper()} {path}" for path, operations in described.items() for method in operations}
    assert routes == {
        route for route in SCOPES.keys() | OPEN if route.startswith(("GET ", "POST ")) and "{file}" not in route
    }


def test_what_no_route_takes_is_told_to_everybody(caller: Callable[..., Caller]) -> None:
    assert_told(caller().send("PUT", "/accounts/somebody/holds"), 405, "GET, HEAD, OPTIONS, POST")
    assert_told(caller().send("GET", "/add"), 405, "OPTIONS, POST")
    assert_told(caller().send("GET", "/nothing"), 404)  # not with a slash at the end: MiniStack takes that for none


def assert_told(answer: Answer, status: int, allow: str | None = None) -> None:
    assert (answer.status, answer.headers.get("allow")) == (status, allow)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["status"] == status


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _read(token: str) -> tuple[dict[str, object], dict[str, object], str]:
    header, claims, signature = token.split(".")
    decoded = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims)]
    return decoded[0], decoded[1], signature


def _changed(token: str, **claims: object) -> str:
    header, given, signature = _read(token)
    return f"{_part(header)}.{_part(given | claims)}.{signature}"


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "somebody else"},
        {"scope": "accounts/add accounts/spend accounts/refund accounts/read"},
        {"exp": 4102444800},
        {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_another"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_token_that_somebody_changed_is_refused(
    changes: dict[str, object], caller: Callable[..., Caller], token: str
) -> None:
    assert caller(_changed(token, **changes)).send("GET", "/balance").status == 401


def test_a_token_without_a_signature_is_refused(caller: Callable[..., Caller], token: str) -> None:
    _, claims, _ = _read(token)
    assert caller(f"{_part({'alg': 'none'})}.{_part(claims)}.").send("GET", "/balance").status == 401


def _make_client(stack: Stack, pool: str, **more: object) -> tuple[str, str]:
    """Make a machine client that may read its own account, and return its id and secret."""
    client = stack.client("cognito-idp").create_user_pool_client(
        UserPoolId=pool,
        ClientName="another",
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["points/read"],
        **more,
    )["UserPoolClient"]
    return client["ClientId"], client["ClientSecret"]


@pytest.mark.parametrize(("role", "may"), [
    ("issuer", {"add", "cancel", "read"}),
    ("shop", {"spend", "hold", "refund", "read"}),
    ("reader", {"read"}),
])  # fmt: skip
def test_a_role_s_client_may_do_what_the_role_needs_though_it_asks_for_no_scope(
    stack: Stack, caller: Callable[..., Caller], role: str, may: set[str]
) -> None:
    client = caller(stack.token(None, role), "somebody")
    answers = {
        "add": client.send("POST", "/add", ADD),
        "cancel": client.send("POST", "/transactions/1/cancel", {}),
        "spend": client.send("POST", "/spend", {"points": 1}),
        "hold": client.send("POST", "/holds", {"points": 1}),
        "refund": client.send("POST", "/transactions/1/refund", {}),
        "read": client.send("GET", "/balance"),
    }
    assert {name for name, answer in answers.items() if got_through(answer)} == may
    assert {answer.status for name, answer in answers.items() if name not in may} <= {403}


def test_a_token_of_another_client_of_the_pool_is_refused(caller: Callable[..., Caller], stack: Stack) -> None:
    other = _make_client(stack, stack.outputs()["UserPoolId"])
    assert caller(stack.token_of(*other, "points/read")).send("GET", "/balance").status == 401


def test_a_token_of_another_issuer_is_refused(caller: Callable[..., Caller], stack: Stack) -> None:
    """A pool of somebody else's, in which all the names are the same."""
    cognito = stack.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=pool, Identifier="points", Name="points", Scopes=[{"ScopeName": "read", "ScopeDescription": "read"}]
    )
    other = _make_client(stack, pool)
    assert caller(stack.token_of(*other, "points/read")).send("GET", "/balance").status == 401


def test_a_token_is_refused_once_it_has_expired(caller: Callable[..., Caller], stack: Stack) -> None:
    """A client whose tokens hold for seconds, and which the gateway knows."""
    short = _make_client(
        stack,
        stack.outputs()["UserPoolId"],
        TokenValidityUnits={"AccessToken": "seconds"},
        AccessTokenValidity=VALID_S,
    )
    with _known_to_the_gateway(stack, short[0]):
        token = stack.token_of(*short, "points/read")
        assert caller(token).send("GET", "/balance").status == 200
        time.sleep(VALID_S + 1)
        assert caller(token).send("GET", "/balance").status == 401


@contextmanager
def _known_to_the_gateway(stack: Stack, client: str) -> Iterator[None]:
    gateway, api = stack.client("apigatewayv2"), stack.physical_ids()["LedgerApi"]
    (authorizer,) = gateway.get_authorizers(ApiId=api)["Items"]
    given = authorizer["JwtConfiguration"]

    def set_audience(audience: list[str]) -> None:
        gateway.update_authorizer(
            ApiId=api,
            AuthorizerId=authorizer["AuthorizerId"],
            JwtConfiguration={"Issuer": given["Issuer"], "Audience": audience},
        )

    set_audience([*given["Audience"], client])
    try:
        yield
    finally:
        set_audience(given["Audience"])


def test_an_own_account_is_nobody_elses(caller: Callable[..., Caller], stack: Stack, tokens: dict[str, str]) -> None:
    """A token for its own account opens no named one, not even its own by name."""
    own = stack.clients()[DEVELOPER]
    for account in (own, "somebody"):
        assert caller(tokens["points/read"], account).send("GET", "/balance").status == 403
