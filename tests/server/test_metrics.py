"""/metrics: what it tells, in which formats, and that it stands up to those who do not behave."""

import asyncio
import re
import select
import socket
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import uvloop
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from orderbook import DuplicateOrder, Exchange, Instrument, OrderType, Side, UnknownAccount
from orderbook.errors import BY_NUMBER
from orderbook_server.gateways.http.connections import Clocks
from orderbook_server.gateways.http.metrics import MetricsGateway
from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.metrics.registry import Metrics
from orderbook_server.metrics.transport import TransportStats
from orderbook_server.sequencer.sequencer import Sequencer

PAGE = Path(__file__).parents[2] / "docs" / "server.md"
BTC, ETH = 0, 1
OURS = ("matching", "orderbook_journal", "obctl")
TEXT, OPEN_METRICS = "text/plain", "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def sequencer():
    """An exchange of two markets where something has happened in the first."""
    sequencer = Sequencer(Exchange([Instrument("BTC-USD", "BTC", "USD"), Instrument("ETH-USD", "ETH", "USD")]))
    sequencer.credit_account(BTC, 1, 1_000, 1_000_000)
    sequencer.submit(BTC, 1, 1, Side.BID, OrderType.LIMIT, 90, 10)
    sequencer.submit(BTC, 1, 2, Side.BID, OrderType.LIMIT, 89, 10)
    sequencer.submit(BTC, 1, 3, Side.ASK, OrderType.LIMIT, 95, 10)
    sequencer.submit(BTC, 1, 4, Side.ASK, OrderType.IOC, 90, 4)
    sequencer.cancel_order(BTC, 1, 2)
    sequencer.submit(BTC, 1, 5, Side.BID, OrderType.FOK, 91, 5)
    with pytest.raises(DuplicateOrder):
        sequencer.submit(BTC, 1, 1, Side.BID, OrderType.LIMIT, 91, 5)
    with pytest.raises(UnknownAccount):
        sequencer.submit(BTC, 2, 6, Side.BID, OrderType.LIMIT, 1, 1)
    return sequencer


def samples(text, parse=text_string_to_metric_families):
    """Return {(name, label values): value} of what Prometheus reads in a text."""
    return {(sample.name, *sample.labels.values()): sample.value for family in parse(text) for sample in family.samples}


def scrape(metrics, accept=TEXT):
    return metrics.render(accept)[0].decode()


def test_figures_of_instruments(sequencer):
    figures = samples(scrape(Metrics(sequencer, [])))
    expected = {
        ("matching_orders_submitted_total", "BTC-USD"): 7,
        ("matching_orders_accepted_total", "BTC-USD"): 4,
        ("matching_orders_rejected_total", "BTC-USD", "duplicate_order"): 1,
        ("matching_orders_rejected_total", "BTC-USD", "insufficient_liquidity"): 1,
        ("matching_orders_rejected_total", "BTC-USD", "unknown_account"): 1,
        ("matching_trades_executed_total", "BTC-USD"): 1,
        ("matching_traded_volume_total", "BTC-USD"): 4,
        ("matching_book_added_total", "BTC-USD"): 3,
        ("matching_book_updated_total", "BTC-USD"): 1,
        ("matching_book_removed_total", "BTC-USD"): 1,
        ("matching_resting_orders", "BTC-USD"): 2,
        ("matching_levels", "BTC-USD", "bid"): 1,
        ("matching_levels", "BTC-USD", "ask"): 1,
        ("matching_best_price", "BTC-USD", "bid"): 90,
        ("matching_best_price", "BTC-USD", "ask"): 95,
    }
    assert {key: value for key, value in figures.items() if "BTC-USD" in key and value} == expected
    idle = {key: value for key, value in figures.items() if "ETH-USD" in key}
    assert set(idle.values()) == {0}
    assert not any(key[0] == "matching_best_price" for key in idle)
    reasons = {key[2] for key in idle if key[0] == "matching_orders_rejected_total"}
    assert reasons == {error.code for error in BY_NUMBER.values()} - {"unknown_order", "account_mismatch"} | {
        "insufficient_liquidity"
    }
    assert figures[("matching_last_sequence",)] == sequencer.exchange.last_sequence


def test_figures_are_those_of_the_moment(sequencer):
    metrics = Metrics(sequencer, [])
    before = samples(scrape(metrics))
    sequencer.submit(ETH, 1, 1, Side.BID, OrderType.LIMIT, 7, 1)
    after = samples(scrape(metrics))
    changed = {key: (before.get(key, 0), after[key]) for key in after if key[0].startswith("matching_")}
    assert changed[("matching_orders_submitted_total", "ETH-USD")] == (0, 1)
    assert changed[("matching_levels", "ETH-USD", "bid")] == (0, 1)
    assert changed[("matching_best_price", "ETH-USD", "bid")] == (0, 7)


