"""`obctl agent` as processes on a real server: how they begin, what they survive, how they end."""

import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from agents.gateways.grpc import BlockingOrderBookClient
from obctl import exit_codes
from orderbook import OrderType, OrderView, Side
from orderbook_server.auth import make_access
from orderbook_server.new_token import add_token

from .serve_process import CLEAN, FREE, OBCTL, SECONDS, Logging, Server, run, serving, trading
from .test_main import examples

BASE, QUOTE = 1_000_000, 100_000_000_000
DEPOSITS = ("--base-deposit", str(BASE), "--quote-deposit", str(QUOTE))
QUICK = (*DEPOSITS, "--tick-millis", "50")
STILL = (*DEPOSITS, "--tick-millis", "60000")  # what it posts first, rests
MAKER, TWAP, BUYER, OTHER = 1, 2, 3, 9


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server."""
    with serving(*FREE) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[BlockingOrderBookClient]:
    """Return a client of the server; account OTHER is rich."""
    with BlockingOrderBookClient.connect(server.addresses["grpc"]) as connected:
        connected.credit_account(OTHER, BASE, QUOTE)
        yield connected


def until(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.02)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sides(orders: tuple[OrderView, ...]) -> list[Side]:
    """Return the sides of some orders, sorted."""
    return sorted(order.side for order in orders)


def quotes_both_sides(client: BlockingOrderBookClient, account: int = MAKER) -> bool:
    """Tell whether an account has one quote per side."""
    return sides(client.open_orders(account).orders) == [Side.BID, Side.ASK]


def metrics(agent: Logging) -> dict[str, float]:
    """Return what the metrics page of an agent says, by name and labels but those that all have."""
    address = next(event["address"] for event in agent.events if event["event"] == "metrics served")
    text = urllib.request.urlopen(f"http://{address}/metrics", timeout=SECONDS).read().decode()
    found = {}
    for line in text.splitlines():
        if line.startswith("agent_"):
            name, _, value = line.rpartition(" ")
            labels = name.partition("{")[2].rstrip("}").split(",")
            rest = [label for label in labels if not label.startswith(("agent=", "account="))]
            assert len(labels) - len(rest) == 2, line
            found[" ".join([name.partition("{")[0], *rest])] = float(value)
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_quotes_and_a_signal_ends_it_with_its_orders_gone(
    server: Server, client: BlockingOrderBookClient, number: signal.Signals
) -> None:
    with trading("market-maker", server.addresses["grpc"], *QUICK) as maker:
        until(lambda: quotes_both_sides(client))
        assert maker.end(number) < 5
    assert maker.process.returncode == 0
    assert maker.complaints == []
    assert client.open_orders(MAKER).orders == ()
    assert [event["event"] for event in maker.events] == [
        *("agent starts", "account credited", "connected", "stopping", "left")
    ]


def test_logs_and_metrics_tell_what_happened(server: Server, client: BlockingOrderBookClient) -> None:
    with trading("market-maker", server.addresses["grpc"], *QUICK, "--metrics-port", "0") as maker:
        maker.wait_for("connected")
        for side, price in ((Side.BID, 100_100), (Side.BID, 100_100), (Side.ASK, 99_900)):
            until(lambda side=side, price=price: client.submit_order(OTHER, 5, side, OrderType.IOC, price, 1).fills)
        until(
            lambda: metrics(maker)['agent_fills_total side="bid"'] + metrics(maker)['agent_fills_total side="ask"'] == 3
        )
        told = metrics(maker)
        balance = client.get_balance(MAKER)
        maker.end()
    assert told["agent_connected"] == 1
    assert told["agent_reconnects_total"] == 0
    assert told["agent_orders_total"] >= 4
    assert told["agent_cancels_total"] >= 2
    assert told['agent_fills_total side="ask"'] == told['agent_filled_lots_total side="ask"'] == 2
    assert told['agent_filled_lots_total side="bid"'] == 1
    assert told['agent_refusals_total code="insufficient_base"'] == 0
    assert told['agent_figure name="inventory_lots"'] == -1
    assert told['agent_figure name="cash"'] == balance.available_quote + balance.reserved_quote - QUOTE == 100_300
    assert told['agent_figure name="profit"'] == 300
    last = maker.events[-1]
    assert (last["event"], last["inventory_lots"], last["cash"], last["fills"]) == ("left", -1, 100_300, 3)
    assert (last["agent"], last["account"]) == ("market-maker", MAKER)


def test_started_ten_seconds_before_the_server() -> None:
    port = free_port()
    with ExitStack() as stack:
        endpoint = f"127.0.0.1:{port}"
        agents = {
            MAKER: stack.enter_context(trading("market-maker", endpoint, *QUICK)),
            BUYER: stack.enter_context(trading("passive-buyer", f"http://{endpoint}", *QUICK)),
        }
        begin = time.monotonic()
        for agent in agents.values():
            agent.wait_for("no connection")
        time.sleep(max(0.0, begin + 10 - time.monotonic()))
        server = stack.enter_context(serving("--tcp", "none", "--metrics", "none", "--grpc", endpoint))
        for agent in agents.values():
            assert agent.wait_for("connected")["reconnects"] == 0
        client = stack.enter_context(BlockingOrderBookClient.connect(server.addresses["grpc"]))
        until(lambda: quotes_both_sides(client))
        until(lambda: sides(client.open_orders(BUYER).orders) == [Side.BID])
        for agent in agents.values():
            assert agent.end() < 5
            assert agent.process.returncode == 0


def test_the_server_is_killed_and_restarted_under_running_agents() -> None:
    """They come back, twice, without orphan quotes; the market makers' counts go on."""
    where = ("--tcp", "none", "--metrics", "none", "--grpc", f"127.0.0.1:{free_port()}")
    with ExitStack() as stack:
        endpoint = where[-1]
        with serving(*where) as first:
            makers = {
                account: stack.enter_context(
                    trading("market-maker", endpoint, *QUICK, "--account-id", str(account), "--metrics-port", "0")
                )
                for account in (MAKER, 11)
            }
            buyer = stack.enter_context(trading("passive-buyer", endpoint, *QUICK))
            for agent in (*makers.values(), buyer):
                agent.wait_for("connected")
            until(lambda: metrics(makers[MAKER])["agent_orders_total"] > 2)  # between two ticks executions are read
            first.end(signal.SIGKILL)
        for agent in (*makers.values(), buyer):
            agent.wait_for("connection lost")
        with serving(*where), BlockingOrderBookClient.connect(endpoint) as client:
            for agent in (*makers.values(), buyer):
                assert agent.wait_for("connected")["reconnects"] == 1
            for _ in range(5):
                for account in makers:
                    until(lambda account=account: quotes_both_sides(client, account))
            until(lambda: sides(client.open_orders(BUYER).orders) == [Side.BID])
            told = metrics(makers[MAKER])
            assert (told["agent_connected"], told["agent_reconnects_total"]) == (1, 1)
            assert told["agent_missed_fills_total"] == 1
            assert [event["times"] for event in makers[MAKER].events if event["event"] == "fills may be missing"] == [1]
            for agent in (*makers.values(), buyer):
                assert agent.end() < 5
                assert agent.process.returncode == 0
            snapshot = client.snapshot()
            assert (snapshot.bids, snapshot.asks) == ((), ())


