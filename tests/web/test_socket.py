"""The feed's WebSocket: what docs/web.md says of it, sentence by sentence."""

import itertools
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from websockets.frames import Opcode

from orderbook import Side
from orderbook_server.auth import Access
from orderbook_server.gateways.http import socket as feed_socket
from orderbook_server.market import feed as market_feed
from orderbook_server.metrics.registry import Metrics

from ..server.held_journal import HeldJournal
from ..server.running import eventually
from .market_flow import SYMBOLS, Client, best
from .websocket import Closed, Refused, WebServer, WebSocket, frame_bytes, web_server

TOKENS = {
    "viewer": Access("viewer", "screen", frozenset()),
    "trader": Access("trader", "desk", frozenset({1})),
    "admin": Access("admin", "root"),
}
ANSWER_BYTES = 4_096


@pytest.fixture(scope="module")
def shared() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture
def socket_(shared: WebServer) -> Iterator[WebSocket]:
    with shared.connect() as websocket:
        yield websocket


def is_digits(*texts: object) -> bool:
    return all(isinstance(text, str) and text.isdigit() for text in texts)


# Messages


def test_forms(shared, socket_):
    snapshot = socket_.subscribe("BTC-USD")
    assert snapshot.keys() == {
        *("type", "symbol", "sequence", "time_ns", "halted", "bids", "asks", "trades", "bars", "totals")
    }
    assert is_digits(snapshot["sequence"], snapshot["time_ns"])
    last = shared.make_event(price=77)
    while (update := socket_.until("update"))["bids"] == []:
        pass
    assert update.keys() == {
        *("type", "symbol", "after", "sequence", "time_ns", "halted", "bids", "asks", "trades", "skipped_trades"),
        *("bars", "totals"),
    }
    assert int(update["sequence"]) == last
    assert [price for price, _, _ in update["bids"]] == ["77"]
    assert update["totals"].keys() == {"events", "trades", "volume", "bid_levels", "ask_levels", "orders"}
    assert is_digits(*(update["totals"][name] for name in ("events", "trades", "volume")))
    assert socket_.protocol.subprotocol is None


@pytest.mark.parametrize("asked", [{}, {"symbol": ""}, {"symbol": None}, {"symbol": "BTC-USD", "token": None}])
def test_the_first_instrument(socket_, asked):
    socket_.send("subscribe", **asked)
    assert socket_.receive()["symbol"] == SYMBOLS[0]


def test_subscribe_again(shared, socket_):
    for symbol in (*SYMBOLS, SYMBOLS[1]):
        assert socket_.subscribe(symbol)["symbol"] == symbol
    shared.make_event(instrument=0)
    last = shared.make_event(instrument=1)
    while True:
        message = socket_.receive()
        assert message["symbol"] == SYMBOLS[1]
        if int(message["sequence"]) >= last:
            break


def test_unsubscribe(shared, socket_):
    socket_.send("unsubscribe")
    socket_.subscribe()
    socket_.send("unsubscribe")
    assert socket_.ping()["type"] == "pong"
    shared.make_event()
    time.sleep(3 * market_feed.UPDATE_SECONDS)  # in which an update would come
    socket_.send("ping", nonce="last")
    message = socket_.receive()
    assert (message["type"], message["nonce"]) == ("pong", "last")


@pytest.mark.parametrize("nonce", ["", "7", "x" * 64, "é🙂" * 32, '"\\\n', "\ud800"])
def test_ping(shared, socket_, nonce):
    pong = socket_.ping(nonce=nonce)
    assert pong.keys() == {"type", "nonce", "sequence", "time_ns"}
    assert pong["nonce"] == nonce
    assert int(pong["sequence"]) == shared.sequencer.exchange.last_sequence
    assert is_digits(pong["time_ns"])


def test_ping_without_a_nonce(socket_):
    assert socket_.ping()["nonce"] == ""


def test_quiet(shared, socket_):
    """An update each second says that nothing happens."""
    first = socket_.subscribe("ETH-USD")
    begin = time.monotonic()
    update = socket_.receive()
    assert update["type"] == "update"
    assert (update["after"], update["bids"], update["asks"]) == (first["sequence"], [], [])
    assert time.monotonic() - begin < market_feed.QUIET_SECONDS * 5


