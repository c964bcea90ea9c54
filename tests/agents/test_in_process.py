"""The gateway to an engine in the same process: every call, and fills and tape exactly once, whatever happens."""

from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.gateways.gateway import perform
from agents.gateways.in_process import InProcessGateway
from agents.gateways.market_feed import MarketFeed
from agents.gateways.order_ids import OrderIds, first_order_id
from agents.requests import (
    Best,
    Cancel,
    Modify,
    OwnFill,
    ReadBalance,
    ReadBest,
    ReadOrders,
    ReadTape,
    Submit,
    Tape,
)
from orderbook import (
    AccountMismatch,
    AccountSnapshot,
    CrossedOrder,
    Exchange,
    Instrument,
    OrderBookError,
    OrderType,
    OrderView,
    RiskEngine,
    Side,
    Trade,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)

BID, ASK = Side.BID, Side.ASK
LIMIT, POST_ONLY, IOC, MARKET = OrderType.LIMIT, OrderType.POST_ONLY, OrderType.IOC, OrderType.MARKET
ONE, TWO = 1 << 32, 2 << 32  # the first ids of accounts 1 and 2
SYMBOLS = ("BTC-USD", "ETH-USD")


def rich_engine(**settings):
    engine = RiskEngine(**settings)
    for account_id in (1, 2, 3):
        engine.credit_account(account_id, 10_000, 1_000_000)
    return engine


def rich_exchange():
    exchange = Exchange([Instrument("BTC-USD", "BTC", "USD"), Instrument("ETH-USD", "ETH", "USD")])
    for account_id in (1, 2, 3):
        for asset in ("BTC", "ETH", "USD"):
            exchange.credit(account_id, asset, 1_000_000)
    return exchange


@pytest.fixture(params=["RiskEngine", "Exchange"])
def engine(request):
    return rich_engine() if request.param == "RiskEngine" else rich_exchange()


@pytest.fixture
def gateways(engine):
    """Return gateways of accounts 1, 2 and 3 with one feed."""
    feed = MarketFeed(engine)
    return [InProcessGateway(engine, account_id, feed=feed) for account_id in (1, 2, 3)]


def made(order_id, side, price, quantity):
    return OwnFill(order_id, side, price, quantity, is_maker=True)


def took(order_id, side, price, quantity):
    return OwnFill(order_id, side, price, quantity, is_maker=False)


def test_every_request_has_its_call(engine):
    gateway = InProcessGateway(engine, 1)
    placed = perform(gateway, Submit(BID, LIMIT, 100, 5))
    assert placed.order_id == ONE
    assert placed.result.resting == OrderView(ONE, BID, 100, 5)
    assert perform(gateway, ReadBest()) == Best(100, None)
    assert perform(gateway, Modify(ONE, 4)).resting == OrderView(ONE, BID, 100, 4)
    assert perform(gateway, Modify(ONE, 4, 99)).resting == OrderView(ONE, BID, 99, 4)
    assert perform(gateway, Submit(ASK, POST_ONLY, 101, 2)).order_id == ONE + 1
    assert perform(gateway, ReadBest()) == Best(99, 101)
    assert perform(gateway, ReadOrders()).open_orders == (OrderView(ONE, BID, 99, 4), OrderView(ONE + 1, ASK, 101, 2))
    balance = perform(gateway, ReadBalance())
    assert isinstance(balance, AccountSnapshot)
    assert (balance.reserved_base, balance.reserved_quote) == (2, 396)
    assert perform(gateway, ReadTape()) == Tape(0, 0)
    assert perform(gateway, Cancel(ONE)) == 4
    assert perform(gateway, ReadBest()) == Best(None, 101)
    assert perform(gateway, ReadOrders()) == ((OrderView(ONE + 1, ASK, 101, 2),), ())


def test_refusals_are_the_engines_own(gateways):
    one, two, _ = gateways
    resting = one.submit(BID, LIMIT, 100, 5).order_id
    with pytest.raises(CrossedOrder):
        two.submit(ASK, POST_ONLY, 100, 1)
    with pytest.raises(UnknownOrder):
        two.modify(77, 1)
    with pytest.raises(UnknownOrder):
        two.cancel(77)
    with pytest.raises(AccountMismatch):
        two.modify(resting, 1)
    with pytest.raises(AccountMismatch):
        two.cancel(resting)
    assert one.orders() == ((OrderView(resting, BID, 100, 5),), ())


def test_an_account_without_money_is_unknown(engine):
    stranger = InProcessGateway(engine, 99)
    with pytest.raises(UnknownAccount):
        stranger.balance()
    with pytest.raises(UnknownAccount):
        stranger.submit(BID, LIMIT, 1, 1)
    assert stranger.orders() == ((), ())


