"""GET /, /docs and /openapi.json: the pages for people, and the API's description. Files, served as they are.

Nobody needs a token to read them, and this function has no right to the table. It imports nothing but Python itself, so
it is there at once.
"""

import base64
import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "docs_assets"
PAGES = {"GET /": "account.html", "GET /docs": "docs.html", "GET /openapi.json": "openapi.json"}

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
    "cache-control": "no-cache",  # keep it, but ask each time whether it is still the same
    "vary": "accept-encoding",
}


class _File(NamedTuple):
    content: bytes
    compressed: bytes
    etag: str


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with the file that a route means, or that its path names."""
    name = PAGES.get(event["routeKey"]) or event.get("pathParameters", {}).get("file", "")
    if name not in _FILES:
        return {"statusCode": 404, "headers": {"content-type": "application/json"}, "body": '{"message":"Not Found"}'}
    file = _read(name)
    headers = _HEADERS | {"etag": file.etag}
    if file.etag in event["headers"].get("if-none-match", ""):
        return {"statusCode": 304, "headers": headers}
    headers["content-type"] = TYPES[_FILES[name].suffix]
    content = file.content
    if "gzip" in event["headers"].get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
        content = file.compressed
    return {
        "statusCode": 200,
        "headers": headers,
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


@cache
def _read(name: str) -> _File:
    """Read a file, once: it changes only with the function. The tag is weak: it is the same, compressed or not."""
    content = _FILES[name].read_bytes()
    return _File(content, gzip.compress(content, mtime=0), f'W/"{hashlib.sha256(content).hexdigest()[:32]}"')