def test_killed_and_restarted_it_takes_back_its_last_lifes_orders_and_remembers(
    server: Server, client: BlockingOrderBookClient
) -> None:
    for _ in range(2):  # within the same second or not: ids do not get into each other's way
        with trading("market-maker", server.addresses["grpc"], *STILL) as maker:
            maker.wait_for("connected")  # what rested before is taken back by now
            until(lambda: quotes_both_sides(client))
            maker.process.kill()
            maker.see_out()
        left = client.open_orders(MAKER).orders
        assert left, "kill -9 leaves orders in the book"
    ask = next(order for order in left if order.side == Side.ASK)
    client.submit_order(OTHER, 5, Side.BID, OrderType.IOC, ask.price, 4)
    with trading("market-maker", server.addresses["grpc"], *STILL) as maker:
        maker.wait_for("connected")
        until(lambda: quotes_both_sides(client))
        maker.end()
    assert maker.process.returncode == 0
    assert [event for event in maker.events if event["event"] == "refused"] == []
    assert "account credited" not in [event["event"] for event in maker.events]
    last = maker.events[-1]
    assert (last["inventory_lots"], last["cash"]) == (-4, 4 * ask.price)
    assert client.open_orders(MAKER).orders == ()


def test_ids_that_rest_already_are_passed_over(server: Server, client: BlockingOrderBookClient) -> None:
    taken = range(500, 520)
    for order_id in taken:
        client.submit_order(OTHER, order_id, Side.BID, OrderType.LIMIT, 10, 1)
    start = ("--order-id-start", "500")
    with trading("market-maker", server.addresses["grpc"], *STILL, *start, "--metrics-port", "0") as maker:
        until(lambda: quotes_both_sides(client))
        assert min(order.id for order in client.open_orders(MAKER).orders) >= 520
        maker.wait_for("connected")
        assert metrics(maker)['agent_refusals_total code="duplicate_order"'] == 0
        maker.end()
    assert [order.id for order in client.open_orders(OTHER).orders] == list(taken)


