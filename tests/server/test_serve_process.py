"""The real `obctl serve`, at work: trade, access, an end in the middle of it. tests/cli/test_serve.py has its words."""

import json
import socket
import ssl
import subprocess
import threading
import urllib.request
from contextlib import contextmanager
from signal import SIGINT, SIGTERM

import grpc
import pytest
import trustme

from orderbook_wire.v1 import orderbook_pb2 as wire
from tests.cli.serve_process import CLEAN, FREE, OBCTL, SECONDS, run, serving

from .clients import LineClient
from .grpc.client import Client
from .grpc.records import new
from .running import eventually, needs_ipv6
from .test_metrics import samples

BID, ASK = wire.SIDE_BID, wire.SIDE_ASK
WITHOUT_METRICS = [*FREE[:4], "--metrics", "none"]


def line_client(server, **options):
    host, _, port = server.addresses["tcp"].rpartition(":")
    return LineClient(host, int(port), **options)


@contextmanager
def rpc_client(server, *access):
    client = Client(server.addresses["grpc"], *access)
    try:
        yield client
    finally:
        client.channel.close()


def figures(server):
    """Return what /metrics says, as {(name, label values): value}."""
    with urllib.request.urlopen(f"http://{server.addresses['metrics']}/metrics", timeout=SECONDS) as answer:
        return samples(answer.read().decode())


@pytest.fixture(scope="module")
def market():
    """Return a server of two instruments with all listeners; tests use accounts of their own."""
    with serving(*FREE, "--instrument", "BTC-USD", "--instrument", "ETH-USD", "--event-capacity", "10000") as server:
        yield server


def test_metrics_tell_what_was_traded(market):
    before = figures(market)
    with line_client(market) as trader, rpc_client(market) as client:
        client.CreditAccount(account_id=2, base=100)
        trader.send("A 1 0 10000", "N 1 1 B 100 5", "N 1 1 B 100 5", "N 1 2 B 99 5", "C 1 2", "N 1 3 B 1 0", "nonsense")
        assert [trader.line().split()[0] for _ in range(7)] == ["BAL", "EXEC", "ERR", "EXEC", "CANCELED", "ERR", "ERR"]
        client.ask(4, 100, 2)
        client.ask(5, 1, 1_000)
        client.trade().ask(records=new(6, ASK, 101, 7, account_id=2) + new(7, ASK, 99, 1, account_id=2))
        changes = {key: value - before.get(key, 0) for key, value in figures(market).items()}
        expected = {
            ("matching_orders_submitted_total",): 8,
            ("matching_orders_accepted_total",): 5,
            ("matching_orders_rejected_total", "duplicate_order"): 1,
            ("matching_orders_rejected_total", "invalid_quantity"): 1,
            ("matching_orders_rejected_total", "insufficient_base"): 1,
            ("matching_trades_executed_total",): 2,
            ("matching_traded_volume_total",): 3,
            ("matching_book_added_total",): 3,
            ("matching_book_updated_total",): 2,
            ("matching_book_removed_total",): 1,
            ("matching_resting_orders",): 2,
        }
        for (name, *labels), value in expected.items():
            assert changes[name, "BTC-USD", *labels] == value, name
            assert changes.get((name, "ETH-USD", *labels), 0) == 0, name
        sequence = int(trader.ask("P").removeprefix("PONG "))
        now = figures(market)
        assert now["matching_last_sequence",] == sequence
        assert [now["matching_best_price", "BTC-USD", side] for side in ("bid", "ask")] == [100, 101]
        assert now["obctl_connections", "tcp"] == 1
        assert changes["obctl_batch_commands_sum", "tcp"] == 7
        assert changes["obctl_batch_commands_sum", "grpc"] == 5
        assert changes["obctl_handling_seconds_count", "tcp"] >= 1


