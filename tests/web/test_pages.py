"""The page's files: what is served, and that nothing else is."""

import asyncio

import httpx
import pytest

from orderbook_server.config import Settings
from orderbook_server.gateways.http.doors import Doors
from orderbook_server.gateways.http.pages import FOLDER, HEADERS, Pages
from orderbook_server.gateways.http.rest import new_app
from orderbook_server.metrics.transport import TransportStats

APP = new_app(Doors(Settings(), None), TransportStats("http"), Pages())


def request(method: str, path: str, **headers: str) -> httpx.Response:
    """Send a request for exactly this path."""

    async def work() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://localhost") as client:
            message = client.build_request(method, "/", headers=headers)
            message.url = message.url.copy_with(raw_path=path.encode())
            return await client.send(message)

    return asyncio.run(work())


@pytest.mark.parametrize(
    ("path", "name", "media_type"),
    [
        ("/", "index.html", "text/html"),
        ("/?symbol=BTC-USD", "index.html", "text/html"),
        ("/index.html", "index.html", "text/html"),
        ("/js/main.js", "js/main.js", "text/javascript"),
        ("/css/base.css", "css/base.css", "text/css"),
        ("/favicon.svg", "favicon.svg", "image/svg+xml"),
        ("/vendor/uplot/LICENSE", "vendor/uplot/LICENSE", "text/plain"),
    ],
)
def test_files(path: str, name: str, media_type: str) -> None:
    answer = request("GET", path)
    assert (answer.status_code, answer.content) == (200, (FOLDER / name).read_bytes())
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert {header: answer.headers[header] for header in HEADERS} == HEADERS
    head = request("HEAD", path)
    assert head.headers == answer.headers


def test_what_the_browser_has_is_not_sent_again() -> None:
    answer = request("GET", "/")
    tag = answer.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = request("GET", "/", **{"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for unknown in ('"other"', tag.strip('"'), ""):
        assert request("GET", "/", **{"If-None-Match": unknown}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/js", "/js/", "/js/%2e%2e/index.html", "/..%2f__init__.py", "//"),
        *("/%2fetc/passwd", "//etc/passwd", "/index.html/", "/index.html%00", "/%ff", "/js//main.js", "/nothing"),
        "/" + "a" * 5000,
    ],
)
def test_nothing_else(path: str) -> None:
    answer = request("GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/nothing"])
def test_they_are_there_to_be_read(method: str, path: str) -> None:
    answer = request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
