"""The docs function: files, as they are, to anyone."""

import base64
import gzip
import re
import subprocess
import sys
from typing import Any

import pytest

import docs
from docs import FOLDER, PAGES
from local.gateway import read_result

ASSETS = sorted(it.name for it in FOLDER.rglob("*") if it.suffix in docs.TYPES)
BROWSER = {"accept-encoding": "gzip, deflate, br"}


def get(route: str, headers: dict[str, str] = BROWSER, file: str | None = None) -> dict[str, Any]:
    event: dict[str, Any] = {"version": "2.0", "routeKey": route, "headers": headers}
    if file is not None:
        event["pathParameters"] = {"file": file}
    return docs.handler(event, None)


def get_asset(file: str, headers: dict[str, str] = BROWSER) -> dict[str, Any]:
    return get("GET /assets/{file}", headers, file)


@pytest.mark.parametrize(("route", "content_type"), [
    ("GET /", "text/html; charset=utf-8"),
    ("GET /docs", "text/html; charset=utf-8"),
    ("GET /openapi.json", "application/json"),
])  # fmt: skip
def test_a_page_is_its_file_compressed(route: str, content_type: str) -> None:
    answer = get(route)
    assert answer["statusCode"] == 200
    assert answer["headers"]["content-type"] == content_type
    assert answer["headers"]["content-encoding"] == "gzip"
    assert gzip.decompress(base64.b64decode(answer["body"])) == (FOLDER / PAGES[route]).read_bytes()


@pytest.mark.parametrize("file", ASSETS)
def test_an_asset_is_its_file_also_for_a_client_that_cannot_decompress(file: str) -> None:
    (path,) = FOLDER.rglob(file)
    answer = get_asset(file, headers={})
    assert answer["statusCode"] == 200
    assert "content-encoding" not in answer["headers"]
    assert read_result(answer).body == path.read_bytes()


def test_what_a_browser_has_already_is_not_sent_again() -> None:
    first = get("GET /docs")
    etag = first["headers"]["etag"]
    again = get("GET /docs", BROWSER | {"if-none-match": f'"other", {etag}'})
    assert again["statusCode"] == 304
    assert "body" not in again
    assert again["headers"]["etag"] == etag
    assert get("GET /docs", BROWSER | {"if-none-match": get("GET /")["headers"]["etag"]}) == first


def test_a_browser_asks_each_time_and_lets_the_pages_run_nothing_of_others() -> None:
    for route in PAGES:
        headers = get(route)["headers"]
        assert headers["cache-control"] == "no-cache"
        assert headers["x-content-type-options"] == "nosniff"
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"


@pytest.mark.parametrize("file", ["nothing.js", "LICENSE", "../docs.py", "swagger-ui/LICENSE", "", "account.html/"])
def test_there_is_nothing_else(file: str) -> None:
    answer = get_asset(file)
    assert (answer["statusCode"], answer["body"]) == (404, '{"message":"Not Found"}')


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