@pytest.mark.parametrize("parts", [2, 5, 60])
def test_fragments(socket_, parts):
    text = json.dumps({"type": "ping", "nonce": "n" * 60})
    size = -(-len(text) // parts)
    socket_.send_text(*(text[start : start + size] for start in range(0, len(text), size)))
    assert socket_.receive()["nonce"] == "n" * 60


def test_many_messages_in_one_packet(socket_):
    texts = (json.dumps({"type": "ping", "nonce": str(number)}).encode() for number in range(500))
    socket_.socket.sendall(b"".join(frame_bytes(Opcode.TEXT, text) for text in texts))
    assert [socket_.receive()["nonce"] for _ in range(500)] == [str(number) for number in range(500)]


# What is wrong


@pytest.mark.parametrize("symbol", ["DOGE-USD", "x" * 4000, "\ud800", '"'])
def test_unknown_symbol(socket_, symbol):
    socket_.subscribe()
    socket_.send("subscribe", symbol=symbol)
    error = socket_.until("error")
    assert error.keys() == {"type", "code", "message"}
    assert error["code"] == "unknown_symbol"
    assert socket_.ping()["nonce"] == ""


INVALID = {
    "not JSON": "hello",
    "nothing": "",
    "half": '{"type": "ping"',
    "two": '{"type": "ping"} {"type": "ping"}',
    "no object": '["ping"]',
    "a number": "7",
    "no type": "{}",
    "unknown type": '{"type": "order"}',
    "type of another kind": '{"type": ["ping"]}',
    "unknown field": '{"type": "ping", "symbol": "BTC-USD"}',
    "unknown field that is no Unicode": '{"type": "ping", "\\ud800": "x"}',
    "wrong kind of a field that is no Unicode": '{"type": "ping", "\\ud800": 1}',
    "field of unsubscribe": '{"type": "unsubscribe", "symbol": "BTC-USD"}',
    "symbol is a number": '{"type": "subscribe", "symbol": 7}',
    "token is an object": '{"type": "subscribe", "token": {}}',
    "nonce is a number": '{"type": "ping", "nonce": 7}',
    "nonce is not a number": '{"type": "ping", "nonce": NaN}',
    "long nonce": json.dumps({"type": "ping", "nonce": "x" * 65}),
    "deep": "[" * ANSWER_BYTES,
    "deep object": '{"a":' * (ANSWER_BYTES // 5),
    "many digits": "9" * ANSWER_BYTES,
}


@pytest.mark.parametrize("text", INVALID.values(), ids=INVALID)
def test_invalid_message(socket_, text):
    socket_.subscribe()
    socket_.send_text(text)
    code, reason = socket_.closed()
    assert code == 4009
    assert reason.startswith("invalid_message: ")
    assert len(reason.encode()) <= 123


def test_bytes_are_no_message(socket_):
    socket_.send_frame(Opcode.BINARY, b'{"type":"ping"}')
    assert socket_.closed() == (4009, "invalid_message: not text")


def test_no_unicode(socket_):
    socket_.send_frame(Opcode.TEXT, b'{"type":"ping","nonce":"\xff"}')
    assert socket_.closed()[0] == 1007


def padded(size: int) -> bytes:
    """Return a message of so many bytes."""
    return b'{"type":"ping"' + b" " * (size - 15) + b"}"


def test_the_longest_message(socket_):
    socket_.send_text(padded(ANSWER_BYTES))
    assert socket_.receive()["type"] == "pong"
    half = ANSWER_BYTES // 2
    socket_.send_text(padded(ANSWER_BYTES)[:half], padded(ANSWER_BYTES)[half:])
    assert socket_.receive()["type"] == "pong"


@pytest.mark.parametrize("cuts", [(), (2000,), (1, 2, 4096)])
def test_a_longer_message(socket_, cuts):
    text = padded(ANSWER_BYTES + 1)
    bounds = (0, *cuts, len(text))
    socket_.send_text(*(text[start:end] for start, end in itertools.pairwise(bounds)))
    assert socket_.closed()[0] == 1009


def test_fragments_without_end(socket_):
    """Nobody can have frames of no bytes be kept for ever."""
    socket_.send_frame(Opcode.TEXT, b"", fin=False)
    for _ in range(63):
        socket_.send_frame(Opcode.CONT, b"", fin=False)
    socket_.send_frame(Opcode.PING, b"still here")
    while not socket_.pongs:
        socket_.take()
    socket_.send_frame(Opcode.CONT, b"", fin=False)
    assert socket_.closed() == (1009, "a message may have 64 fragments")


def test_server_shuts_down():
    with web_server() as server, server.connect() as watching, server.connect() as idle:
        watching.subscribe()
        stopping = server.running.begin_stop()
        for websocket in (watching, idle):
            assert websocket.closed() == (1001, "the server shuts down")
            websocket.socket.close()
        stopping.result(10)


# Tokens


@pytest.fixture(scope="module")
def guarded() -> Iterator[WebServer]:
    with web_server(authenticate=TOKENS.get, auth_seconds=0.3) as server:
        yield server


@pytest.mark.parametrize("token", TOKENS)
def test_every_role_may_watch(guarded, token):
    with guarded.connect() as websocket:
        assert websocket.subscribe(token=token)["symbol"] == SYMBOLS[0]
        assert websocket.subscribe(SYMBOLS[1])["symbol"] == SYMBOLS[1], "it is said once"
        time.sleep(0.5)
        assert websocket.ping()["type"] == "pong", "the time to say it is over, and does not matter"


@pytest.mark.parametrize("token", [{}, {"token": ""}, {"token": "nobody's"}, {"token": "\ud800é"}])
def test_no_known_token(guarded, token):
    with guarded.connect() as websocket:
        websocket.send("subscribe", **token)
        code, reason = websocket.closed()
        assert code == 4001
        assert reason.startswith("unauthenticated: ")


@pytest.mark.parametrize("kind", ["ping", "unsubscribe"])
def test_nothing_is_told_before_the_token(guarded, kind):
    with guarded.connect() as websocket:
        websocket.send(kind)
        with pytest.raises(Closed) as closed:
            websocket.text()
        assert closed.value.args == (4001, "unauthenticated: no token in the first message")


def test_a_wrong_token_later(guarded):
    with guarded.connect() as websocket:
        websocket.subscribe(token="viewer")
        websocket.send("subscribe", token="nobody's")
        assert websocket.closed()[0] == 4001


def test_no_token_in_time(guarded):
    with guarded.connect() as websocket:
        assert websocket.closed() == (4001, "unauthenticated: no known token within 0.3 seconds")


def test_tokens_where_none_are_asked_for(socket_):
    assert socket_.subscribe(token="whatever")["type"] == "snapshot"


# Doors


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, "wrong_host"),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, "wrong_host"),
        ({"Origin": "http://evil.example"}, "wrong_origin"),
        ({"Origin": "null"}, "wrong_origin"),
        ({"Origin": "http://127.0.0.1:1"}, "wrong_origin"),
        ({"Host": "localhost:8080", "Origin": "https://localhost:8080"}, "wrong_origin"),
    ],
)
def test_strangers_pages(shared, headers, code):
    with pytest.raises(Refused) as refused:
        shared.connect(headers=headers)
    assert refused.value.args == (403, code)


