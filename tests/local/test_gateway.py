"""The local stand-in for API Gateway: routes, events of payload format 2.0, results."""

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from local.gateway import (
    Headers,
    Request,
    Response,
    Router,
    build_event,
    decoded_path,
    own_answer,
    preflight,
    read_result,
    with_cors,
)
from local.template import Cors, Route

ADD = Route("POST", "/accounts/{account}/add", "Add")
AT = datetime(2026, 3, 4, 5, 6, 7, 890_000, UTC)


def event_of(
    path: str = "/accounts/ann/add",
    query: str = "",
    headers: Headers = (),
    body: bytes = b"",
    parameters: dict[str, str] | None = None,
) -> dict[str, Any]:
    request = Request("POST", path, query, headers, body, "HTTP/1.1", "127.0.0.1")
    return build_event(request, ADD, parameters or {}, request_id="id=", at=AT)


class TestRoutes:
    ROUTER = Router(
        [
            Route("GET", "/", "Home"),
            Route("ANY", "/files/{path+}", "Files"),
            Route("GET", "/files/{name}", "File"),
            Route("GET", "/files/latest", "Latest"),
            Route("POST", "/a.b", "Dot"),
            ADD,
        ]
    )

    @pytest.mark.parametrize(
        ("method", "path", "function", "parameters"),
        [
            ("GET", "/", "Home", {}),
            ("GET", "/files/latest", "Latest", {}),
            ("GET", "/files/one", "File", {"name": "one"}),
            ("GET", "/files/one/two", "Files", {"path": "one/two"}),
            ("PUT", "/files/one", "Files", {"path": "one"}),
            ("POST", "/accounts/a b@c/add", "Add", {"account": "a b@c"}),
        ],
    )
    def test_the_most_specific_route_is_found(
        self, method: str, path: str, function: str, parameters: dict[str, str]
    ) -> None:
        found = self.ROUTER.find(method, path)
        assert found
        route, found_parameters = found
        assert (route.function, found_parameters) == (function, parameters)

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/accounts/ann/add"),
            ("POST", "/accounts/ann/add/"),
            ("POST", "/accounts//add"),
            ("POST", "/accounts/a/b/add"),
            ("POST", "/axb"),
            ("HEAD", "/"),
            ("GET", ""),
        ],
    )
    def test_what_is_not_declared_is_not_found(self, method: str, path: str) -> None:
        assert self.ROUTER.find(method, path) is None

    @pytest.mark.parametrize(
        ("method", "path", "key"),
        [
            ("GET", "/files/one", "GET /files/{name}"),
            ("PUT", "/files/one", "ANY /files/{path+}"),
            ("GET", "/accounts/ann/add", "$default"),
            ("POST", "/accounts/ann/add/", "$default"),
            ("OPTIONS", "/", "$default"),
            ("GET", "/a\nb", "$default"),
        ],
    )
    def test_the_default_route_takes_what_no_other_does(self, method: str, path: str, key: str) -> None:
        declared = [Route("ANY", "$default", "Else"), Route("ANY", "/files/{path+}", "Files"), ADD]
        router = Router([*declared, Route("GET", "/files/{name}", "File"), Route("GET", "/", "Home")])
        found = router.find(method, path)
        assert found
        assert found[0].key == key

    def test_a_path_is_decoded_before_a_route_is_looked_for(self) -> None:
        assert decoded_path("/accounts/caf%C3%A9%20x/add") == "/accounts/café x/add"
        assert decoded_path("/accounts/a%2Fb/add") == "/accounts/a/b/add"
        assert decoded_path("/accounts/a%3Fb/add") == "/accounts/a"
        assert decoded_path("/accounts/a%252Fb/add") == "/accounts/a%2Fb/add"


