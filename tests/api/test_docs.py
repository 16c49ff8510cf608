"""The docs function: files, as they are, to anyone; and an answer to whatever no route takes."""

import gzip
import json
import re
import subprocess
import sys
from typing import Any

import pytest

import docs
from docs import FOLDER, PAGES
from local.gateway import read_result
from tests.api.client import EVENTS

ASSETS = sorted(it.name for it in FOLDER.rglob("*") if it.suffix in docs.TYPES)
BROWSER = {"accept-encoding": "gzip, deflate, br"}
NO_ROUTE = "No route has this path."


def get(route: str, headers: dict[str, str] = BROWSER, **more: Any) -> dict[str, Any]:
    return docs.handler({"version": "2.0", "routeKey": route, "headers": headers, **more}, None)


def get_asset(file: str, headers: dict[str, str] = BROWSER, *, version: str | None = None) -> dict[str, Any]:
    asked = {} if version is None else {"queryStringParameters": {"v": version}}
    return get("GET /assets/{file}", headers, pathParameters={"file": file}, **asked)


def unversioned(content: bytes, coding: str = "identity") -> bytes:
    """Return a file as it was before the addresses of assets in it got their versions."""
    plain = gzip.decompress(content) if coding == "gzip" else content
    return re.sub(rb"\?v=\w+", b"", plain)


def ask(method: str, path: str) -> dict[str, Any]:
    """Ask for what no route takes."""
    http = {"method": method, "path": path}
    return docs.handler(
        {"version": "2.0", "routeKey": "$default", "rawPath": path, "headers": {}, "requestContext": {"http": http}},
        None,
    )


def problem_of(answer: dict[str, Any]) -> dict[str, Any]:
    """Read a problem, which must be whole."""
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert answer["headers"]["cache-control"] == "no-store"
    problem: dict[str, Any] = json.loads(answer["body"])
    assert problem["status"] == answer["statusCode"]
    assert problem["type"].startswith("urn:points-ledger:problem:")
    assert problem.keys() == {"type", "title", "status", "detail"}
    return problem


@pytest.mark.parametrize(("path", "content_type"), [
    ("/", "text/html; charset=utf-8"),
    ("/docs", "text/html; charset=utf-8"),
    ("/openapi.json", "application/json"),
])  # fmt: skip
def test_a_page_is_its_file_compressed(path: str, content_type: str) -> None:
    answer = get(f"GET {path}")
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == content_type
    assert answer["headers"]["content-encoding"] == "gzip"
    assert unversioned(read_result(answer).body, "gzip") == (FOLDER / PAGES[path]).read_bytes()


@pytest.mark.parametrize("file", ASSETS)
def test_an_asset_is_its_file_also_for_a_client_that_cannot_decompress(file: str) -> None:
    (path,) = FOLDER.rglob(file)
    answer = get_asset(file, {"accept-encoding": "identity"})
    assert answer["statusCode"] == 200
    assert "content-encoding" not in answer["headers"]
    assert unversioned(read_result(answer).body) == path.read_bytes()


def test_what_only_browsers_load_is_compressed_unless_the_client_excludes_it() -> None:
    """A megabyte and a half, which nobody could be made to pay for by leaving a header out."""
    answer = get_asset("swagger-ui-bundle.js", {})
    assert answer["headers"]["content-encoding"] == "gzip"
    assert len(answer["body"]) < 700_000


@pytest.mark.parametrize("path", PAGES)
def test_a_page_comes_as_it_is_to_who_does_not_say(path: str) -> None:
    assert "content-encoding" not in get(f"GET {path}", {})["headers"]


def test_a_file_is_read_and_compressed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    first = get("GET /docs")
    monkeypatch.setattr(gzip, "compress", lambda *_, **__: pytest.fail("compressed again"))
    assert get("GET /docs") == first


@pytest.mark.parametrize("path", PAGES)
def test_head_is_answered_as_get_and_the_gateway_leaves_the_body_out(path: str) -> None:
    assert get(f"HEAD {path}") == get(f"GET {path}")