def test_levels_are_counted_as_the_book_has_them(sequencer):
    for order_id, price in enumerate((5, 6, 6, 7), 100):
        sequencer.submit(ETH, 1, order_id, Side.BID, OrderType.LIMIT, price, 1)
    bids, asks = sequencer.exchange.market("ETH-USD").order_book.depth()
    figures = samples(scrape(Metrics(sequencer, [])))
    levels = [figures["matching_levels", "ETH-USD", side] for side in ("bid", "ask")]
    assert levels == [len(bids), len(asks)] == [3, 0]


def test_figures_of_transports(sequencer):
    tcp, grpc = TransportStats("tcp"), TransportStats("grpc")
    tcp.connections, tcp.slow_consumers, tcp.lags = 3, 2, lambda: iter((0, 17, 5))
    for nanoseconds in (0, 255, 256, 1_000, 2**60):
        tcp.handling.observe(nanoseconds)
    for commands in (0, 1, 1, 3, 4, 2**40):
        tcp.batches.observe(commands)
    figures = samples(scrape(Metrics(sequencer, [tcp, grpc])))
    assert [figures["obctl_connections", name] for name in ("tcp", "grpc")] == [3, 0]
    assert [figures["obctl_feed_subscribers", name] for name in ("tcp", "grpc")] == [3, 0]
    assert [figures["obctl_feed_lag_events", name] for name in ("tcp", "grpc")] == [17, 0]
    assert [figures["obctl_slow_consumers_total", name] for name in ("tcp", "grpc")] == [2, 0]
    handling = buckets_of(figures, "obctl_handling_seconds", "tcp")
    assert handling[255e-9] == 2
    assert handling[511e-9] == 3
    assert handling[1023e-9] == 4
    assert handling[max(bound for bound in handling if bound < 100)] == 4
    assert handling[float("inf")] == figures["obctl_handling_seconds_count", "tcp"] == 5
    assert figures["obctl_handling_seconds_sum", "tcp"] == pytest.approx((255 + 256 + 1_000 + 2**60) / 1e9)
    batches = buckets_of(figures, "obctl_batch_commands", "tcp")
    assert [batches[bound] for bound in (1, 3, 7, 1023, float("inf"))] == [3, 4, 5, 5, 6]
    assert figures["obctl_batch_commands_sum", "tcp"] == 2**40 + 9
    assert figures["obctl_batch_commands_count", "grpc"] == 0


def journal_figures(text):
    """Return what a page tells of the journal."""
    return {
        key[0].removeprefix("orderbook_journal_"): value
        for key, value in samples(text).items()
        if key[0].startswith("orderbook_journal_") and not key[0].endswith("_created")
    }


def test_figures_of_the_journal(tmp_path):
    sequencer = Sequencer(Exchange())
    assert set(journal_figures(scrape(Metrics(sequencer, []))).values()) == {0}, "nothing is kept in memory"
    journal = FileJournal(tmp_path)
    sequencer.attach(journal)
    metrics = Metrics(sequencer, [], SimpleNamespace(taken=3, failed=1, sequence=2))
    sequencer.credit_account(0, 1, 5, 5)
    sequencer.credit_account(0, 1, 5, 5)
    assert journal_figures(scrape(metrics))["waiting_records"] == 2, "as long as nobody has looked"
    journal.close()
    figures = journal_figures(scrape(metrics))
    assert figures.pop("sync_seconds_sum") > 0
    assert figures.pop("sync_seconds_count") == figures.pop("frames_total") in (1, 2)
    written = len((tmp_path / f"{1:020}.wal").read_bytes().rstrip(b"\0")) - 64  # without the header
    assert 0 <= figures.pop("bytes_total") - written < 8, "a frame ends with zeros"
    assert figures == {
        "sequence": 2,
        "waiting_records": 0,
        "full": 0,
        "snapshots_total": 3,
        "snapshots_failed_total": 1,
        "snapshot_sequence": 2,
    }


def buckets_of(figures, name, transport):
    """Return {upper bound: count} of a histogram, and see that counts never fall."""
    found = {
        float(le): value
        for (sample, *labels), value in figures.items()
        if sample == f"{name}_bucket"
        for le in [next(label for label in labels if label != transport)]
        if transport in labels
    }
    counts = [found[bound] for bound in sorted(found)]
    assert counts == sorted(counts)
    return found


