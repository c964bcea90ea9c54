"""`obctl health`: what it says of pages of metrics, and with which exit status."""

import socket
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from obctl.commands.health import METRICS_PAGE
from tests.replay.helpers import obctl

from .compose_file import free_ports
from .serve_process import run

PAGE = """\
# HELP agent_connected 1 while the agent trades on a server.
# TYPE agent_connected gauge
agent_connected{agent="twap {x}",account="2"} 1.0
levels{side="bid"} 1.0
levels{side="ask"} 0.0
plain 2e3
"""


class Page(BaseHTTPRequestHandler):
    """Serves PAGE at /metrics."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/metrics" else 404)
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def ask(*words: str, **environment: str) -> tuple[int, str, str]:
    done: subprocess.CompletedProcess[str] = run("health", *words, **environment)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("expected", [[], ["agent_connected=1"], ["plain=2000", "agent_connected=1.0"]])
def test_well(address: str, expected: list[str]) -> None:
    assert ask(f"{address}/metrics", *[f"--expect={each}" for each in expected]) == (0, "well\n", "")


def test_examples(address: str) -> None:
    text = obctl("health", "--help").stdout
    _, _, examples = text.partition("Examples:\n")
    first, second = (line.split()[2:] for line in examples.partition("\n\n")[0].splitlines())
    assert first == []
    assert METRICS_PAGE in text, "which the first one asks; here somebody else may have that port"
    assert second[0] == "http://127.0.0.1:9101/metrics"
    assert ask(f"{address}/metrics", *second[1:]) == (0, "well\n", "")


@pytest.mark.parametrize(
    ("expected", "complaint"),
    [
        ("agent_connected=0", "agent_connected is 1, not 0"),
        ("levels=1", "levels is 0, not 1"),
        ("absent=1", "absent is not there"),
        ("agent=1", "agent is not there"),
    ],
)
def test_not_as_expected(address: str, expected: str, complaint: str) -> None:
    url = f"{address}/metrics"
    assert ask(url, "--expect", expected) == (3, "", f"obctl health: {url}: {complaint}\n")


def test_no_answer() -> None:
    url = f"http://127.0.0.1:{free_ports(4)['9000']}/metrics"
    status, _, error = ask(url)
    assert status == 6
    assert error.startswith(f"obctl health: {url} does not answer: ")


def test_another_answer(address: str) -> None:
    assert ask(f"{address}/other") == (6, "", f"obctl health: {address}/other answers 404 Not Found\n")


def test_no_proxy_is_asked(address: str) -> None:
    assert ask(f"{address}/metrics", http_proxy="http://127.0.0.1:1")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        *(["file:///etc/hostname"], ["127.0.0.1:9100"], ["http://a:b/"], ["http://a:99999/"], ["http://[::1/"], [""]),
        *(
            ["http://a..b/"],
            [f"http://{'a' * 100}/"],
            ["http://127.0.0.1:1/a b"],
            ["http://127.0.0.1:1/\r\nX: 1"],
            ["http://127.0.0.1:1/é"],
        ),
        *(["--expect", "x"], ["--timeout", "0"], ["--timeout", "nan"], ["--timeout", "inf"], ["--timeout", "1e300"]),
    ],
)
def test_wrong_command_line(words: list[str]) -> None:
    status, told, error = ask(*words)
    assert (status, told) == (2, "")
    assert "Traceback" not in error


@pytest.mark.parametrize("answer", [b"\0\0\x12\x04\0\x1b[31m\n", b"HTTP/1.0 200 OK\r\n\r\n\xff", b"", b"HTTP/1.0 \r\n"])
def test_something_else_answers(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            with listener.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(answer)

        Thread(target=reply, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert ask(url) == (6, "", f"obctl health: {url} does not answer: what comes is no page of HTTP\n")


def test_a_query_is_asked_for_too(address: str) -> None:
    assert ask(f"{address}/metrics?x=1")[2].endswith("answers 404 Not Found\n"), "the page is /metrics alone"
