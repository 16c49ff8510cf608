"""GET /, /docs and /openapi.json: the pages for people, and the API's description. Files, served as they are.

It also answers what no route takes: with the methods that the path has, or that there is no such path. Nobody needs a
token for any of this, and this function has no right to the table. It imports nothing but Python itself, so it is there
at once.
"""

import base64
import gzip
import hashlib
import json
import re
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "docs_assets"
PAGES = {"/": "account.html", "/docs": "docs.html", "/openapi.json": "openapi.json"}
ASSETS = "/assets/{file}"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
_FILES = {file.name: file for file in FOLDER.rglob("*") if file.suffix in TYPES}

_HEADERS = {
    # The pages run their own scripts only, and speak to nobody but this API.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "vary": "accept-encoding",
}

_ASK_EACH_TIME = "no-cache"  # keep it, but ask whether it is still the same
_KEEP = "public, max-age=31536000, immutable"  # another version has another address

_ASSET = re.compile(rb'(?<=")assets/([\w.-]+)(?=")')

_ACCEPTED = re.compile(r"([!#$%&'*+.^`|~\w-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?", re.IGNORECASE)
_UNLISTED = 0.0001
"""What the plain file weighs with a caller who does not name it: less than anything that is named."""
_OPAQUE_TAG = re.compile(r'(?:W/)?("[^"]*")')


class _File(NamedTuple):
    content: bytes
    compressed: bytes
    version: str

    @property
    def tag(self) -> str:
        return f'"{self.version}"'


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the file that a route means, or that its path names."""
    if event["routeKey"] == "$default":
        return _unrouted(event["requestContext"]["http"]["method"], event["rawPath"])
    route = event["routeKey"].partition(" ")[2]
    name = PAGES.get(route) or event["pathParameters"]["file"]
    if name not in _FILES:
        return _problem(HTTPStatus.NOT_FOUND, "no-file", "There is no such file", "No file has this name.")
    version = event.get("queryStringParameters", {}).get("v")
    return _serve(name, event["headers"], version)


def _serve(name: str, asked: dict[str, str], version: str | None) -> dict[str, Any]:
    """Answer with a file, compressed or not as the caller likes; to HEAD too, whose body the gateway leaves out.

    A browser keeps what it asked for by its version, and need not ask for it again.
    """
    unsaid = "" if name in PAGES.values() else "*"  # any coding will do, but curl shows the pages as they come
    coding = _coding(asked.get("accept-encoding", unsaid))
    if coding is None:
        detail = "The file is available as gzip or uncompressed (identity), and Accept-Encoding excludes both."
        return _problem(HTTPStatus.NOT_ACCEPTABLE, "not-acceptable", "No accepted encoding", detail)
    file = _read(name)
    caching = _KEEP if version == file.version else _ASK_EACH_TIME
    headers = _HEADERS | {"cache-control": caching, "etag": f"W/{file.tag}"}  # weak: the same, compressed or not
    if _has_already(asked.get("if-none-match", ""), file.tag):
        return {"statusCode": HTTPStatus.NOT_MODIFIED, "headers": headers}
    headers["content-type"] = TYPES[_FILES[name].suffix]
    if coding == "gzip":
        headers["content-encoding"] = coding
    content = file.compressed if coding == "gzip" else file.content
    body = base64.b64encode(content).decode()
    return {"statusCode": HTTPStatus.OK, "headers": headers, "body": body, "isBase64Encoded": True}


def _coding(accepted: str) -> str | None:
    """Choose the coding that an Accept-Encoding likes best, gzip if in doubt; None if it takes no coding there is."""
    entries = filter(None, (_ACCEPTED.fullmatch(entry.strip()) for entry in accepted.split(",")))
    weights = {entry[1].lower(): float(entry[2] or 1) for entry in entries}
    compressed = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0)))
    plain = weights.get("identity", weights.get("*", _UNLISTED))
    if not compressed and not plain:
        return None
    return "gzip" if compressed >= plain else "identity"


def _has_already(none_match: str, tag: str) -> bool:
    """Whether an If-None-Match names the tag, weak or strong, or any."""
    return none_match.strip() == "*" or tag in _OPAQUE_TAG.findall(none_match)


@cache
def _read(name: str) -> _File:
    """Read and compress a file, once: it changes only with the function. A page names its assets by their versions."""
    content = _FILES[name].read_bytes()
    if name.endswith(".html"):
        content = _ASSET.sub(lambda found: found[0] + f"?v={_read(found[1].decode()).version}".encode(), content)
    return _File(content, gzip.compress(content, mtime=0), hashlib.sha256(content).hexdigest()[:32])


def _unrouted(method: str, path: str) -> dict[str, Any]:
    """Answer what no route takes, naming the route that may have been meant."""
    methods = _methods(path)
    allow = {"allow": ", ".join(methods)}
    if methods and method == "OPTIONS":
        return {"statusCode": HTTPStatus.NO_CONTENT, "headers": allow}
    if methods and method not in methods:
        title, detail = "The route does not accept this method", f"{path} accepts {allow['allow']}, but not {method}."
        return _problem(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", title, detail, allow)
    detail = "No route has this path."
    if (bare := path.rstrip("/")) != path and _methods(bare):
        detail = f"The route is {bare}, without the trailing slash."
    return _problem(HTTPStatus.NOT_FOUND, "no-route", "There is no such route", detail)


def _methods(path: str) -> list[str]:
    """Tell which methods a path takes, in order; none if it is no route's."""
    found = {method for pattern, methods in _routes() if pattern.fullmatch(path) for method in methods}
    return sorted(found | {"OPTIONS"} | ({"HEAD"} if "GET" in found else set())) if found else []


@cache
def _routes() -> list[tuple[re.Pattern[str], set[str]]]:
    """Read all routes from the description, which lies beside the pages, and add that of what the pages load."""
    described = {ASSETS: ["get"], **json.loads(_read("openapi.json").content)["paths"]}
    return [(_pattern(path), {method.upper() for method in methods}) for path, methods in described.items()]


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))


def _problem(
    status: HTTPStatus, kind: str, title: str, detail: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Write a problem of RFC 9457, as the functions of the ledger do."""
    problem = {"type": f"urn:points-ledger:problem:{kind}", "title": title, "status": status, "detail": detail}
    return {
        "statusCode": status,
        "headers": {"content-type": "application/problem+json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(problem, separators=(",", ":")),
    }