def test_a_client_that_vanishes(market):
    """Whole lines are done, half a line is not, and nothing is left of the connection."""
    with line_client(market) as watcher:
        assert watcher.ask("U ETH-USD") == "OK"
        assert watcher.ask("A 11 0 1000") == "BAL 11 0 0 1000 0"
        assert watcher.ask("F") == "SUBSCRIBED"
        client = line_client(market)
        client.send("U ETH-USD", "F", "N 11 21 B 90 1", "N 11 22 B 91 1")
        client.send_bytes(b"N 11 23 B 92 1")  # without an end
        assert client.line() == "OK"
        client.reset()
        assert [watcher.line().split()[3] for _ in range(2)] == ["21", "22"]
        eventually(lambda: figures(market)["obctl_connections", "tcp"] == 1)
        assert figures(market)["obctl_feed_subscribers", "tcp"] == 1
        assert watcher.ask("S") == "BOOKSNAP B:91:1:22@1 B:90:1:21@1"


class Flood:
    """A client that sends orders at distinct prices without waiting, until the server ends it; `accepted`: answers."""

    def __init__(self, server, first_id):
        self.server, self.first_id = server, first_id
        self.accepted, self.status = 0, None
        self.busy = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def count(self, accepted):
        self.accepted += accepted
        if self.accepted > 2_000:
            self.busy.set()


class LineFlood(Flood):
    def work(self):
        with line_client(self.server) as client:
            sender = threading.Thread(target=self.send, args=(client,))
            sender.start()
            while (line := client.line()).startswith("EXEC 0 REST"):
                self.count(1)
            self.status = line
            assert client.rest() == []
            client.finish()
            sender.join(SECONDS)

    def send(self, client):
        try:
            for start in range(self.first_id, self.first_id + 10**7, 500):
                client.send(*(f"N 1 {order_id} B {order_id} 1" for order_id in range(start, start + 500)))
        except OSError:
            return  # the server takes no more


class TradeFlood(Flood):
    def work(self):
        batches = (
            wire.TradeRequest(
                records=b"".join(new(order_id, BID, order_id, 1) for order_id in range(start, start + 500))
            )
            for start in range(self.first_id, self.first_id + 10**7, 500)
        )
        with rpc_client(self.server) as client:
            try:
                for response in client.rpc("Trade")(batches, timeout=SECONDS):
                    self.count(response.result.status.count(0))
            except grpc.RpcError as error:
                self.status = error.code()


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_the_end_in_heavy_traffic(number):
    """What was answered was done, what was done on TCP was answered, and whoever listens hears all of it."""
    with serving(*WITHOUT_METRICS) as server:
        with line_client(server) as listener:
            assert listener.ask(f"A 1 0 {2**63}").startswith("BAL")
            assert listener.ask("F") == "SUBSCRIBED"
            heard = []
            listening = threading.Thread(target=lambda: heard.extend(listener.rest()))
            listening.start()
            floods = [LineFlood(server, 10**8), LineFlood(server, 2 * 10**8), TradeFlood(server, 3 * 10**8)]
            assert all(flood.busy.wait(SECONDS) for flood in floods)
            assert server.end(number) < 5
            for thread in (listening, *(flood.thread for flood in floods)):
                thread.join(SECONDS)
        assert server.process.returncode == 0
        assert [flood.status for flood in floods] == ["BYE", "BYE", grpc.StatusCode.UNAVAILABLE]
        assert heard[-1] == "BYE"
        done = [line.split()[1:4] for line in heard[:-1]]
        assert done == [[str(number), "BOOK_ADD", order_id] for number, (_, _, order_id) in enumerate(done, 1)]
        assert server.events[-1]["last_sequence"] == len(done)
        for flood in floods:
            by_flood = sum(order_id.startswith(str(flood.first_id)[0]) for _, _, order_id in done)
            if isinstance(flood, LineFlood):
                assert flood.accepted == by_flood
            else:
                assert flood.accepted <= by_flood <= flood.accepted + 5_000


