"""Several instruments over one ledger, with one sequence of events."""

import copy
import pickle
from hashlib import blake2b
from struct import pack

import pytest

import orderbook
from orderbook import (
    AccountSnapshot,
    Balance,
    BookAdded,
    DuplicateOrder,
    Fill,
    Instrument,
    InsufficientBase,
    InsufficientQuote,
    NumericOverflow,
    OrderView,
    RejectReason,
    SelfTradePrevention,
    Side,
    UnknownAccount,
    UnknownOrder,
    UnknownSymbol,
)

from ..engine.helpers import ASK, BID, LIMIT, MARKET, POST_ONLY, TOP, new, process
from .flow import flow
from .helpers import ALICE, BOB, STRANGER, credit, of

BTC = Instrument("BTC-USD", "BTC", "USD")
ETH = Instrument("ETH-USD", "ETH", "USD")
CROSS = Instrument("ETH-BTC", "ETH", "BTC")


@pytest.fixture
def exchange(api):
    """Return an exchange of three instruments over BTC, USD and ETH, in which ALICE and BOB have some of each."""
    exchange = api.Exchange([BTC, ETH, CROSS])
    for account in (ALICE, BOB):
        for asset, amount in [("BTC", 100), ("USD", 10_000), ("ETH", 1000)]:
            exchange.credit(account, asset, amount)
    return exchange


def balances(exchange, account):
    """Return (available, reserved) of BTC, USD and ETH."""
    return [tuple(exchange.balance(account, asset)) for asset in ("BTC", "USD", "ETH")]


def test_instruments(api, exchange):
    assert exchange.instruments == (BTC, ETH, CROSS)
    assert type(exchange.instruments) is tuple
    for instrument in exchange.instruments:
        assert exchange.market(instrument.symbol).instrument == instrument
        assert isinstance(exchange.market(instrument.symbol), api.RiskEngine)
        assert exchange.market(instrument.symbol) is exchange.market(instrument.symbol)


def test_without_instruments_there_is_one(api):
    for exchange in (api.Exchange(), api.Exchange(None)):
        (instrument,) = exchange.instruments
        assert (instrument.symbol, instrument.base, instrument.quote) == ("BASE-QUOTE", "BASE", "QUOTE")
        exchange.credit(ALICE, "QUOTE", 100)
        assert exchange.submit("BASE-QUOTE", ALICE, 1, BID, LIMIT, 10, 10).resting
        assert exchange.events() == [BookAdded(1, 0, 1, BID, 10, 10)]
    assert api.RiskEngine().instrument == instrument


@pytest.mark.parametrize("form", [list, tuple, iter], ids=lambda form: form.__name__)
def test_any_sequence_of_instruments(api, form):
    assert api.Exchange(form([BTC, ETH])).instruments == (BTC, ETH)


@pytest.mark.parametrize(
    ("instruments", "error"),
    [
        ([], ValueError),
        ((), ValueError),
        ([BTC, BTC], ValueError),
        ([BTC, ETH, Instrument("BTC-USD", "X", "Y")], ValueError),
        (["BTC-USD"], TypeError),
        ([BTC, None], TypeError),
        ([("BTC-USD", "BTC", "USD")], TypeError),
        (5, TypeError),
        (BTC, TypeError),
    ],
)
def test_wrong_instruments(api, instruments, error):
    with pytest.raises(error):
        api.Exchange(instruments)


def test_two_instruments_of_the_same_assets(api):
    """Only the symbols have to differ: spot and block trades in the same pair, for instance."""
    exchange = api.Exchange([BTC, Instrument("BTC-USD-BLOCK", "BTC", "USD")])
    exchange.credit(ALICE, "USD", 100)
    exchange.submit("BTC-USD", ALICE, 1, BID, LIMIT, 10, 6)
    with pytest.raises(InsufficientQuote):
        exchange.submit("BTC-USD-BLOCK", ALICE, 1, BID, LIMIT, 10, 5)
    exchange.submit("BTC-USD-BLOCK", ALICE, 1, BID, LIMIT, 10, 4)
    assert exchange.balance(ALICE, "USD") == Balance(0, 100)
    assert exchange.market("BTC-USD").account_snapshot(ALICE) == AccountSnapshot(0, 0, 0, 100)
    exchange.check()


