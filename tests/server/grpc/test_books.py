"""Snapshot, GetDepth, ListOpenOrders, ListInstruments, and the calls about balances: the sentences of the proto."""

from orderbook import Instrument
from orderbook_wire.v1 import orderbook_pb2 as wire

from .client import serving
from .test_orders import OK, refusal

BID, ASK = wire.SIDE_BID, wire.SIDE_ASK


def test_a_snapshot_has_every_order_best_levels_first_and_oldest_orders_first(client):
    assert client.Snapshot() == wire.SnapshotResponse(status=OK)
    client.bid(1, 99, 5)
    client.bid(2, 100, 7)
    client.bid(3, 100, 1)
    client.ask(4, 102, 2)
    client.ask(5, 101, 3)

    def level(side, price, total, *orders):
        return wire.BookLevel(
            side=side,
            price=price,
            total_quantity=total,
            orders=[wire.BookOrder(order_id=i, side=side, price=price, quantity=q) for i, q in orders],
        )

    assert client.Snapshot() == wire.SnapshotResponse(
        status=OK,
        bids=[level(BID, 100, 8, (2, 7), (3, 1)), level(BID, 99, 5, (1, 5))],
        asks=[level(ASK, 101, 3, (5, 3)), level(ASK, 102, 2, (4, 2))],
        sequence=5,
    )


def test_depth_sums_levels_up_and_is_of_ten_where_no_number_is_given(client):
    for order_id in range(1, 16):
        client.bid(order_id, 100 - order_id, order_id)
    client.bid(16, 99, 4)
    client.ask(17, 200, 6)
    depth = client.GetDepth(levels=2)
    assert depth == wire.GetDepthResponse(
        status=OK,
        bids=[
            wire.LevelDepth(price=99, total_quantity=5, order_count=2),
            wire.LevelDepth(price=98, total_quantity=2, order_count=1),
        ],
        asks=[wire.LevelDepth(price=200, total_quantity=6, order_count=1)],
        sequence=17,
    )
    assert len(client.GetDepth().bids) == 10
    assert len(client.GetDepth(levels=2**64 - 1).bids) == 15
    assert len(client.GetDepth(levels=0).bids) == 0


def test_open_orders_are_in_the_order_of_their_coming_to_rest(client):
    assert client.ListOpenOrders(account_id=99) == wire.ListOpenOrdersResponse(status=OK)
    client.bid(3, 100, 5)
    client.bid(1, 101, 5)
    client.bid(7, 100, 5, account_id=2)
    client.ModifyOrder(order_id=3, quantity=2, account_id=1, price=99)
    listed = client.ListOpenOrders(account_id=1)
    assert list(listed.orders) == [
        wire.BookOrder(order_id=1, side=BID, price=101, quantity=5),
        wire.BookOrder(order_id=3, side=BID, price=99, quantity=2),
    ]
    assert listed.sequence == client.Snapshot().sequence == 5


def test_the_list_of_open_orders_says_where_to_go_on_in_the_accounts_feed(client):
    client.bid(1, 100, 5)
    listed = client.ListOpenOrders(account_id=1)
    client.ask(2, 100, 2)
    event = next(client.StreamAccountEvents(account_id=1, from_sequence=listed.account_sequence))
    assert (event.order_id, event.filled.quantity, event.filled.open_quantity) == (1, 2, 3)


def test_instruments_are_told_as_configured_and_sizes_as_plain_digits():
    instruments = (
        Instrument("BTC-USD", "BTC", "USD", tick_size="0.50", lot_size="1E-8"),
        Instrument("X-Y", "X", "Y", tick_size="1E+3"),
    )
    with serving(instruments=instruments) as market:
        assert market.client.ListInstruments() == wire.ListInstrumentsResponse(
            status=OK,
            instruments=[
                wire.Instrument(symbol="BTC-USD", base="BTC", quote="USD", tick_size="0.50", lot_size="0.00000001"),
                wire.Instrument(symbol="X-Y", base="X", quote="Y", tick_size="1000", lot_size="1"),
            ],
        )


def test_an_empty_symbol_is_the_first_instrument_and_an_unknown_one_is_refused(two_markets):
    client = two_markets.client
    client.bid(1, 100, 5)
    client.bid(1, 200, 5, symbol="ETH-USD")
    assert client.Snapshot() == client.Snapshot(symbol="BTC-USD") != client.Snapshot(symbol="ETH-USD")
    unknown = refusal("unknown_symbol")
    assert client.Snapshot(symbol="X") == wire.SnapshotResponse(status=unknown)
    assert client.GetDepth(symbol="X") == wire.GetDepthResponse(status=unknown)
    assert client.ListOpenOrders(account_id=1, symbol="X") == wire.ListOpenOrdersResponse(status=unknown)
    assert client.GetBalance(account_id=1, symbol="X") == wire.GetBalanceResponse(status=unknown)
    assert client.CreditAccount(account_id=1, symbol="X") == wire.CreditAccountResponse(status=unknown)
    assert client.DebitAccount(account_id=1, symbol="X") == wire.DebitAccountResponse(status=unknown)


def test_a_credit_makes_the_account_also_where_it_gives_nothing(client):
    unknown = wire.GetBalanceResponse(status=refusal("unknown_account"))
    assert client.GetBalance(account_id=7) == unknown
    nothing = wire.AccountBalance(account_id=7)
    assert client.CreditAccount(account_id=7) == wire.CreditAccountResponse(status=OK, balance=nothing)
    balance = wire.AccountBalance(account_id=7, available_base=3, available_quote=4)
    assert client.CreditAccount(account_id=7, base=3, quote=4).balance == balance
    assert client.GetBalance(account_id=7) == wire.GetBalanceResponse(status=OK, balance=balance)


def test_a_balance_tells_what_is_reserved(client):
    client.bid(1, 100, 5)
    client.ask(2, 200, 6, account_id=1)
    assert client.GetBalance(account_id=1).balance == wire.AccountBalance(
        account_id=1,
        available_base=1_000_000 - 6,
        reserved_base=6,
        available_quote=1_000_000_000 - 500,
        reserved_quote=500,
    )


def test_a_debit_takes_both_assets_or_neither(market):
    client = market.client
    client.CreditAccount(account_id=7, base=3, quote=4)
    left = client.DebitAccount(account_id=7, base=1, quote=4)
    assert left == wire.DebitAccountResponse(status=OK, balance=wire.AccountBalance(account_id=7, available_base=2))
    before = market.state_hash()
    assert client.DebitAccount(account_id=7, base=3).status == refusal("insufficient_base")
    assert client.DebitAccount(account_id=7, base=1, quote=1).status == refusal("insufficient_quote")
    assert client.DebitAccount(account_id=8).status == refusal("unknown_account")
    assert client.CreditAccount(account_id=7, base=2**64 - 1).status == refusal("numeric_overflow")
    assert market.state_hash() == before