@pytest.mark.parametrize("accepted", [
    "gzip", "GZIP", "x-gzip", "br, gzip", "gzip;q=0.001", "gzip ; q=1.000", "*", "br;q=0.5, *;q=0.1", "gzip, identity",
    "identity;q=0, gzip;q=0.5", "identity;q=0, *", "gzip;q=0.5, identity;q=0.5", "identity;q=0.2,gzip;q=0.3",
])  # fmt: skip
def test_a_client_that_likes_it_compressed_gets_it_compressed(accepted: str) -> None:
    answer = get("GET /docs", {"accept-encoding": accepted})
    assert (answer["statusCode"], answer["headers"]["content-encoding"]) == (200, "gzip")


@pytest.mark.parametrize("accepted", [
    "", "identity", "br", "gzip;q=0", "gzip; q=0.000", "gzip;q=0, *", "gzip;q=0.5, identity", "*;q=0.5, identity",
    "*;q=0, identity;q=0.1", "gzip;q=2", "gzip;level=9", "not gzip", ";q=1",
])  # fmt: skip
def test_a_client_that_does_not_gets_it_as_it_is(accepted: str) -> None:
    answer = get("GET /docs", {"accept-encoding": accepted})
    assert answer["statusCode"] == 200
    assert "content-encoding" not in answer["headers"]


@pytest.mark.parametrize("accepted", ["identity;q=0", "*;q=0", "br, identity;q=0", "gzip;q=0, identity;q=0, br, *"])
def test_a_client_that_takes_it_in_no_way_is_told_which_there_are(accepted: str) -> None:
    answer = get("GET /docs", {"accept-encoding": accepted})
    problem = problem_of(answer)
    assert answer["statusCode"] == 406
    assert "gzip" in problem["detail"]
    assert "identity" in problem["detail"]


def test_caches_keep_compressed_and_plain_apart() -> None:
    for accepted in ("gzip", ""):
        assert get("GET /docs", {"accept-encoding": accepted})["headers"]["vary"] == "accept-encoding"


@pytest.mark.parametrize(
    "form", ["{weak}", "{strong}", '"other", {weak}', '{strong},"other"', "*", ' W/"a,b" , {weak} ']
)
def test_what_a_browser_has_already_is_not_sent_again(form: str) -> None:
    etag = get("GET /docs")["headers"]["etag"]
    none_match = form.format(weak=etag, strong=etag.removeprefix("W/"))
    again = get("GET /docs", BROWSER | {"if-none-match": none_match})
    assert again["statusCode"] == 304
    assert "body" not in again
    assert again["headers"]["etag"] == etag


@pytest.mark.parametrize("form", ["", '"other"', "{bare}", '"x{bare}"', '"*"', 'W/"{bare}', '"other, {bare}"'])
def test_what_it_has_of_another_kind_is_no_reason_not_to_send_it(form: str) -> None:
    first = get("GET /docs")
    bare = first["headers"]["etag"].removeprefix("W/").strip('"')
    assert get("GET /docs", BROWSER | {"if-none-match": form.format(bare=bare)}) == first


def test_each_file_has_a_tag_of_its_own() -> None:
    tags = [get(f"GET {path}")["headers"]["etag"] for path in PAGES]
    assert len(set(tags)) == len(PAGES)


@pytest.mark.parametrize("page", ["/", "/docs"])
def test_a_page_names_its_assets_by_their_content_and_a_browser_keeps_those(page: str) -> None:
    html = read_result(get(f"GET {page}", {})).body.decode()
    assets = re.findall(r'"assets/([^"?]+)\?v=(\w+)"', html)
    assert len(assets) == html.count("assets/")
    for file, version in assets:
        kept = get_asset(file, version=version)
        assert kept["headers"]["cache-control"] == "public, max-age=31536000, immutable"
        assert kept["headers"]["etag"] == f'W/"{version}"'


def test_an_asset_of_another_version_is_not_kept() -> None:
    assert get_asset("docs.css", version="older")["headers"]["cache-control"] == "no-cache"