class TestEvents:
    def test_an_event_is_what_the_gateway_sends(self) -> None:
        event = event_of(
            "/accounts/a%40b/add",
            "x=1&x=2&at=2020%2B+&flag",
            [
                ("host", "127.0.0.1:3000"),
                ("user-agent", "curl/8"),
                ("content-type", "application/json"),
                ("connection", "keep-alive"),
                ("if-match", '"1"'),
                ("if-match", '"2"'),
                ("cookie", "a=1; b=2"),
            ],
            b'{"points": 1}',
            {"account": "a@b"},
        )
        assert event == {
            "version": "2.0",
            "routeKey": "POST /accounts/{account}/add",
            "rawPath": "/accounts/a@b/add",
            "rawQueryString": "x=1&x=2&at=2020%2B+&flag",
            "cookies": ["a=1", "b=2"],
            "headers": {
                "host": "127.0.0.1:3000",
                "user-agent": "curl/8",
                "content-type": "application/json",
                "if-match": '"1","2"',
                "content-length": "13",
                "x-amzn-trace-id": event["headers"]["x-amzn-trace-id"],
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"x": "1,2", "at": "2020+ ", "flag": ""},
            "pathParameters": {"account": "a@b"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "domainName": "127.0.0.1:3000",
                "domainPrefix": "local",
                "http": {
                    "method": "POST",
                    "path": "/accounts/a@b/add",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "curl/8",
                },
                "requestId": "id=",
                "routeKey": "POST /accounts/{account}/add",
                "stage": "$default",
                "time": "04/Mar/2026:05:06:07 +0000",
                "timeEpoch": 1772600767890,
            },
            "body": '{"points": 1}',
            "isBase64Encoded": False,
        }

    def test_what_there_is_not_is_left_out(self) -> None:
        event = event_of()
        assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & event.keys()
        assert event["rawQueryString"] == ""
        assert event["headers"]["content-length"] == "0"

    def test_nobody_is_authorized(self) -> None:
        event = event_of(headers=[("authorization", "Bearer x")])
        assert "authorizer" not in event["requestContext"]

    @pytest.mark.parametrize(
        "content_type",
        ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/xml", None],
    )
    def test_text_comes_as_it_is(self, content_type: str | None) -> None:
        headers = [("content-type", content_type)] if content_type else []
        event = event_of(headers=headers, body='{"payer": "é"}'.encode())
        assert (event["body"], event["isBase64Encoded"]) == ('{"payer": "é"}', False)

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/x-www-form-urlencoded", b'{"points": 1}'),
            ("application/octet-stream", b"\x00\xff"),
            ("application/json-patch+json", b"[]"),
            ("application/json", b'"\xff"'),
        ],
    )
    def test_all_else_comes_in_base_64(self, content_type: str, body: bytes) -> None:
        event = event_of(headers=[("content-type", content_type)], body=body)
        assert event["isBase64Encoded"]
        assert base64.b64decode(event["body"]) == body