def test_tokens_and_tls_from_end_to_end(tmp_path):
    """An admin credits, a trader trades, a viewer reads, over TLS; who may not is refused on both transports."""
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "exchange.toml").write_text(
        'tokens = "tokens.toml"\ntls_cert = "both.pem"\ntls_key = "both.pem"\n'
        'tcp = "localhost:0"\ngrpc = "localhost:0"\nmetrics = "none"\n'
    )
    tokens = {
        name: run("token", "new", "--name", name, "--file", str(tmp_path / "tokens.toml"), *words).stdout.strip()
        for name, words in {
            "admin": ["--role", "admin"],
            "trader": ["--role", "trader", "--account", "7"],
            "other": ["--role", "trader", "--account", "8"],
            "viewer": ["--role", "viewer", "--account", "7"],
        }.items()
    }
    assert not any(token in (tmp_path / "tokens.toml").read_text() for token in tokens.values())
    with serving("--config", str(tmp_path / "exchange.toml")) as server:
        commands = ["A 7 10 1000", "N 7 1 B 100 1", "B 7", "S", "X 7", "P"]
        refused = "ERR permission_denied"
        told = {name: over_tls(server, tmp_path, f"AUTH {token}", *commands) for name, token in tokens.items()}
        assert told["admin"] == [
            "OK",
            "BAL 7 10 0 1000 0",
            "EXEC 0 REST 1 B 100 1",
            "BAL 7 10 0 900 100",
            "BOOKSNAP B:100:1:1@1",
            "CANCELED_ALL 1",
            "PONG 2",
        ]
        assert told["trader"] == ["OK", refused, told["admin"][2], told["admin"][3], *told["admin"][4:6], "PONG 4"]
        assert told["other"] == ["OK", refused, refused, refused, "BOOKSNAP", refused, "PONG 4"]
        assert told["viewer"] == ["OK", refused, refused, "BAL 7 10 0 1000 0", "BOOKSNAP", refused, "PONG 4"]
        nobody = over_tls(server, tmp_path, f"AUTH {tokens['trader'][:-1]}", *commands)
        assert nobody == ["ERR unauthenticated"] * 7
        statuses = {name: rpc_statuses(server, tmp_path, token) for name, token in (tokens | {"none": None}).items()}
        ok, denied, stranger = "OK", grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED
        assert statuses == {
            "admin": [ok] * 5,
            "trader": [denied, ok, ok, ok, ok],
            "other": [denied, denied, denied, ok, denied],
            "viewer": [denied, denied, ok, ok, denied],
            "none": [stranger] * 5,
        }
        assert server.end() < 5
        log = json.dumps(server.events)
        assert not any(token in log for token in tokens.values())


