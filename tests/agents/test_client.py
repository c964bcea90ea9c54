"""Both clients against real servers and against such as misbehave. `connect` is of one kind, then of the other."""

import asyncio
import socket
import time
from decimal import Decimal

import grpc
import pytest
import trustme

from agents.errors import BadRequest, NotAuthenticated, NotPermitted, ServerBusy, ServerUnavailable
from agents.gateways.grpc import (
    BlockingOrderBookClient,
    GrpcOrderBookClient,
    InstrumentInfo,
    TlsFiles,
)
from agents.gateways.grpc.statuses import FAILURES, UnknownCall
from orderbook import (
    AccountSnapshot,
    CrossedOrder,
    Fill,
    InsufficientQuote,
    MatchResult,
    OrderBookError,
    OrderType,
    OrderView,
    SequenceGone,
    Side,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)
from orderbook_server.auth import Access
from orderbook_wire.v1 import orderbook_pb2 as wire

from ..server.grpc.client import TWO_MARKETS, serving
from ..server.grpc.test_events import trade_at_random
from ..server.running import eventually, needs_ipv6
from .fake_server import NEVER, faking

BID, ASK = Side.BID, Side.ASK
LIMIT, MARKET, POST_ONLY = OrderType.LIMIT, OrderType.MARKET, OrderType.POST_ONLY
OK = wire.CommandStatus(ok=True)


def test_an_order_is_submitted_and_told_of_whole(client):
    rests = client.submit_order(1, 1, BID, LIMIT, 100, 5)
    assert rests == MatchResult((), OrderView(1, BID, 100, 5), 0)
    trades = client.submit_order(2, 2, ASK, MARKET, None, 7)
    assert trades == MatchResult((Fill(1, 100, 5),), None, 2)


def test_an_order_is_changed_and_taken_back(client):
    client.submit_order(1, 1, BID, LIMIT, 100, 5)
    assert client.modify_order(1, 1, 3).resting == OrderView(1, BID, 100, 3)
    assert client.modify_order(1, 1, 4, 0).resting == OrderView(1, BID, 0, 4)  # 0 is a price
    assert client.cancel_order(1, 1) == 4
    for order_id in (2, 3):
        client.submit_order(1, order_id, BID, LIMIT, 100, 5)
    assert client.cancel_all(1) == 2
    assert client.open_orders(1).orders == ()


def test_books_are_read_as_the_engine_has_them(client, market):
    trade_at_random(market.client, 200, seed=1)
    book = market.sequencer.exchange.market("BASE-QUOTE").order_book
    snapshot, depth = market.server.call(book.snapshot), market.server.call(book.depth, 3)
    assert snapshot.bids
    assert snapshot.asks
    assert client.snapshot() == snapshot
    assert client.depth(3) == (*map(tuple, depth), snapshot.sequence)
    assert client.depth(0)[:2] == ((), ())
    listed = client.open_orders(1)
    assert listed.orders == market.server.call(market.sequencer.exchange.open_orders, "BASE-QUOTE", 1)
    assert listed.sequence == snapshot.sequence
    assert listed.account_sequence == market.server.call(market.sequencer.newest_execution, 1)


def test_money_comes_and_goes(client):
    with pytest.raises(UnknownAccount, match="unknown_account: balance of account 9"):
        client.get_balance(9)
    assert client.credit_account(9, 10, 20) == AccountSnapshot(10, 0, 20, 0)
    assert client.debit_account(9, 1, 2) == AccountSnapshot(9, 0, 18, 0)
    client.submit_order(9, 1, BID, LIMIT, 5, 2)
    assert client.get_balance(9) == AccountSnapshot(9, 0, 8, 10)