@pytest.mark.parametrize("symbol", ["", "btc-usd", "BTC-EUR", "BTC", "BTC-USD "])
def test_unknown_symbols(exchange, symbol):
    before = exchange.state_hash(), exchange.last_sequence
    for call in (
        lambda: exchange.market(symbol),
        lambda: exchange.submit(symbol, ALICE, 1, BID, LIMIT, 10, 1),
        lambda: exchange.modify_order(symbol, ALICE, 1, 1),
        lambda: exchange.cancel_order(symbol, ALICE, 1),
        lambda: exchange.cancel_all(symbol, ALICE),
        lambda: exchange.open_orders(symbol, ALICE),
        lambda: exchange.halt(symbol),
        lambda: exchange.resume(symbol),
    ):
        with pytest.raises(UnknownSymbol):
            call()
    assert (exchange.state_hash(), exchange.last_sequence) == before


@pytest.mark.parametrize("asset", ["", "usd", "EUR", "BTC-USD"])
def test_unknown_assets(exchange, asset):
    before = exchange.state_hash()
    for call in (
        lambda: exchange.credit(ALICE, asset, 1),
        lambda: exchange.credit(STRANGER, asset, 0),
        lambda: exchange.debit(ALICE, asset, 0),
        lambda: exchange.total(asset),
        lambda: exchange.balance(ALICE, asset),
        lambda: exchange.balance(STRANGER, asset),
    ):
        with pytest.raises(UnknownSymbol):
            call()
    assert exchange.state_hash() == before
    assert exchange.balance(STRANGER, "USD") is None


# One ledger.


def test_one_deposit_serves_every_market_of_that_quote(exchange):
    exchange.submit("BTC-USD", ALICE, 1, BID, LIMIT, 100, 60)
    with pytest.raises(InsufficientQuote):
        exchange.submit("ETH-USD", ALICE, 1, BID, LIMIT, 10, 401)
    exchange.submit("ETH-USD", ALICE, 1, BID, LIMIT, 10, 400)
    assert exchange.balance(ALICE, "USD") == Balance(0, 10_000)
    for symbol, base in [("BTC-USD", 100), ("ETH-USD", 1000)]:
        assert exchange.market(symbol).account_snapshot(ALICE) == AccountSnapshot(base, 0, 0, 10_000)
    exchange.cancel_order("BTC-USD", ALICE, 1)
    assert exchange.balance(ALICE, "USD") == Balance(6000, 4000)
    exchange.check()


def test_what_is_bought_in_one_market_is_sold_in_another(exchange):
    """An asset may be the base of one instrument and the quote of another."""
    exchange.submit("BTC-USD", BOB, 1, ASK, LIMIT, 100, 50)
    exchange.submit("BTC-USD", ALICE, 2, BID, LIMIT, 100, 50)
    exchange.submit("ETH-BTC", BOB, 1, ASK, LIMIT, 5, 30)
    assert exchange.submit("ETH-BTC", ALICE, 2, BID, LIMIT, 5, 30).fills == (Fill(1, 5, 30),)
    assert balances(exchange, ALICE) == [(0, 0), (5000, 0), (1030, 0)]
    assert balances(exchange, BOB) == [(200, 0), (15_000, 0), (970, 0)]
    assert [exchange.total(asset) for asset in ("BTC", "USD", "ETH")] == [200, 20_000, 2000]
    exchange.check()


def test_an_account_is_known_to_all_markets(api):
    exchange = api.Exchange([BTC, Instrument("A-B", "A", "B")])
    with pytest.raises(UnknownAccount):
        exchange.submit("A-B", ALICE, 1, BID, LIMIT, 0, 1)
    with pytest.raises(UnknownAccount):
        exchange.cancel_all("A-B", ALICE)
    exchange.credit(ALICE, "BTC", 0)
    assert exchange.market("A-B").account_snapshot(ALICE) == AccountSnapshot(0, 0, 0, 0)
    assert exchange.balance(ALICE, "A") == Balance(0, 0)
    assert exchange.submit("A-B", ALICE, 1, BID, LIMIT, 0, 1).resting
    assert exchange.cancel_all("A-B", ALICE) == 1