def test_fills_are_told_once_to_maker_and_taker(gateways):
    one, two, three = gateways
    one.submit(ASK, LIMIT, 101, 4)
    two.submit(BID, IOC, 105, 3)
    assert two.orders().fills == (took(TWO, BID, 101, 3),)
    assert one.orders().fills == (made(ONE, ASK, 101, 3),)
    two.submit(BID, LIMIT, 102, 3)
    three.submit(ASK, MARKET, None, 1)
    assert one.orders() == ((), (made(ONE, ASK, 101, 1),))
    assert two.orders().fills == (took(TWO + 1, BID, 101, 1), made(TWO + 1, BID, 102, 1))
    assert three.orders().fills == (took(3 << 32, ASK, 102, 1),)
    assert [gateway.orders().fills for gateway in gateways] == [(), (), ()]


def test_fills_come_oldest_first(gateways):
    """Also where nobody has asked between what was traded as maker and what was as taker."""
    one, two, _ = gateways
    one.submit(BID, LIMIT, 100, 1)
    two.submit(ASK, LIMIT, 100, 1)
    two.submit(ASK, LIMIT, 105, 2)
    one.submit(BID, LIMIT, 105, 1)
    two.modify(TWO + 1, 1, 106)
    one.submit(BID, LIMIT, 106, 1)
    assert one.orders().fills == (
        made(ONE, BID, 100, 1),
        took(ONE + 1, BID, 105, 1),
        took(ONE + 2, BID, 106, 1),
    )
    assert two.orders().fills == (
        took(TWO, ASK, 100, 1),
        made(TWO + 1, ASK, 105, 1),
        made(TWO + 1, ASK, 106, 1),
    )


def test_a_new_price_may_trade_and_the_rest_still_tells(gateways):
    one, two, three = gateways
    one.submit(ASK, LIMIT, 110, 5)
    two.submit(BID, LIMIT, 100, 2)
    result = one.modify(ONE, 5, 100)
    assert (len(result.fills), result.resting) == (1, OrderView(ONE, ASK, 100, 3))
    three.submit(BID, IOC, 100, 1)
    one.modify(ONE, 1)
    three.submit(BID, IOC, 100, 1)
    assert one.orders() == ((), (took(ONE, ASK, 100, 2), made(ONE, ASK, 100, 1), made(ONE, ASK, 100, 1)))
    assert two.orders().fills == (made(TWO, BID, 100, 2),)


def test_a_new_price_that_trades_it_all(gateways):
    one, two, _ = gateways
    one.submit(ASK, LIMIT, 110, 2)
    two.submit(BID, LIMIT, 100, 2)
    one.modify(ONE, 2, 90)
    assert one.orders() == ((), (took(ONE, ASK, 100, 2),))
    assert two.orders() == ((), (made(TWO, BID, 100, 2),))


def test_a_trade_with_oneself_is_two_fills(gateways):
    one = gateways[0]
    one.submit(ASK, LIMIT, 100, 2)
    one.submit(BID, LIMIT, 100, 3)
    open_orders, fills = one.orders()
    assert fills == (made(ONE, ASK, 100, 2), took(ONE + 1, BID, 100, 2))
    assert open_orders == (OrderView(ONE + 1, BID, 100, 1),)
    one.modify(ONE + 1, 1, 99)
    one.submit(ASK, IOC, 99, 1)
    assert one.orders() == ((), (made(ONE + 1, BID, 99, 1), took(ONE + 2, ASK, 99, 1)))


def test_ids_that_rest_already_are_passed_over(gateways, engine):
    one, _, three = gateways
    market = one.market
    for order_id in (ONE, ONE + 1, ONE + 3):
        market.submit(2, order_id, BID, LIMIT, 10, 1)
    assert one.submit(BID, LIMIT, 100, 1).order_id == ONE + 2
    assert one.submit(BID, LIMIT, 100, 1).order_id == ONE + 4
    three.submit(ASK, MARKET, None, 2)
    assert one.orders().fills == (made(ONE + 2, BID, 100, 1), made(ONE + 4, BID, 100, 1))