def test_a_client_has_an_instrument_and_each_call_may_name_another(connect):
    with serving(instruments=TWO_MARKETS) as market:
        client = connect(market.server.address, symbol="ETH-USD")
        btc, eth = InstrumentInfo("BTC-USD", "BTC", "USD", Decimal("0.5"), Decimal(1), is_halted=False), "ETH-USD"
        assert [each.symbol for each in client.instruments()] == [btc.symbol, eth]
        assert client.instruments()[0] == btc
        client.submit_order(1, 1, BID, LIMIT, 100, 5)
        assert client.open_orders(1, symbol="BTC-USD").orders == ()
        for symbol in ({"symbol": "BTC-USD"}, {"symbol": ""}):
            client.submit_order(1, 2, BID, LIMIT, 200, 5, **symbol)
            assert client.snapshot(**symbol).bids[0].price == client.depth(**symbol).bids[0].price == 200
            assert client.modify_order(1, 2, 4, **symbol).resting.quantity == 4
            assert client.cancel_order(1, 2, **symbol) == 4
            assert client.cancel_all(1, **symbol) == 0
        assert client.credit_account(1, 1, 0, symbol="BTC-USD").available_base == 1_000_001
        assert client.debit_account(1, 1, 0, symbol="BTC-USD").available_base == 1_000_000
        assert client.get_balance(1, symbol="BTC-USD").available_quote == client.get_balance(1).available_quote
        assert [level.price for level in client.snapshot().bids] == [100]
        with pytest.raises(UnknownSymbol, match="unknown_symbol: depth in X"):
            client.depth(symbol="X")


def test_a_refusal_is_the_engines_exception_and_says_what_was_refused(client):
    with pytest.raises(InsufficientQuote, match=r"^insufficient_quote: order 7 of account 1$"):
        client.submit_order(1, 7, BID, LIMIT, 10**9, 10**6)
    with pytest.raises(UnknownOrder, match=r"^unknown_order: cancel of order 7 of account 1 in BASE-QUOTE$"):
        client.cancel_order(1, 7, symbol="BASE-QUOTE")
    with pytest.raises(UnknownOrder, match="change of order 7"):
        client.modify_order(1, 7, 1)
    client.submit_order(1, 8, BID, LIMIT, 100, 1)
    with pytest.raises(CrossedOrder):
        client.submit_order(2, 9, ASK, POST_ONLY, 100, 1)


@pytest.mark.parametrize("refused", OrderBookError.__subclasses__())
def test_every_code_of_the_engine_is_its_exception(connect, refused):
    status = wire.CommandStatus(ok=False, error_message=refused.code)
    with faking(NewOrder=lambda request, context: wire.NewOrderResponse(status=status)) as server:
        with pytest.raises(OrderBookError, match=f"^{refused.code}: order 1 of account 3$") as error:
            connect(server.address).submit_order(3, 1, BID, LIMIT, 1, 1)
        assert type(error.value) is refused


@pytest.mark.parametrize("status", [wire.CommandStatus(error_message="out_of_fashion"), wire.CommandStatus(), None])
def test_a_code_that_is_not_known_is_a_refusal_all_the_same(connect, status):
    with faking(CancelAll=lambda request, context: wire.CancelAllResponse(status=status)) as server:
        with pytest.raises(OrderBookError, match="account 3") as error:
            connect(server.address).cancel_all(3)
        assert type(error.value) is OrderBookError


EXPECTED = {
    "UNAVAILABLE": ServerUnavailable,
    "DEADLINE_EXCEEDED": ServerUnavailable,
    "CANCELLED": ServerUnavailable,
    "UNKNOWN": ServerUnavailable,
    "INTERNAL": ServerUnavailable,
    "ABORTED": ServerUnavailable,
    "DATA_LOSS": ServerUnavailable,
    "RESOURCE_EXHAUSTED": ServerBusy,
    "UNAUTHENTICATED": NotAuthenticated,
    "PERMISSION_DENIED": NotPermitted,
    "INVALID_ARGUMENT": BadRequest,
    "NOT_FOUND": BadRequest,
    "ALREADY_EXISTS": BadRequest,
    "FAILED_PRECONDITION": BadRequest,
    "UNIMPLEMENTED": UnknownCall,
    "OUT_OF_RANGE": SequenceGone,
}


def test_every_status_is_an_exception_that_says_what_was_asked_of_whom(connect):
    assert {code.name for code in grpc.StatusCode} == EXPECTED.keys() | {"OK"}
    assert {code.name for code in FAILURES} < EXPECTED.keys()

    def refuse(request, context):
        context.abort(grpc.StatusCode[request.symbol], "because")

    def refuse_feed(request, context):
        context.abort(list(grpc.StatusCode)[request.from_sequence], "because")

    with faking(GetDepth=refuse, StreamEvents=refuse_feed) as server:
        client = connect(server.address)
        for number, code in enumerate(grpc.StatusCode):
            if code is grpc.StatusCode.OK:
                continue
            for ask in (
                lambda code=code: client.depth(symbol=code.name),
                lambda number=number: next(client.stream_events(number)),
            ):
                with pytest.raises((*EXPECTED.values(),), match=rf"\({server.address}\): because") as error:
                    ask()
                assert type(error.value) is EXPECTED[code.name]