def test_credit_and_debit_of_one_asset(exchange):
    exchange.credit(ALICE, "ETH", 7)
    assert exchange.market("ETH-USD").account_snapshot(ALICE) == AccountSnapshot(1007, 0, 10_000, 0)
    exchange.debit(ALICE, "ETH", 1007)
    assert exchange.balance(ALICE, "ETH") == Balance(0, 0)
    assert exchange.total("ETH") == 1000
    assert exchange.last_sequence == 0
    with pytest.raises(UnknownAccount):
        exchange.debit(STRANGER, "ETH", 0)


@pytest.mark.parametrize(
    ("asset", "error"), [("BTC", InsufficientBase), ("USD", InsufficientQuote), ("ETH", InsufficientBase)]
)
def test_a_debit_of_too_much(exchange, asset, error):
    """BTC is the base of the first instrument that has it, and the quote of the last."""
    before = exchange.state_hash()
    with pytest.raises(error):
        exchange.debit(ALICE, asset, exchange.balance(ALICE, asset).available + 1)
    assert exchange.state_hash() == before


def test_a_debit_of_too_much_as_the_first_instrument_calls_it(api):
    exchange = api.Exchange([CROSS, BTC])
    exchange.credit(ALICE, "BTC", 5)
    with pytest.raises(InsufficientQuote):
        exchange.debit(ALICE, "BTC", 6)
    with pytest.raises(InsufficientBase):
        exchange.market("BTC-USD").debit_account(ALICE, 6, 0)


def test_the_cap_is_per_asset(exchange):
    exchange.credit(BOB, "USD", TOP - 20_000)
    with pytest.raises(NumericOverflow):
        exchange.credit(ALICE, "USD", 1)
    with pytest.raises(NumericOverflow):
        exchange.market("ETH-USD").credit_account(STRANGER, 1, 1)
    assert exchange.balance(STRANGER, "ETH") is None
    exchange.market("ETH-BTC").credit_account(STRANGER, 1, 1)
    assert exchange.total("USD") == TOP
    assert exchange.total("ETH") == 2001


def test_many_instruments_and_accounts(api):
    """A ring of instruments, each the quote of one and the base of the next: every account trades in all of them."""
    count = 40
    instruments = [Instrument(f"A{n}-A{(n + 1) % count}", f"A{n}", f"A{(n + 1) % count}") for n in range(count)]
    exchange = api.Exchange(instruments)
    commands = []
    for account in range(60):
        commands += [credit(account, 10, 10, instrument=n) for n in range(count)]
        side = Side(1 + account % 2)
        commands += [of(account, new(account, side, LIMIT, 1, 1 + account % 4, instrument=n)) for n in range(count)]
    status, _, fills = process(exchange, commands)
    assert set(status) == {0}
    assert {exchange.total(f"A{n}") for n in range(count)} == {60 * 20}
    assert {len(exchange.market(instrument.symbol).order_book) for instrument in instruments} == {10}
    assert len(fills) == 40 * count
    for account in range(60):
        held = {tuple(exchange.balance(account, f"A{n}")) for n in range(count)}
        assert [sum(balance) for balance in held] == [20]  # the ring has no end, so its assets are all alike
    exchange.check()


def test_memory_grows_with_accounts_and_orders():
    """Of the compiled exchange alone: the oracle's dictionaries have no such number."""
    exchange = orderbook.Exchange([Instrument("A-B", "A", "B"), Instrument("C-B", "C", "B")])
    empty = exchange.memory_bytes()
    for account in range(5_000):
        exchange.credit(account, "B", 10)
    with_accounts = exchange.memory_bytes()
    assert with_accounts >= empty + 5_000 * (8 + 24 * 2 + 16 * 3)  # what docs/memory.md says a row is, at least
    for account in range(5_000):
        exchange.submit("C-B", account, account, BID, LIMIT, 1, 10)
    assert exchange.memory_bytes() >= with_accounts + 64 * 5_000