def test_names_are_those_of_the_page(sequencer):
    """Every name in docs/server.md is told, and every name of ours that is told is there."""
    section = PAGE.read_text().partition("## Metrics")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`((?:matching|orderbook_journal|obctl)_\w+)", section))
    text = scrape(Metrics(sequencer, [TransportStats("tcp")]))
    told = set(re.findall(r"^# TYPE ((?:matching|orderbook_journal|obctl)_\w+)", text, re.MULTILINE))
    assert told == documented
    assert len(told) > 10


def test_process_and_platform_are_told_too(sequencer):
    text = scrape(Metrics(sequencer, []))
    for name in ("process_resident_memory_bytes", "process_open_fds", "python_info", "python_gc_collections_total"):
        assert f"\n{name}" in text


def test_both_formats_say_the_same(sequencer):
    metrics = Metrics(sequencer, [TransportStats("tcp")])
    text, kind = metrics.render(OPEN_METRICS)
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    assert metrics.render("")[1].startswith("text/plain; version=0.0.4")
    ours = [
        {key: value for key, value in samples(*one).items() if key[0].startswith(OURS)}
        for one in ((text.decode(), openmetrics.text_string_to_metric_families), (scrape(metrics),))
    ]
    assert ours[0] == ours[1]
    assert ours[0]


def test_two_servers_in_one_process(sequencer):
    """Each has a registry of its own."""
    assert samples(scrape(Metrics(Sequencer(Exchange()), [])))["matching_orders_submitted_total", "BASE-QUOTE"] == 0
    assert samples(scrape(Metrics(sequencer, [])))["matching_orders_submitted_total", "BTC-USD"] == 7


@asynccontextmanager
async def gateway(sequencer, **limits):
    """Serve /metrics on a free port; yield the gateway and its address."""
    served = MetricsGateway(Metrics(sequencer, []), **limits)
    address = await served.start("127.0.0.1", 0)
    try:
        yield served, address
    finally:
        await asyncio.wait_for(served.stop(), 5)


def run(work):
    """Run a coroutine on the server's kind of loop, for a bounded time."""
    return uvloop.run(asyncio.wait_for(work, 30))


def test_over_http(sequencer):
    async def work():
        async with gateway(sequencer) as (_, address), httpx.AsyncClient(base_url=f"http://{address}") as client:
            answer = await client.get("/metrics")
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            assert answer.headers["Content-Encoding"] == "gzip"
            assert samples(answer.text)["matching_orders_submitted_total", "BTC-USD"] == 7
            answer = await client.get("/metrics?x=1", headers={"Accept": OPEN_METRICS, "Accept-Encoding": "identity"})
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
            assert "Content-Encoding" not in answer.headers
            assert answer.text.endswith("# EOF\n")
            answer = await client.head("/metrics")
            assert (answer.status_code, answer.content) == (200, b"")
            for path in ("/", "/metrics/", "/favicon.ico"):
                answer = await client.get(path)
                assert answer.status_code == 404
                assert "/metrics" in answer.text
            answer = await client.post("/metrics", content=b"x")
            assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")

    run(work())


def test_ipv6_and_a_port_that_is_taken(sequencer):
    async def work():
        served = MetricsGateway(Metrics(sequencer, []))
        address = await served.start("::1", 0)
        assert re.fullmatch(r"\[::1\]:\d+", address)
        with pytest.raises(OSError, match="address already in use"):
            await MetricsGateway(Metrics(sequencer, [])).start("::1", int(address.rpartition(":")[2]))
        await served.stop()

    run(work())


def test_stop_does_not_wait_for_the_idle(sequencer):
    async def work():
        async with gateway(sequencer) as (served, address):
            reader, writer = await asyncio.open_connection(*address.split(":"))
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
            halfway, half_writer = await asyncio.open_connection(*address.split(":"))
            half_writer.write(b"GET /met")
            begin = asyncio.get_running_loop().time()
            await served.stop()
            assert asyncio.get_running_loop().time() - begin < 3
            await reader.read()
            assert await halfway.read() == b""
            writer.close()
            half_writer.close()

    run(work())


def test_one_connection_too_many_is_closed(sequencer):
    async def work():
        async with gateway(sequencer, connections_max=2) as (_, address):
            streams = [await asyncio.open_connection(*address.split(":")) for _ in range(3)]
            assert await streams[2][0].read() == b""
            streams[0][1].write(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert (await streams[0][0].read()).startswith(b"HTTP/1.1 200")
            for _, writer in streams:
                writer.close()

    run(work())


def test_who_stays_too_long_is_closed(sequencer):
    """Also one that never ends its request, and one that never reads its answers."""

    async def work():
        clocks = Clocks(life_seconds=0.2, read_seconds=0.2)
        async with gateway(sequencer, clocks=clocks) as (_, address):
            host, port = address.split(":")
            slow, slow_writer = await asyncio.open_connection(host, port)
            slow_writer.write(b"GET /metrics HTTP/1.1\r\nHost")
            deaf = socket.create_connection((host, int(port)))
            deaf.setblocking(False)
            with suppress(BlockingIOError, ConnectionError):  # until no buffer takes more, or it is closed already
                while True:
                    deaf.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
                    await asyncio.sleep(0)
            assert await asyncio.wait_for(slow.read(), 5) == b""
            watched = select.poll()
            watched.register(deaf, 0)  # tells of nothing but that it is cut off
            while not watched.poll(0):
                await asyncio.sleep(0.01)
            deaf.close()
            slow_writer.close()

    run(work())