def test_a_call_that_the_server_does_not_know(connect):
    with faking() as server, pytest.raises(BadRequest, match=r"instruments \(127.0.0.1:\d+\)"):
        connect(server.address).instruments()


TOKENS = {"admin": Access("admin", "admin"), "viewer": Access("viewer", "viewer", frozenset({1}))}


def test_tokens_open_what_is_theirs(connect):
    with serving(authenticate=TOKENS.get, token="admin") as market:
        assert connect(market.server.address, token="admin").submit_order(1, 1, BID, LIMIT, 100, 5).resting
        viewer = connect(market.server.address, token="viewer")
        assert viewer.open_orders(1).orders
        assert next(viewer.stream_account_events(1, 0)).order_id == 1
        with pytest.raises(NotPermitted, match="order 2 of account 1"):
            viewer.submit_order(1, 2, BID, LIMIT, 100, 5)
        with pytest.raises(NotPermitted):
            next(viewer.stream_account_events(2, 0))
        for token in (None, "wrong"):
            with pytest.raises(NotAuthenticated):
                connect(market.server.address, token=token).depth()
            with pytest.raises(NotAuthenticated):
                next(connect(market.server.address, token=token).stream_events())


@pytest.mark.parametrize("token", ["", "sec ret", "secret\n", "sécret"])
def test_a_token_that_cannot_be_one_is_not_sent_and_not_told(connect, market, token):
    with pytest.raises(ValueError, match="the token") as error:
        connect(market.server.address, token=token)
    assert not token or token not in str(error.value)


def test_no_channel_stays_open_where_the_client_cannot_be_made(monkeypatch):
    closed = []

    class Channel:
        def close(self):
            closed.append(self)

    class AsyncChannel(Channel):
        async def close(self):
            super().close()

    monkeypatch.setattr("agents.gateways.grpc.blocking.open_blocking_channel", lambda *_: Channel())
    monkeypatch.setattr("agents.gateways.grpc.client.open_channel", lambda *_: AsyncChannel())
    with pytest.raises(ValueError, match="the token"):
        BlockingOrderBookClient.connect(token="")
    with pytest.raises(ValueError, match="the token"):
        asyncio.run(GrpcOrderBookClient.connect(token=""))
    assert [type(channel) for channel in closed] == [Channel, AsyncChannel]


@pytest.fixture
def certificates(tmp_path):
    """Return the server's credentials, which ask for certificates, and the files of who may come in."""
    authority = trustme.CA()
    server, alice = authority.issue_cert("127.0.0.1"), authority.issue_cert("alice")
    files = TlsFiles(tmp_path / "ca.pem", tmp_path / "alice.pem", tmp_path / "alice.key")
    authority.cert_pem.write_to_path(files.ca)
    alice.cert_chain_pems[0].write_to_path(files.cert)
    alice.private_key_pem.write_to_path(files.key)
    chain = server.private_key_pem.bytes(), b"".join(pem.bytes() for pem in server.cert_chain_pems)
    root = files.ca.read_bytes()
    return grpc.ssl_server_credentials([chain]), grpc.ssl_server_credentials([chain], root, True), files


@pytest.mark.parametrize("scheme", ["", "https://", "grpcs://"])
def test_tls_one_way_and_both_ways(connect, certificates, scheme):
    one_way, both_ways, files = certificates
    with serving(server_credentials=one_way) as market:
        endpoint = scheme + market.server.address
        assert connect(endpoint, tls=TlsFiles(ca=files.ca)).instruments()
        with pytest.raises(ServerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            connect("https://" + market.server.address, timeout_s=0.2)
        with pytest.raises(ServerUnavailable):
            connect(market.server.address, timeout_s=0.2)
    with serving(server_credentials=both_ways) as market:
        assert connect(scheme + market.server.address, tls=files).instruments()
        with pytest.raises(ServerUnavailable):
            connect(scheme + market.server.address, tls=TlsFiles(ca=files.ca), timeout_s=0.2).instruments()


def test_tls_files_that_are_wrong_are_said_to_be(connect, certificates, tmp_path):
    files = certificates[-1]
    with pytest.raises(ValueError, match="certificate and its key"):
        connect("127.0.0.1:1", tls=files._replace(key=None))
    with pytest.raises(OSError, match=r"none\.pem"):
        connect("127.0.0.1:1", tls=TlsFiles(ca=tmp_path / "none.pem"))


def test_nobody_there_is_said_with_the_endpoint_and_the_reason(connect):
    with socket.socket() as taken:  # bound, and not listening
        taken.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(ServerUnavailable, match=rf"{endpoint}.*refused"):
            connect(endpoint, timeout_s=0.2)
        assert time.monotonic() - began < 5


def test_who_accepts_and_says_nothing_is_not_waited_for(connect):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ServerUnavailable, match=endpoint):
            connect(endpoint, timeout_s=0.2)