# One sequence of events.


def test_events_are_numbered_across_all_instruments(exchange):
    for number, symbol in enumerate(["ETH-USD", "BTC-USD", "ETH-BTC", "ETH-USD"]):
        exchange.submit(symbol, ALICE, number, BID, LIMIT, 1 + number, 1)
    expected = [
        BookAdded(1, 0, 0, BID, 1, 1, instrument=1),
        BookAdded(2, 0, 1, BID, 2, 1, instrument=0),
        BookAdded(3, 0, 2, BID, 3, 1, instrument=2),
        BookAdded(4, 0, 3, BID, 4, 1, instrument=1),
    ]
    assert exchange.events() == expected
    for symbol in ("BTC-USD", "ETH-USD", "ETH-BTC"):  # of a market: those of the exchange
        market = exchange.market(symbol)
        assert market.events() == expected
        assert market.events(2, 1) == expected[2:3]
        assert (market.last_sequence, market.oldest_sequence) == (4, 1)
        assert market.order_book.snapshot().sequence == 4


def test_every_kind_of_event_has_its_instrument(exchange):
    market = exchange.market("ETH-BTC")
    market.submit(ALICE, 1, ASK, LIMIT, 5, 10)
    market.submit(BOB, 2, BID, LIMIT, 5, 4)
    market.submit(BOB, 2, BID, LIMIT, 5, 6)
    market.submit(ALICE, 3, ASK, LIMIT, 5, 1)
    with pytest.raises(DuplicateOrder):
        market.submit(ALICE, 3, ASK, LIMIT, 5, 1)
    assert {type(event).__name__ for event in exchange.events()} == {
        "BookAdded",
        "BookUpdated",
        "BookRemoved",
        "Trade",
        "Rejection",
    }
    assert {event.instrument for event in exchange.events()} == {2}
    assert exchange.events()[-1].reason is RejectReason.DUPLICATE


def test_the_capacity_of_events_is_the_exchanges(api):
    exchange = api.Exchange([BTC, ETH], event_capacity=3)
    exchange.credit(ALICE, "USD", 1000)
    for order_id in range(5):
        exchange.submit(("BTC-USD", "ETH-USD")[order_id % 2], ALICE, order_id, BID, LIMIT, 1, 1)
    assert [event.sequence for event in exchange.events(2)] == [3, 4, 5]
    assert exchange.oldest_sequence == exchange.market("ETH-USD").oldest_sequence == 3


# One book per instrument.


def test_order_ids_are_unique_per_instrument(exchange):
    exchange.submit("BTC-USD", ALICE, 1, BID, LIMIT, 10, 1)
    exchange.submit("ETH-USD", BOB, 1, BID, LIMIT, 20, 2)
    with pytest.raises(DuplicateOrder):
        exchange.submit("ETH-USD", ALICE, 1, BID, LIMIT, 20, 2)
    assert exchange.open_orders("BTC-USD", ALICE) == (OrderView(1, BID, 10, 1),)
    assert exchange.open_orders("ETH-USD", BOB) == (OrderView(1, BID, 20, 2),)
    assert exchange.open_orders("ETH-BTC", BOB) == ()
    assert exchange.modify_order("ETH-USD", BOB, 1, 1, 30).resting == OrderView(1, BID, 30, 1)
    assert exchange.cancel_order("ETH-USD", BOB, 1) == 1
    with pytest.raises(UnknownOrder):
        exchange.cancel_order("ETH-USD", BOB, 1)
    assert exchange.cancel_order("BTC-USD", ALICE, 1) == 1


def test_cancel_all_is_one_instruments(exchange):
    for symbol in ("BTC-USD", "ETH-USD"):
        for order_id in (1, 2):
            exchange.submit(symbol, ALICE, order_id, BID, LIMIT, 10, 1)
    assert exchange.cancel_all("ETH-USD", ALICE) == 2
    assert len(exchange.open_orders("BTC-USD", ALICE)) == 2
    assert exchange.balance(ALICE, "USD") == Balance(9980, 20)


