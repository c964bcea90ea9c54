"""Client commands and their server: wrong words, refusals, where it is, tokens, TLS, and a server that is not there."""

import socket
import time
from pathlib import Path

import pytest
import trustme

from agents.errors import BadRequest, NotAuthenticated, NotPermitted, ServerBusy, ServerUnavailable
from agents.gateways.grpc import BlockingOrderBookClient
from orderbook import OrderBookError, SequenceGone

from .client_server import NEW, U64_MAX, Market, client_command
from .serve_process import FREE, run, serving


def name_of(words: tuple[object, ...]) -> str:
    """Return the name of the command that words call."""
    return " ".join(["obctl", *map(str, words[: 2 if words[0] in ("order", "account") else 1])])


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (
            ["order", "new", "-a", "1", "-s", "bid", "-p", "5.5", "-q", "1"],
            "'--price' / '-p': '5.5' is no whole number",
        ),
        (["order", "new", "-a", "1", "-s", "bid", "-p", "-1", "-q", "1"], "'--price' / '-p': '-1' is no whole number"),
        (["order", "new", "-a", "1", "-s", "bid", "-p", U64_MAX + 1, "-q", "1"], "from 0 to 2^64-1"),
        (["order", "new", "-a", "1", "-s", "bid", "-p", "1", "-q", "1_0"], "'--quantity' / '-q': '1_0' is no whole"),
        (["order", "new", "-a", "1", "-s", "bid", "-p", "1", "-q", "٣"], "'--quantity' / '-q': '٣' is no whole"),
        (["order", "new", "-a", "1", "-s", "bid", "-p", "9" * 5000, "-q", "1"], "from 0 to 2^64-1"),
        (["order", "new", "-a", "x", "-s", "bid", "-p", "1", "-q", "1"], "'--account' / '-a': 'x' is no whole number"),
        (["order", "new", "-a", "1", "-s", "buy", "-p", "1", "-q", "1"], "'buy' is not one of 'bid', 'ask'"),
        (["order", "new", "-a", "1", "-s", "bid", "-p", "1", "-q", "1", "-t", "gtc"], "'gtc' is not one of 'market'"),
        (["order", "new", "-a", "1", "-s", "bid", "-q", "1"], "--price is missing."),
        (
            ["order", "new", "-a", "1", "-s", "bid", "-p", "1", "-q", "1", "-t", "market"],
            "A market order has no --price.",
        ),
        (["order", "new", "-s", "bid", "-p", "1", "-q", "1"], "Missing option '--account' / '-a'"),
        (["order", "modify", "-a", "1", "-q", "1"], "Give ORDER_ID once, as the argument or as --id."),
        (["order", "cancel", "-a", "1"], "Give ORDER_ID once, as the argument or as --id, or --all."),
        (["order", "cancel", "1", "--all", "-a", "1"], "Give ORDER_ID once"),
        (["order", "cancel", "--all"], "Missing option '--account' / '-a'"),
        (["order", "list"], "Missing option '--account' / '-a'"),
        (["order", "cancel", "1", "--id", "1", "-a", "1"], "Give ORDER_ID once"),
        (["account", "credit", "1"], "Give --base, --quote or both."),
        (["account", "debit", "1"], "Give --base, --quote or both."),
        (["account", "balance"], "Give ACCOUNT_ID once, as the argument or as --account."),
        (["book", "--levels", "0"], "'0' is no whole number from 1 to 2^64-1"),
        (["book", "--timeout", "0"], "'0' is no number of seconds above 0"),
        (["book", "--timeout", "nan"], "'nan' is no number of seconds above 0"),
        (["book", "--timeout", "soon"], "'soon' is no number of seconds above 0"),
        (["events", "--count", "0"], "'0' is no whole number from 1"),
        (["book", "--endpoint", "nowhere"], "obctl book: 'nowhere' must be HOST:PORT, such as 127.0.0.1:50051"),
        (["book", "--token", "a b"], "obctl book: the token is empty, or has characters that no token has"),
        (["book", "--tls-ca", "no.pem"], "obctl book: no.pem: cannot be read: No such file or directory"),
        (["book", "--tls-cert", __file__], "obctl book: a certificate and its key go together"),
    ],
)
def test_a_wrong_command_line(words: list[str], problem: str) -> None:
    """It is said before any server is asked: there is none."""
    result = client_command(*words, OBCTL_ENDPOINT="127.0.0.1:1")
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert problem in result.stderr