class TestResults:
    def test_a_response_is_read(self) -> None:
        response = read_result(
            {
                "statusCode": 201,
                "headers": {"Content-Type": "application/json", "ETag": '"1"'},
                "cookies": ["a=1", "b=2"],
                "body": '{"é": 1}',
                "isBase64Encoded": False,
            }
        )
        assert response.status == 201
        assert response.headers == [
            ("content-type", "application/json"),
            ("etag", '"1"'),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ]
        assert response.body == '{"é": 1}'.encode()

    def test_a_binary_body_is_decoded(self) -> None:
        response = read_result({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True})
        assert response.body == b"\x00\xff"

    def test_headers_and_body_may_be_missing(self) -> None:
        response = read_result({"statusCode": 204})
        assert (response.headers, response.body) == ([("content-type", "text/plain;charset=UTF-8")], b"")

    @pytest.mark.parametrize("result", [{"points": 1}, [1, 2], "text", None])
    def test_what_has_no_status_is_the_body_of_a_success(self, result: Any) -> None:
        response = read_result(result)
        assert (response.status, response.headers) == (200, [("content-type", "application/json")])

    @pytest.mark.parametrize(
        "result",
        [
            {"statusCode": "many"},
            {"statusCode": None},
            {"statusCode": 99},
            {"statusCode": 200, "body": {"not": "text"}},
            {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        ],
    )
    def test_what_is_no_response_is_refused(self, result: Any) -> None:
        with pytest.raises((TypeError, ValueError)):
            read_result(result)

    def test_the_gateways_own_answers_are_plain(self) -> None:
        response = own_answer(404, "Not Found")
        assert response.body == b'{"message":"Not Found"}'


class TestPagesOfOtherOrigins:
    CORS = Cors(["https://shop.example", "http://127.0.0.1:9"], ["GET", "POST"], ["if-match", "x-a"], ["etag"], 60)
    PREFLIGHT = (("origin", "https://shop.example"), ("access-control-request-method", "POST"))

    @staticmethod
    def request(method: str, *headers: tuple[str, str]) -> Request:
        return Request(method, "/add", "", headers, b"", "HTTP/1.1", "127.0.0.1")

    def test_a_browser_that_asks_is_told_what_a_page_may_send(self) -> None:
        assert preflight(self.CORS, self.request("OPTIONS", *self.PREFLIGHT)) == Response(
            204,
            [
                ("access-control-allow-origin", "https://shop.example"),
                ("access-control-allow-methods", "GET,POST"),
                ("access-control-allow-headers", "if-match,x-a"),
                ("access-control-max-age", "60"),
            ],
            b"",
        )

    @pytest.mark.parametrize(
        "origin", ["https://other.example", "https://shop.example.org", "http://shop.example", "null"]
    )
    def test_a_page_of_another_origin_is_told_nothing(self, origin: str) -> None:
        asked = self.request("OPTIONS", ("origin", origin), self.PREFLIGHT[1])
        assert preflight(self.CORS, asked) == Response(204, [], b"")
        response = Response(200, [("etag", '"1"')], b"{}")
        assert with_cors(self.CORS, self.request("POST", ("origin", origin)), response) == response

    @pytest.mark.parametrize(
        ("method", "headers"),
        [("OPTIONS", ()), ("OPTIONS", PREFLIGHT[:1]), ("OPTIONS", PREFLIGHT[1:]), ("POST", PREFLIGHT)],
    )
    def test_nothing_else_is_answered_by_the_gateway(self, method: str, headers: tuple[tuple[str, str], ...]) -> None:
        assert preflight(self.CORS, self.request(method, *headers)) is None

    def test_a_page_may_read_an_answer_and_the_headers_that_are_named(self) -> None:
        response = Response(409, [("etag", '"1"'), ("access-control-allow-origin", "the function's own")], b"{}")
        assert with_cors(self.CORS, self.request("POST", *self.PREFLIGHT[:1]), response) == Response(
            409,
            [
                ("etag", '"1"'),
                ("access-control-allow-origin", "https://shop.example"),
                ("access-control-expose-headers", "etag"),
            ],
            b"{}",
        )

    def test_a_star_stands_for_every_origin(self) -> None:
        cors = replace(self.CORS, origins=["*"])
        asked = preflight(cors, self.request("OPTIONS", *self.PREFLIGHT))
        assert asked
        answered = with_cors(cors, self.request("GET", *self.PREFLIGHT), Response(200, [], b""))
        assert dict(asked.headers)["access-control-allow-origin"] == "*"
        assert dict(answered.headers)["access-control-allow-origin"] == "*"
        assert with_cors(cors, self.request("GET"), Response(200, [], b"")).headers == []

    def test_without_any_origin_named_there_is_none_of_this(self) -> None:
        response = Response(200, [("access-control-allow-origin", "the function's own")], b"")
        assert preflight(None, self.request("OPTIONS", *self.PREFLIGHT)) is None
        assert with_cors(None, self.request("GET", *self.PREFLIGHT), response) == response