def test_a_server_that_never_answers_is_not_waited_for(connect):
    with faking(GetBalance=NEVER, StreamEvents=NEVER, StreamAccountEvents=NEVER) as server:
        client = connect(server.address, timeout_s=0.2)
        began = time.monotonic()
        with pytest.raises(ServerUnavailable, match="balance of account 1"):
            client.get_balance(1)
        for subscribe in (client.stream_events, lambda: client.stream_account_events(1)):
            with pytest.raises(ServerUnavailable, match=r"no answer within 0\.2 s"):
                subscribe()
        assert time.monotonic() - began < 5


def test_a_server_that_is_gone_and_comes_back_is_found_again_soon(connect):
    with serving() as market:
        client = connect(market.server.address, timeout_s=1)
        feed = client.stream_events()
    with pytest.raises(ServerUnavailable):
        next(feed)
    with pytest.raises(ServerUnavailable):
        client.depth()

    def is_back():
        try:
            return client.credit_account(1, 1, 1)
        except ServerUnavailable:
            return None

    with serving(port=market.server.port):
        began = time.monotonic()
        eventually(is_back)
        assert time.monotonic() - began < 5  # gRPC's own back-off would be longer by now
        assert client.stream_events(0)


def test_a_book_of_more_bytes_than_grpc_takes_by_itself(connect):
    orders = [wire.BookOrder(order_id=10**18 + n, side=wire.SIDE_BID, price=2**60, quantity=1) for n in range(200_000)]
    level = wire.BookLevel(side=wire.SIDE_BID, price=2**60, total_quantity=200_000, orders=orders)
    response = wire.SnapshotResponse(status=OK, bids=[level], sequence=200_000)
    assert response.ByteSize() > 4 << 20
    with faking(Snapshot=lambda request, context: response) as server:
        assert len(connect(server.address).snapshot().bids[0].orders) == 200_000


def test_what_no_call_can_carry_is_refused_here(client, market):
    before = market.state_hash()
    for side, order_type in ((0, LIMIT), (3, LIMIT), (BID, 0), (BID, 6)):
        with pytest.raises(ValueError, match="is not a valid"):
            client.submit_order(1, 1, side, order_type, 100, 5)
    for number in (-1, 1 << 64):
        with pytest.raises(ValueError, match="range"):
            client.submit_order(1, 1, BID, LIMIT, number, 5)
    assert market.state_hash() == before


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", pytest.param("::1", marks=needs_ipv6)])
@pytest.mark.parametrize("form", ["{}", "http://{}", "grpc://{}/"])
def test_a_server_is_found_as_people_write_it(connect, host, form):
    with serving(host=host) as market:
        place = f"[{host}]" if ":" in host else host
        assert connect(form.format(f"{place}:{market.server.port}")).instruments()


def test_the_blocking_client_works_where_a_loop_runs(market):
    async def cell_of_a_notebook():
        with BlockingOrderBookClient.connect(market.server.address) as client:
            feed = client.stream_events()
            client.submit_order(1, 1, BID, LIMIT, 100, 5)
            return next(feed)

    assert asyncio.run(cell_of_a_notebook()).event.order_id == 1


def test_a_task_that_is_cancelled_is_cancelled_and_a_channel_that_is_closed_is_a_lost_server():
    async def waiting(client):
        task = asyncio.create_task(client.get_balance(1))
        await asyncio.sleep(0.05)
        assert not task.done()
        return task

    async def talk(address):
        client = await GrpcOrderBookClient.connect(address)
        task = await waiting(client)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        task = await waiting(client)
        await client.close()
        with pytest.raises(ServerUnavailable, match="balance of account 1"):
            await task

    with faking(GetBalance=NEVER) as server:
        asyncio.run(talk(server.address))