@pytest.mark.parametrize("host", [None, "localhost:8080"])
def test_the_own_page(shared, host):
    headers = {"Host": host or shared.address, "Origin": f"http://{host or shared.address}"}
    with shared.connect(headers=headers) as websocket:
        assert websocket.subscribe()["type"] == "snapshot"


def test_one_connection_too_many():
    with web_server(http_connections_max=2) as server, server.connect(), server.connect() as second:
        with pytest.raises(Closed):
            server.connect()
        second.socket.close()
        eventually(lambda: server.stats.connections == 1)
        with server.connect() as third:
            assert third.subscribe()["type"] == "snapshot"


def test_rate_limited():
    with web_server(messages_per_second=5) as server, server.connect() as websocket:
        for _ in range(20):
            websocket.send("ping")
        answers = [websocket.receive() for _ in range(20)]
        kinds = [answer["type"] for answer in answers]
        assert "pong" in kinds
        assert {answer["code"] for answer in answers if answer["type"] == "error"} == {"rate_limited"}
        assert kinds.count("error") >= 10
        eventually(lambda: ask_again(websocket)["type"] == "pong")
        with server.connect() as other:
            assert other.ping()["type"] == "pong", "it is a limit of each connection"


def ask_again(websocket: WebSocket) -> dict[str, object]:
    websocket.send("ping")
    return websocket.receive()


# What is durable


def test_nothing_before_it_is_durable():
    journal = HeldJournal()
    with web_server(journal=journal) as server, server.connect() as websocket:
        client = Client()
        client.take(json.dumps(websocket.subscribe()))
        first = server.make_event()
        websocket.send("ping")
        websocket.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            websocket.text()
        websocket.socket.settimeout(20)
        journal.keep()
        told = {}
        while client.sequence < first or "pong" not in told:
            message = client.take(websocket.text())
            told[message["type"]] = message
        assert client.levels() == best(server.sequencer, SYMBOLS[0])
        assert told["pong"]["sequence"] == str(first)
        with server.connect() as late:
            server.make_event(price=3)
            late.send("subscribe")
            late.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                late.text()
            late.socket.settimeout(20)
            journal.keep()
            assert ["3", "5", 1] in late.until("snapshot")["bids"]
    journal.close()