@pytest.mark.parametrize(
    "words", [("book",), ("account", "balance", "1"), ("events",), NEW, ("order", "cancel", "--all", "-a", "1")]
)
def test_an_instrument_that_is_not_there(market: Market, words: tuple[object, ...]) -> None:
    told = market.obctl(*words, "--symbol", "NO-SUCH", status=5)
    assert told.startswith(f"{name_of(words)}: ")
    assert "unknown_symbol: " in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-p", U64_MAX, "-q", 1], "insufficient_quote"),
        (["-p", U64_MAX, "-q", U64_MAX], "numeric_overflow"),
        (["-p", 100, "-q", 0], "invalid_quantity"),
        (["-p", 103, "-q", 1, "-t", "post_only"], "crossed_order"),
    ],
)
def test_what_the_engine_refuses(market: Market, words: list[object], code: str) -> None:
    market.small_book()
    told = market.obctl("order", "new", "--account", 1, "--side", "bid", *words, status=5)
    assert told.startswith(f"obctl order new: {code}: order ")
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (SequenceGone("events: the last is 5"), 5, "sequence_gone: events: the last is 5"),
        (OrderBookError("moon_phase: depth"), 5, "moon_phase: depth"),
        (NotAuthenticated("x"), 5, "unauthenticated: x; a token is given with --token or OBCTL_TOKEN"),
        (NotPermitted("x"), 5, "permission_denied: x"),
        (ServerBusy("x"), 5, "resource_exhausted: x"),
        (BadRequest("x"), 5, "invalid_argument: x"),
        (ServerUnavailable("x"), 6, "x"),
    ],
)
def test_errors_of_the_client(
    market: Market, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, told: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(BlockingOrderBookClient, "depth", fail)
    assert market.obctl("book", status=status) == f"obctl book: {told}\n"


def test_an_order_whose_answer_is_lost_is_named(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(*_: object, **__: object) -> None:
        raise ServerUnavailable("order: the connection is lost")

    monkeypatch.setattr(BlockingOrderBookClient, "submit_order", lose)
    monkeypatch.setattr("obctl.commands.order.time.time_ns", lambda: 5000)
    told = market.obctl(*NEW, status=6)
    assert told == "obctl order new: order: the connection is lost; order 5 may have been accepted\n"


@pytest.mark.parametrize("words", [("book",), ("account", "balance", "1"), ("order", "list", "-a", "1"), ("events",)])
def test_no_server(words: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
    result = client_command(*words, "--endpoint", place, "--timeout", 0.5)
    assert result.exit_code == 6
    assert result.stderr.startswith(f"{name_of(words)}: ")
    assert place in result.stderr
    assert result.stderr.count("\n") == 1


def test_somebody_who_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        begin = time.monotonic()
        place = f"127.0.0.1:{deaf.getsockname()[1]}"
        result = client_command("book", "--timeout", 0.5, "--endpoint", place)
    assert (result.exit_code, place in result.stderr) == (6, True)
    assert time.monotonic() - begin < 10


def test_where_the_endpoint_comes_from(market: Market) -> None:
    """The option, then OBCTL_ENDPOINT, then GRPC_ENDPOINT, which containers set; an empty variable is none."""
    nowhere, here = "127.0.0.1:1", f"http://{market.endpoint}"
    for words, environment in [
        (["--endpoint", here], {"OBCTL_ENDPOINT": nowhere, "GRPC_ENDPOINT": nowhere}),
        ([], {"OBCTL_ENDPOINT": here, "GRPC_ENDPOINT": nowhere}),
        ([], {"OBCTL_ENDPOINT": "", "GRPC_ENDPOINT": here}),
    ]:
        assert client_command("book", *words, **environment).exit_code == 0
    assert client_command("book", "--timeout", 0.2, OBCTL_ENDPOINT=nowhere, GRPC_ENDPOINT=here).exit_code == 6


def test_without_a_symbol_it_is_the_first(market: Market) -> None:
    assert client_command("book", OBCTL_ENDPOINT=market.endpoint).stdout.startswith("B0-Q0  ")


def test_tokens(tmp_path: Path) -> None:
    file = str(tmp_path / "tokens.toml")

    def token(*words: str) -> str:
        return run("token", "new", *words, "--name", words[1], "--file", file).stdout.strip()

    admin, trader = token("--role", "admin"), token("--role", "trader", "--account", "1")
    with serving(*FREE, "--tokens", file) as server:
        here = {"OBCTL_ENDPOINT": server.addresses["grpc"]}
        credit = ("account", "credit", "1", "--quote", "1000")
        for words in (credit, NEW, ("book",), ("events",), ("events", "-a", "1")):
            for wrong in ([], ["--token", "obt_aaaaaaaa_wrong"]):
                result = client_command(*words, *wrong, **here)
                assert result.exit_code == 5, (words, result.output)
                assert ": unauthenticated: " in result.stderr
                assert result.stderr.endswith("; a token is given with --token or OBCTL_TOKEN\n")
        result = client_command(*credit, "--token", trader, **here)
        assert (result.exit_code, ": permission_denied: " in result.stderr) == (5, True)
        assert client_command(*credit, "--token", admin, **here).exit_code == 0
        assert client_command(*NEW, OBCTL_TOKEN=trader, **here).exit_code == 0
        other = client_command("order", "new", "-a", 2, "-s", "bid", "-p", 1, "-q", 1, OBCTL_TOKEN=trader, **here)
        assert (other.exit_code, ": permission_denied: " in other.stderr) == (5, True)
        assert trader not in other.stderr
        events = client_command("events", "--from", 0, "-n", 1, OBCTL_TOKEN=trader, **here)
        assert (events.exit_code, "rests: bid 5 lots at 100" in events.stdout) == (0, True)


def test_tls(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    ca, other, cert, key = (str(tmp_path / name) for name in ("ca.pem", "other.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    stranger.cert_pem.write_to_path(other)
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(cert)
    issued.private_key_pem.write_to_path(key)
    with serving(*FREE, "--tls-cert", cert, "--tls-key", key, "--tls-client-ca", ca) as server:
        place = f"https://{server.addresses['grpc']}"
        own = ["--tls-cert", cert, "--tls-key", key]
        assert client_command("book", "--endpoint", place, "--tls-ca", ca, *own).exit_code == 0
        by_environment = client_command("book", OBCTL_ENDPOINT=place, TLS_CA=ca, TLS_CERT=cert, TLS_KEY=key)
        assert by_environment.exit_code == 0
        for words in (["--tls-ca", other, *own], ["--tls-ca", ca], []):
            assert client_command("book", "--endpoint", place, "--timeout", 1, *words).exit_code == 6


def test_grpc_prints_nothing_of_its_own(market: Market, tmp_path: Path) -> None:
    """In a process of its own, where gRPC is loaded by the command: TLS with a server that has none is one line."""
    ca = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(ca)
    done = run("book", "--timeout", "1", "--tls-ca", str(ca), OBCTL_ENDPOINT=f"https://{market.endpoint}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (6, "", 1), done.stderr
    assert done.stderr.startswith(f"obctl book: connection ({market.endpoint}): ")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("obctl.libraries.find_spec", lambda name: None)
    result = client_command("book")
    assert (result.exit_code, result.stderr) == (
        2,
        "obctl book: a client of the server needs grpc: pip install 'obctl[server]'\n",
    )