def test_twap_once_reports_and_leaves(server: Server, client: BlockingOrderBookClient) -> None:
    client.submit_order(OTHER, 1, Side.ASK, OrderType.LIMIT, 100, 25)
    words = ("--price", "100", "--quote-deposit", "10000", "--total-quantity", "30", "--slices", "3")
    times = ("--slice-interval-millis", "100", "--cycle-pause-millis", "0")
    with trading("twap", server.addresses["grpc"], *words, *times, "--json", ONCE="true") as twap:
        assert twap.see_out() == 0
    report = json.loads(twap.printed)
    assert report["filled_lots"] == 25
    assert report["unfilled_lots"] == 5
    assert (report["average_price_ticks"], report["market_vwap_ticks"], report["is_cut_short"]) == (100, 100, False)
    assert client.open_orders(TWAP).orders == ()
    assert client.get_balance(TWAP).available_base == 25
    with trading("twap", server.addresses["grpc"], *words, *times) as twap:
        twap.wait_for("connected")
        assert twap.process.stdout
        lines = [twap.process.stdout.readline().rstrip() for _ in range(6)]
        until(lambda: client.open_orders(TWAP).orders)
        twap.end()
    assert lines[0] == "cycle 1, bid"
    assert lines[1].split() == ["filled", "0", "of", "30", "lots", "(0.0%)"]
    assert lines[3].split() == ["average", "price", "-"]
    assert "(cut short)" in twap.printed
    assert twap.process.returncode == 0


def test_the_reader_of_the_reports_goes_away(server: Server) -> None:
    command = " ".join([*OBCTL, "agent", "twap", "--grpc-endpoint", server.addresses["grpc"], "--order-type", "market"])
    quick = "--slice-interval-millis 1 --cycle-pause-millis 0 --quote-deposit 1 --json"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} {quick} 2>/dev/null | head -1"],
        capture_output=True, text=True, env=CLEAN, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == exit_codes.BROKEN_PIPE
    assert json.loads(done.stdout)["filled_lots"] == 0


@pytest.mark.parametrize(
    ("words", "environment", "name"),
    [
        (("--quantity", "0"), {}, "--quantity: 0 must be"),
        ((), {"SPREAD": "x"}, "SPREAD: 'x' must be"),
        (("--grpc-endpoint", "nowhere"), {}, "--grpc-endpoint: 'nowhere' must be HOST:PORT"),
        (("--tls-ca", "/no"), {}, "--tls-ca: '/no' cannot be read: No such file"),
        ((), {"TLS_CA": "/dev/null"}, "TLS_CA: /dev/null: holds no PEM certificate"),
        (("--token", "a secret"), {}, "--token: the token is empty, or has characters that no token has"),
        ((), {"OBCTL_TOKEN": "secret\x7f"}, "OBCTL_TOKEN: the token is empty, or has characters"),
    ],
)
def test_wrong_settings(words: tuple[str, ...], environment: dict[str, str], name: str) -> None:
    done = run("agent", "market-maker", *words, **environment)
    assert done.returncode == exit_codes.USAGE
    assert done.stderr.startswith(f"obctl agent market-maker: {name}")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_a_metrics_port_that_is_taken(server: Server) -> None:
    port = server.addresses["metrics"].rpartition(":")[2]
    done = run("agent", "market-maker", METRICS_PORT=port)
    assert done.returncode == exit_codes.USAGE
    line = (
        f"obctl agent market-maker: METRICS_PORT: cannot listen on port {port} of 127.0.0.1: Address already in use\n"
    )
    assert done.stderr == line