@pytest.mark.parametrize("is_known", [True, False], ids=["another gateway's", "a stranger's"])
def test_fills_of_an_earlier_order_of_the_same_id_are_not_those_of_the_next(engine, is_known):
    """The second takes the id after the first was filled, and nobody has asked between."""
    feed = MarketFeed(engine)
    first = InProcessGateway(engine, 1, feed=feed, order_ids=OrderIds(7))
    second = InProcessGateway(engine, 2, feed=feed, order_ids=OrderIds(7))
    if is_known:
        first.submit(BID, LIMIT, 100, 4)
    else:
        first.market.submit(1, 7, BID, LIMIT, 100, 4)
    first.market.submit(3, 8, ASK, IOC, 100, 4)
    assert second.submit(BID, LIMIT, 90, 5).order_id == 7
    first.market.submit(3, 8, ASK, IOC, 90, 2)
    assert first.orders().fills == ((made(7, BID, 100, 4),) if is_known else ())
    assert second.orders() == ((OrderView(7, BID, 90, 3),), (made(7, BID, 90, 2),))


def test_once_an_order_has_left_its_id_tells_nothing_any_more(gateways):
    one = gateways[0]
    one.submit(BID, LIMIT, 100, 4)
    one.cancel(ONE)
    one.market.submit(2, ONE, BID, LIMIT, 100, 4)
    one.market.submit(3, 8, ASK, IOC, 100, 4)
    assert one.orders() == ((), ())


def test_equal_ids_in_two_instruments_are_two_orders():
    exchange = rich_exchange()
    bitcoin, ether = (InProcessGateway(exchange, 1, symbol=symbol, order_ids=OrderIds(5)) for symbol in SYMBOLS)
    assert bitcoin.submit(BID, LIMIT, 100, 4).order_id == ether.submit(BID, LIMIT, 50, 4).order_id == 5
    bitcoin.tape(), ether.tape()
    exchange.submit("ETH-USD", 2, 9, ASK, IOC, 50, 3)
    assert bitcoin.orders() == ((OrderView(5, BID, 100, 4),), ())
    assert ether.orders() == ((OrderView(5, BID, 50, 1),), (made(5, BID, 50, 3),))
    exchange.submit("ETH-USD", 2, 9, ASK, IOC, 50, 1)
    exchange.submit("BTC-USD", 2, 9, ASK, IOC, 100, 4)
    assert bitcoin.orders() == ((), (made(5, BID, 100, 4),))
    assert ether.orders() == ((), (made(5, BID, 50, 1),))
    assert (bitcoin.tape(), ether.tape()) == (Tape(4, 400), Tape(4, 200))
    assert (bitcoin.best(), ether.best()) == (Best(None, None), Best(None, None))


def test_without_a_symbol_it_is_the_first_instrument():
    exchange = rich_exchange()
    for symbol in (None, "", "BTC-USD"):
        gateway = InProcessGateway(exchange, 1, symbol=symbol)
        gateway.tape()
        order_id = gateway.submit(BID, LIMIT, 100, 4).order_id
        exchange.submit("BTC-USD", 2, 9, ASK, IOC, 100, 4)
        assert gateway.orders().fills == (made(order_id, BID, 100, 4),)
        assert gateway.tape() == Tape(4, 400)
    with pytest.raises(UnknownSymbol):
        InProcessGateway(exchange, 1, symbol="DOGE-USD")


def test_what_an_earlier_life_left_tells_the_next_one(engine):
    feed = MarketFeed(engine)
    InProcessGateway(engine, 1, feed=feed).submit(BID, LIMIT, 100, 4)
    market = InProcessGateway(engine, 1, feed=feed).market
    market.submit(2, 8, ASK, IOC, 100, 1)  # before the next life begins
    gateway = InProcessGateway(engine, 1, feed=feed)
    market.submit(2, 8, ASK, IOC, 100, 2)
    assert gateway.orders() == ((OrderView(ONE, BID, 100, 1),), (made(ONE, BID, 100, 2),))
    assert gateway.submit(BID, LIMIT, 99, 1).order_id == ONE + 1


def test_the_tape_begins_with_the_first_look(gateways):
    one, two, three = gateways

    def trade(price, quantity):
        one.submit(ASK, LIMIT, price, quantity)
        two.submit(BID, IOC, price, quantity)

    trade(100, 3)
    assert one.tape() == Tape(0, 0)
    trade(101, 2)
    assert three.tape() == Tape(0, 0)
    trade(102, 1)
    assert one.tape() == Tape(3, 304)
    assert one.tape() == Tape(3, 304)
    assert three.tape() == Tape(1, 102)
    assert three.tape().gaps == 0