# Those who do not read


def test_who_reads_nothing_is_closed():
    with web_server(slow_consumer_seconds=0.3) as server, server.connect(receive_bytes=4096) as websocket:
        fill(server)
        eventually(lambda: never_read(websocket, server))
        assert server.stats.slow_consumers == 1
        eventually(lambda: not server.stats.connections)


def test_who_reads_nothing_is_told(monkeypatch):
    """The close frame stands behind what was not read, for who reads it in time."""
    monkeypatch.setattr(feed_socket, "CLOSE_SECONDS", 20)
    with web_server(slow_consumer_seconds=0.3) as server, server.connect(receive_bytes=4096) as websocket:
        fill(server)
        while not server.stats.slow_consumers:
            never_read(websocket, server)
        assert websocket.closed() == (4008, "slow_consumer: nothing was read for 0.3 seconds")


def fill(server: WebServer) -> None:
    """Make snapshots long."""

    def rest() -> None:
        for number in range(500):
            server.sequencer.submit(0, 1, 10_000 + number, Side.BID, 2, 10**9 + number, 1)

    server.running.call(rest)


def never_read(websocket: WebSocket, server: WebServer) -> bool:
    """Ask for a snapshot, and do not read it; return whether the server has had enough."""
    if not server.stats.slow_consumers:
        with suppress(OSError):
            websocket.send("subscribe")
    return bool(server.stats.slow_consumers)


def test_pings_of_the_protocol_are_answered(socket_):
    socket_.send_frame(Opcode.PING, b"1234")
    socket_.ping()
    assert socket_.pongs == [b"1234"]


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.TEXT])
def test_who_asks_and_does_not_read_the_answers(opcode):
    """What waits for them is bounded, whatever they send."""
    with web_server(slow_consumer_seconds=30) as server, server.connect(receive_bytes=4096) as websocket:
        data = b"x" * 125 if opcode is Opcode.PING else json.dumps({"type": "ping", "nonce": "x" * 64}).encode()
        flood = frame_bytes(opcode, data) * 500
        websocket.socket.settimeout(0.3)
        sent = 0
        try:
            while sent < 40_000_000:
                sent += websocket.socket.send(flood)
        except TimeoutError:
            pass
        assert unread_bytes(server) < 1_000_000


def unread_bytes(server: WebServer) -> int:
    """Return the most that any connection has in its buffer."""

    def largest() -> int:
        connections = server.running.gateway._listener._all.each()
        return max(connection.transport.get_write_buffer_size() for connection in connections)

    return server.running.call(largest)


def test_who_goes_away_is_forgotten(shared):
    for way in ("close", "reset", "goodbye"):
        websocket = shared.connect()
        websocket.subscribe()
        assert len(shared.running.call(lambda: list(shared.stats.lags()))) == 1
        if way == "reset":
            websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if way == "goodbye":
            websocket.protocol.send_close(1000)
            websocket.flush()
            assert websocket.closed()[0] == 1000
        websocket.socket.close()
        eventually(lambda: not shared.running.call(lambda: list(shared.stats.lags())))
        eventually(lambda: shared.stats.connections == 0)


def test_metrics():
    journal = HeldJournal()
    with web_server(journal=journal) as server, server.connect() as one, server.connect() as other, server.connect():
        for websocket in (one, other):
            websocket.subscribe()
        for _ in range(7):
            server.make_event()
        figures = server.running.call(figures_of, server)
        assert figures["obctl_connections"] == 3
        assert figures["obctl_feed_subscribers"] == 2
        assert figures["obctl_feed_lag_events"] == 7
        assert figures["obctl_slow_consumers_total"] == 0
        journal.keep()
        eventually(lambda: server.running.call(figures_of, server)["obctl_feed_lag_events"] == 0)
    journal.close()


def figures_of(server: WebServer) -> dict[str, float]:
    """Return what the metrics say of HTTP."""
    registry = Metrics(server.sequencer, [server.stats]).registry
    assert isinstance(registry, CollectorRegistry)
    lines = generate_latest(registry).decode().splitlines()
    ours = (line.partition('{transport="http"} ') for line in lines)
    return {name: float(value) for name, mark, value in ours if mark}