def test_an_orders_own_prevention(exchange):
    exchange.submit("BTC-USD", ALICE, 1, ASK, LIMIT, 10, 5)
    assert exchange.submit("BTC-USD", ALICE, 2, BID, MARKET, None, 3, self_trade_prevention=4).unfilled == 3
    assert exchange.open_orders("BTC-USD", ALICE) == (OrderView(1, ASK, 10, 2),)


def test_settings_are_each_instruments_own(api):
    exchange = api.Exchange(
        [Instrument("A-X", "A", "X", self_trade_prevention=1), Instrument("B-X", "B", "X", open_orders_max=1)]
    )
    exchange.credit(ALICE, "A", 10)
    exchange.credit(ALICE, "X", 10)
    exchange.submit("A-X", ALICE, 1, ASK, LIMIT, 1, 5)
    assert exchange.submit("A-X", ALICE, 2, BID, LIMIT, 1, 5).unfilled == 5
    exchange.submit("B-X", ALICE, 1, BID, LIMIT, 1, 1)
    for order_id in (3, 4):  # one order open in B-X is none in A-X
        exchange.submit("A-X", ALICE, order_id, BID, LIMIT, 0, 1)


def test_batches_over_instruments(exchange):
    commands = [
        of(ALICE, new(1, ASK, LIMIT, 10, 5, instrument=1)),
        of(BOB, new(1, BID, LIMIT, 10, 5, instrument=0)),
        of(BOB, new(2, BID, LIMIT, 11, 7, instrument=1)),
        of(BOB, new(2, BID, LIMIT, 11, 7, instrument=3)),
        of(BOB, new(1, ASK, LIMIT, 2, 3, instrument=2, timestamp=9)),
    ]
    assert process(exchange, commands) == ([0, 0, 0, 11, 0], [0] * 5, [(2, 2, 1, 10, 5)])
    assert [event.instrument for event in exchange.events()] == [1, 0, 1, 1, 1, 2]
    assert exchange.events()[-1] == BookAdded(6, 9, 1, ASK, 2, 3, instrument=2)
    exchange.check()


def test_a_market_takes_records_of_its_own_only(exchange):
    market = exchange.market("ETH-USD")
    records = [of(ALICE, new(7 + number, BID, LIMIT, 10, 1, instrument=number)) for number in (0, 1, 2, 3)]
    assert process(market, records)[0] == [11, 0, 11, 11]
    assert [order.id for order in exchange.open_orders("ETH-USD", ALICE)] == [8]
    assert exchange.events()[0].instrument == 1


# The hash, made anew from the documentation.


def digest_of(instruments, markets, assets, post_only=frozenset()):
    """Return the state hash of an exchange whose accounts are those below 10."""
    digest = blake2b(digest_size=16)
    for market in markets:
        bids, asks, _ = market.order_book.snapshot()
        for side, levels in [(BID, bids), (ASK, asks)]:
            orders = [order for level in levels for order in level.orders]
            digest.update(pack("<BQ", side, len(orders)))
            for order in orders:
                flag = (market.instrument.symbol, order.id) in post_only
                digest.update(pack("<QQQB", order.id, order.price, order.quantity, flag))
    for account in range(10):
        held = [assets(account, asset) for asset in dict.fromkeys(a for i in instruments for a in (i.base, i.quote))]
        if held[0] is None:
            continue
        digest.update(pack("<Q", account))
        for balance in held:
            digest.update(pack("<QQ", *balance))
        for market in markets:
            orders = market.open_orders(account)
            digest.update(pack(f"<{1 + len(orders)}Q", len(orders), *(order.id for order in orders)))
    return digest.hexdigest()