def test_what_the_ring_has_dropped_leaves_a_gap_in_the_tape():
    """What is still held counts, and from then on everything does again."""
    engine = rich_engine(event_capacity=8)
    gateway, other = InProcessGateway(engine, 1), InProcessGateway(engine, 2)
    assert gateway.tape() == Tape(0, 0)
    gateway.submit(BID, LIMIT, 100, 50)
    for _ in range(3):
        engine.submit(2, 9, ASK, IOC, 100, 1)  # two events each
    assert gateway.orders().fills == (made(ONE, BID, 100, 1),) * 3
    assert gateway.tape() == Tape(3, 300)
    for _ in range(5):
        engine.submit(2, 9, ASK, IOC, 100, 1)
    assert gateway.tape() == Tape(7, 700, gaps=1)
    assert len(gateway.orders().fills) == 4
    engine.submit(2, 9, ASK, IOC, 100, 1)
    assert gateway.tape() == Tape(8, 800, gaps=1)
    assert gateway.orders().fills == (made(ONE, BID, 100, 1),)
    assert other.tape() == Tape(0, 0)


def test_fills_of_a_taker_do_not_depend_on_the_ring():
    engine = rich_engine(event_capacity=8)
    gateway = InProcessGateway(engine, 1)
    for order_id in range(20):
        engine.submit(2, order_id, ASK, LIMIT, 100, 1)
    gateway.submit(BID, MARKET, None, 20)
    assert gateway.orders().fills == (took(ONE, BID, 100, 1),) * 20


def test_order_ids_count_up_to_the_last():
    ids = OrderIds(2**64 - 2)
    assert [ids.take(), ids.take()] == [2**64 - 2, 2**64 - 1]
    with pytest.raises(OverflowError):
        ids.take()
    with pytest.raises(OverflowError):
        ids.take()


def test_first_ids_are_the_accounts_and_the_seconds(monkeypatch):
    assert first_order_id(3, seconds=0) == 3 << 32
    assert first_order_id(3, seconds=1_700_000_000) == (3 << 32) + 1_700_000_000
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.9)
    assert first_order_id(1) == (1 << 32) + 1_700_000_000
    assert first_order_id(2**64 - 1, seconds=5) == (2**32 - 1 << 32) + 5  # still an id
    assert 0 <= first_order_id(2**64 - 1, seconds=2**33) < 2**64


steps = st.lists(
    st.tuples(
        st.sampled_from(("submit", "submit", "submit", "modify", "cancel", "ask")),
        st.integers(0, 2),
        st.sampled_from(Side),
        st.sampled_from(OrderType),
        st.integers(1, 6),
        st.integers(1, 9),
    ),
    max_size=60,
)


@given(steps=steps, shares_feed=st.booleans(), first_ids=st.sampled_from(((5, 5, 5), (5, 6, 9), (10, 20, 30))))
def test_all_that_was_traded_is_told_once_to_both(steps, shares_feed, first_ids):
    """Against the engine's own trades and balances; ids collide, accounts trade with themselves."""
    engine = rich_engine()
    feed = MarketFeed(engine) if shares_feed else None
    gateways = [
        InProcessGateway(engine, account_id, feed=feed, order_ids=OrderIds(first_id))
        for account_id, first_id in enumerate(first_ids, 1)
    ]
    told = [[], [], []]
    for gateway in gateways:
        gateway.tape()
    for kind, who, side, order_type, price, quantity in steps:
        gateway = gateways[who]
        mine = engine.open_orders(who + 1)
        try:
            if kind == "submit":
                gateway.submit(side, order_type, price, quantity)
            elif kind == "ask":
                told[who] += gateway.orders().fills
            elif mine and kind == "modify":
                gateway.modify(mine[quantity % len(mine)].id, quantity, price)
            elif mine:
                gateway.cancel(mine[quantity % len(mine)].id)
        except OrderBookError:
            continue
    for who, gateway in enumerate(gateways):
        told[who] += gateway.orders().fills
        assert gateway.orders() == (engine.open_orders(who + 1), ())
        signed = [(fill.quantity if fill.side is BID else -fill.quantity, fill.price) for fill in told[who]]
        balance = engine.account_snapshot(who + 1)
        assert balance.available_base + balance.reserved_base == 10_000 + sum(lots for lots, _ in signed)
        assert balance.available_quote + balance.reserved_quote == 1_000_000 - sum(lots * at for lots, at in signed)
    trades = [event for event in engine.events() if isinstance(event, Trade)]
    made_of, taken_of = (
        Counter((fill.price, fill.quantity, fill.order_id) for fill in chain(*told) if fill.is_maker is is_maker)
        for is_maker in (True, False)
    )
    assert made_of == Counter((trade.price, trade.quantity, trade.maker_order_id) for trade in trades)
    assert taken_of == Counter((trade.price, trade.quantity, trade.taker_order_id) for trade in trades)
    tape = Tape(sum(trade.quantity for trade in trades), sum(trade.quantity * trade.price for trade in trades))
    assert [gateway.tape() for gateway in gateways] == [tape] * 3