def test_what_the_server_refuses_for_good(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.toml"
    trader = add_token(tokens, make_access("trader", "maker", [MAKER]))
    with serving(*FREE, "--tokens", str(tokens)) as server:
        endpoint = ("--grpc-endpoint", server.addresses["grpc"], "--log-level", "error")
        cases = {
            "no token": run("agent", "market-maker", *endpoint),
            "wrong token": run("agent", "market-maker", *endpoint, OBCTL_TOKEN="obt_wrong"),
            "another account": run("agent", "market-maker", *endpoint, "--account-id", "5", "--token", trader),
            "no admin": run("agent", "market-maker", *endpoint, *DEPOSITS, "--token", trader),
            "unknown symbol": run("agent", "market-maker", *endpoint, "--token", trader, "--symbol", "NO-SUCH"),
        }
    for what, done in cases.items():
        assert done.returncode == exit_codes.REFUSED, (what, done.stderr)
        assert done.stderr.startswith("obctl agent market-maker: "), what
        assert done.stderr.count("\n") == 1, (what, done.stderr)
        assert trader not in done.stderr


def test_over_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    with serving(*FREE, "--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")) as server:
        endpoint = f"https://{server.addresses['grpc']}"
        with trading("market-maker", endpoint, *QUICK, TLS_CA=str(tmp_path / "ca.pem")) as maker:
            maker.wait_for("connected")
            maker.end()
        assert maker.process.returncode == 0
        trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
        with trading("market-maker", endpoint, *QUICK, TLS_CA=str(tmp_path / "other.pem")) as stranger:
            assert "CERTIFICATE_VERIFY_FAILED" in stranger.wait_for("no connection")["reason"]
            stranger.end()
        assert stranger.process.returncode == exit_codes.UNREACHABLE
        assert [line.partition(":")[0] for line in stranger.complaints] == ["obctl agent market-maker"]  # none of gRPC


def test_nobody_there_to_take_orders_back_from() -> None:
    with trading("market-maker", f"127.0.0.1:{free_port()}") as maker:
        maker.wait_for("no connection")
        assert maker.end() < 5
    assert maker.process.returncode == exit_codes.UNREACHABLE
    assert len(maker.complaints) == 1
    assert maker.complaints[0].startswith("obctl agent market-maker: ")


def test_the_server_hangs_while_it_leaves(server: Server, client: BlockingOrderBookClient) -> None:
    with trading("market-maker", server.addresses["grpc"], *QUICK) as maker:
        until(lambda: quotes_both_sides(client))
        server.process.send_signal(signal.SIGSTOP)
        try:
            assert maker.end() < 5.5
        finally:
            server.process.send_signal(signal.SIGCONT)
    assert maker.process.returncode == exit_codes.UNREACHABLE
    assert "within 4 seconds" in maker.complaints[0]


def test_a_second_interrupt_ends_it_at_once(server: Server, client: BlockingOrderBookClient) -> None:
    with trading("market-maker", server.addresses["grpc"], *QUICK) as maker:
        until(lambda: quotes_both_sides(client))
        server.process.send_signal(signal.SIGSTOP)
        try:
            maker.process.send_signal(signal.SIGINT)
            maker.wait_for("stopping")
            assert maker.end(signal.SIGINT) < 2
        finally:
            server.process.send_signal(signal.SIGCONT)
    assert maker.process.returncode == exit_codes.INTERRUPTED


EXAMPLES = sorted(
    {line for name in ("", " market-maker", " twap", " passive-buyer") for line in examples(f"agent{name}")}
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_help_runs(example: str, server: Server) -> None:
    program = " ".join(OBCTL)
    environment = CLEAN | {"GRPC_ENDPOINT": server.addresses["grpc"]}
    process = subprocess.Popen(
        ["bash", "-c", f"exec env {example.replace('obctl', program, 1)}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    agent = Logging(process)
    try:
        agent.wait_for("connected")
        agent.end()
    finally:
        process.kill()
    assert process.returncode == 0
    assert agent.complaints == []


def test_help_loads_no_library_of_the_server() -> None:
    code = (
        "import sys; from obctl.main import main\n"
        "try: main(['agent', 'twap', '--help'])\n"
        "except SystemExit: print([m for m in ('grpc', 'uvicorn', 'uvloop', 'structlog') if m in sys.modules])"
    )
    done = subprocess.run([OBCTL[0], "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