def over_tls(server, folder, *lines):
    """Return the answers to some lines."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    host, _, port = server.addresses["tcp"].rpartition(":")
    with LineClient(host, int(port), tls=context, name="localhost") as client:
        client.send(*lines)
        return [client.line() for _ in lines]


def rpc_statuses(server, folder, token):
    """Return what becomes of a credit, an order, a balance, a snapshot and a cancel of all, each "OK" or a status."""
    credentials = grpc.ssl_channel_credentials((folder / "ca.pem").read_bytes())
    options = (("grpc.ssl_target_name_override", "localhost"),)
    order = {"account_id": 7, "order_id": 2, "side": BID, "price": 1, "quantity": 1}
    with rpc_client(server, token, credentials, options) as client:
        return [
            status_of(client, "CreditAccount", account_id=7, quote=1),
            status_of(client, "NewOrder", **order),
            status_of(client, "GetBalance", account_id=7),
            status_of(client, "Snapshot"),
            status_of(client, "CancelAll", account_id=7),
        ]


def status_of(client, rpc, **fields):
    try:
        assert getattr(client, rpc)(**fields).status.ok
    except grpc.RpcError as error:
        return error.code()
    return "OK"


def test_a_file_says_what_the_exchange_is_like(tmp_path):
    """Instruments with limits of their own, and few events; an option goes before the file."""
    (tmp_path / "exchange.toml").write_text(
        """
        event_capacity = 4
        messages_per_second = 1
        log_level = "warning"

        [[instrument]]
        symbol = "BTC-USD"
        price_band = 1000
        reference_price = 20000
        quantity_max = 5
        self_trade_prevention = "cancel_newest"

        [[instrument]]
        symbol = "GOLD"
        base = "XAU"
        quote = "USD"
        tick_size = "0.5"
        """
    )
    words = ["--config", str(tmp_path / "exchange.toml"), "--log-level", "info", "--messages-per-second", "0"]
    with serving(*WITHOUT_METRICS, *words) as server:
        assert server.ask("I", "A 1 100 999999", "N 1 1 B 18999 1", "N 1 1 B 19000 6", "N 1 1 B 21000 5") == [
            "INSTRUMENTS BTC-USD:BTC:USD GOLD:XAU:USD",
            "BAL 1 100 0 999999 0",
            "ERR price_out_of_band",
            "ERR quantity_too_large",
            "EXEC 0 REST 1 B 21000 5",
        ]
        assert server.ask("N 1 2 A 21000 1", "S", "U GOLD", "N 1 2 B 1 6", "O 2") == [
            "EXEC 1",
            "BOOKSNAP B:21000:5:1@5",
            "OK",
            "EXEC 0 REST 2 B 1 6",
            "ORDER 2 B 1 6",
        ]
        moves = [f"M 1 2 6 {price}" for price in (2, 3, 4)]
        assert server.ask("U GOLD", *moves, "F FROM 0")[-1] == "ERR sequence_gone"
        with rpc_client(server) as client:
            listed = client.ListInstruments().instruments
        assert [(one.symbol, one.tick_size) for one in listed] == [("BTC-USD", "1"), ("GOLD", "0.5")]


def test_the_level_of_logs():
    """LOG_LEVEL is asked last; of connections is told, of single orders never."""

    def told(*words, **environment):
        with serving(*WITHOUT_METRICS, *words, **environment) as server:
            assert server.ask("A 1 0 1000", "N 1 1 B 100 5")[1].startswith("EXEC")
            server.end()
            return {event["event"] for event in server.events}

    usual = {"listening", "connected", "disconnected", "stopping", "stopped"}
    assert told(LOG_LEVEL="debug") == usual | {"listener open"}
    assert told("--log-level", "info", LOG_LEVEL="debug", OBCTL_SERVE_LOG_LEVEL="error") == usual


def test_a_quiet_server_logs_nothing():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["serve", "--tcp", f"127.0.0.1:{port}", "--grpc", "none", "--metrics", "none"]
    environment = CLEAN | {"LOG_LEVEL": "warning"}
    process = subprocess.Popen([*OBCTL, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
    try:
        eventually(lambda: answers(port))
        process.send_signal(SIGTERM)
        assert process.communicate(timeout=SECONDS)[0] == b""
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def answers(port):
    """Tell whether there is a server yet."""
    try:
        with LineClient("127.0.0.1", port) as client:
            return client.ask("P") == "PONG 0"
    except ConnectionRefusedError:
        return False


@needs_ipv6
def test_the_other_loopback():
    with serving("--tcp", "[::1]:0", "--grpc", "[::1]:0", "--metrics", "[::1]:0") as server:
        assert all(server.addresses[name].startswith("[::1]:") for name in ("tcp", "grpc", "metrics"))
        with line_client(server) as client:
            assert client.ask("A 1 0 1000") == "BAL 1 0 0 1000 0"
        with rpc_client(server) as client:
            assert client.GetBalance(account_id=1).balance.available_quote == 1000
        assert figures(server)["obctl_batch_commands_sum", "tcp"] == 1