def test_a_browser_asks_each_time_and_lets_the_pages_run_nothing_of_others() -> None:
    for path in PAGES:
        headers = get(f"GET {path}")["headers"]
        assert headers["cache-control"] == "no-cache"
        assert headers["x-content-type-options"] == "nosniff"
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


@pytest.mark.parametrize("file", ["nothing.js", "LICENSE", "../docs.py", "swagger-ui/LICENSE", "", "account.html/"])
def test_there_is_nothing_else(file: str) -> None:
    answer = get_asset(file)
    assert (answer["statusCode"], problem_of(answer)["title"]) == (404, "There is no such file")


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("PUT", "/balance", "GET, HEAD, OPTIONS"),
    ("GET", "/add", "OPTIONS, POST"),
    ("HEAD", "/spend", "OPTIONS, POST"),
    ("DELETE", "/holds", "GET, HEAD, OPTIONS, POST"),
    ("PATCH", "/accounts/ann/transactions/7", "GET, HEAD, OPTIONS"),
    ("GET", "/accounts/ann/holds/7/capture", "OPTIONS, POST"),
    ("POST", "/", "GET, HEAD, OPTIONS"),
    ("POST", "/assets/docs.css", "GET, HEAD, OPTIONS"),
    ("BREW", "/docs", "GET, HEAD, OPTIONS"),
])  # fmt: skip
def test_a_route_says_which_methods_it_takes(method: str, path: str, allowed: str) -> None:
    answer = ask(method, path)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, allowed)
    assert problem_of(answer)["detail"] == f"{path} accepts {allowed}, but not {method}."
    asked = ask("OPTIONS", path)
    assert (asked["statusCode"], asked["headers"]) == (204, {"allow": allowed})


@pytest.mark.parametrize("path", ["/balance/", "/accounts/ann/add//", "/docs/", "/holds/7/void/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_slash_at_the_end_is_pointed_out_with_the_route_that_is_there(method: str, path: str) -> None:
    answer = ask(method, path)
    problem = problem_of(answer)
    assert (answer["statusCode"], problem["title"]) == (404, "There is no such route")
    assert problem["detail"] == f"The route is {path.rstrip('/')}, without the trailing slash."


@pytest.mark.parametrize("path", [
    "/nothing", "/add/7", "/ADD", "/accounts", "/accounts/ann", "/accounts//add", "/accounts/a/b/add", "//",
    "/openapixjson", "/assets/", "/{file}", "/balance ",
])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_there_is_no_other_route(method: str, path: str) -> None:
    answer = ask(method, path)
    assert (answer["statusCode"], problem_of(answer)["detail"]) == (404, NO_ROUTE)


def test_a_request_that_its_route_takes_is_no_business_of_this_one() -> None:
    """It can only come here by a gateway that lacks the route."""
    assert problem_of(ask("GET", "/balance"))["detail"] == NO_ROUTE


def test_every_call_is_a_route_that_it_knows() -> None:
    samples = [json.loads(path.read_text()) for path in EVENTS.glob("*.json") if path.stem != "env"]
    for sample in samples:
        method, _, _ = sample["routeKey"].partition(" ")
        for path in (sample["rawPath"], f"/accounts/ann{sample['rawPath']}"):
            assert method in ask("PUT", path)["headers"]["allow"].split(", ")


@pytest.mark.parametrize("page", ["account.html", "docs.html"])
def test_all_that_a_page_refers_to_is_there_and_nothing_of_others(page: str) -> None:
    refers = re.findall(r'(?:src|href)="([^"]*)"', (FOLDER / page).read_text())
    assert refers
    for path in refers:
        assert path in {"./", "docs", "openapi.json"} or get_asset(path.removeprefix("assets/"))["statusCode"] == 200


def test_the_licences_of_what_is_not_ours_come_with_it() -> None:
    assert {it.name for it in (FOLDER / "swagger-ui").iterdir()} >= {
        "LICENSE",
        "NOTICE",
        "swagger-ui-bundle.js.LICENSE.txt",
    }


def test_it_starts_with_nothing_but_python() -> None:
    program = f"import sys; sys.path.insert(0, {str(FOLDER.parent)!r}); import docs; print(docs.handler.__name__)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "handler\n"