def test_the_hash_is_the_documented_one(exchange):
    markets = [exchange.market(symbol) for symbol in ("BTC-USD", "ETH-USD", "ETH-BTC")]

    def expected(*positions, post_only=frozenset()):
        chosen = [markets[position] for position in positions]
        instruments = [market.instrument for market in chosen]
        return digest_of(instruments, chosen, exchange.balance, post_only)

    assert exchange.state_hash() == expected(0, 1, 2)
    exchange.credit(7, "ETH", 70)
    markets[0].submit(ALICE, 5, BID, POST_ONLY, 10, 3)
    markets[0].submit(ALICE, 3, BID, LIMIT, 11, 3)
    markets[1].submit(BOB, 3, ASK, LIMIT, 11, 3)
    markets[2].submit(7, 1, ASK, LIMIT, 2, 9)
    markets[2].submit(BOB, 2, BID, LIMIT, 2, 4)
    post_only = {("BTC-USD", 5)}
    assert exchange.state_hash() == expected(0, 1, 2, post_only=post_only)
    for position, market in enumerate(markets):
        assert market.state_hash() == expected(position, post_only=post_only)


def test_settings_are_not_state(api):
    hashes = set()
    for settings in [{}, {"reference_price": 5, "price_band": 9, "open_orders_max": 1}, {"tick_size": "0.5"}]:
        exchange = api.Exchange([Instrument("A-B", "A", "B", **settings)])
        exchange.credit(ALICE, "B", 100)
        exchange.submit("A-B", ALICE, 1, BID, LIMIT, 5, 5)
        exchange.halt("A-B")
        hashes.add(exchange.state_hash())
    assert len(hashes) == 1


def test_refusals_leave_the_hash_as_it_was(exchange):
    """Of the exchange, of every market, and what every account has, over a random flow that is refused in part."""
    for account in range(1, 5):
        exchange.credit(account, "USD", 500)
        exchange.credit(account, "ETH", 50)
    refusals = 0
    for command in flow(5, 400, 3):
        before = exchange.state_hash(), [exchange.market(i.symbol).state_hash() for i in exchange.instruments]
        (status,), _, _ = process(exchange, [command])
        if status:
            refusals += 1
            after = exchange.state_hash(), [exchange.market(i.symbol).state_hash() for i in exchange.instruments]
            assert before == after
    exchange.check()
    assert 50 < refusals < 350


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_neither_picklable_nor_copyable(exchange, duplicate):
    for thing in (exchange, exchange.market("BTC-USD")):
        with pytest.raises(TypeError):
            duplicate(thing)


def test_a_market_outlives_its_exchange(api):
    exchange = api.Exchange([BTC, ETH])
    exchange.credit(ALICE, "USD", 100)
    market, book = exchange.market("ETH-USD"), exchange.market("ETH-USD").order_book
    del exchange
    market.submit(ALICE, 1, BID, LIMIT, 10, 10)
    del market
    assert book.order(1) == OrderView(1, BID, 10, 10)
    assert book.snapshot().sequence == 1


def test_a_market_owns_its_book(exchange):
    book = exchange.market("BTC-USD").order_book
    assert book is exchange.market("BTC-USD").order_book
    for change in (lambda: book.add_order(1, BID, 1, 1), lambda: book.cancel(1)):
        with pytest.raises(RuntimeError):
            change()
    assert exchange.market("BTC-USD").order_book is not exchange.market("ETH-USD").order_book


def test_the_mode_of_a_resting_order_is_state(api):
    """It decides what the order does when it is repriced, wherever it came from."""

    def hash_of(of_instrument, of_order):
        exchange = api.Exchange([Instrument("A-B", "A", "B", self_trade_prevention=of_instrument)])
        exchange.credit(ALICE, "B", 100)
        exchange.submit("A-B", ALICE, 1, BID, LIMIT, 5, 5, self_trade_prevention=of_order)
        return exchange.state_hash()

    hashes = [hash_of(None, mode) for mode in (None, *SelfTradePrevention)]
    assert len(set(hashes)) == 5
    assert [hash_of(mode, None) for mode in (None, *SelfTradePrevention)] == hashes
    assert hash_of(SelfTradePrevention.DECREMENT, SelfTradePrevention.CANCEL_BOTH) == hashes[3]
