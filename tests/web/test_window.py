"""Window: differences, applied one after the other, give the engine's best levels."""

import pytest

from orderbook import OrderBook, Side
from orderbook_server.market.window import LEVELS, Window
from tests.web.market_flow import SYMBOLS, Flow, best, two_markets

Levels = tuple[list[tuple[int, int, int]], ...]


def apply(shown: tuple[dict[int, tuple[int, int, int]], ...], changes: Levels) -> None:
    for side, levels in zip(shown, changes, strict=True):
        for level in levels:
            price, quantity, _ = level
            if quantity:
                assert side.get(price) != level, "it has not changed"
                side[price] = level
            else:
                del side[price]


def test_an_empty_book_has_nothing_to_tell():
    window = Window(OrderBook())
    assert window.refresh() == ([], [])
    assert window.levels() == ([], [])


def test_levels_come_change_and_go():
    book = OrderBook()
    window = Window(book)
    book.add_order(1, Side.BID, 100, 5)
    book.add_order(2, Side.ASK, 102, 7)
    assert window.refresh() == ([(100, 5, 1)], [(102, 7, 1)])
    assert window.refresh() == ([], [])
    book.add_order(3, Side.BID, 100, 1)
    book.add_order(4, Side.BID, 101, 2)
    assert window.refresh() == ([(101, 2, 1), (100, 6, 2)], [])
    book.cancel(1)
    book.cancel(3)
    book.cancel(2)
    assert window.refresh() == ([(100, 0, 0)], [(102, 0, 0)])
    assert window.levels() == ([(101, 2, 1)], [])


def test_as_many_orders_with_other_lots_and_as_many_lots_of_other_orders():
    book = OrderBook()
    window = Window(book)
    book.add_order(1, Side.BID, 100, 4)
    window.refresh()
    book.update_order_quantity(1, 3)
    assert window.refresh() == ([(100, 3, 1)], [])
    book.update_order_quantity(1, 2)
    book.add_order(2, Side.BID, 100, 1)
    assert window.refresh() == ([(100, 3, 2)], [])


@pytest.mark.parametrize("side", Side)
def test_what_is_pushed_out_comes_back(side):
    book = OrderBook()
    window = Window(book)
    inwards = 1 if side is Side.BID else -1
    prices = [10_000 + inwards * step for step in range(LEVELS + 3)]
    for price in prices:
        book.add_order(price, side, price, 1)
    assert [price for price, _, _ in window.refresh()[side - 1]] == prices[:2:-1]
    best_price = prices[-1] + inwards
    book.add_order(best_price, side, best_price, 1)
    assert window.refresh()[side - 1] == [(best_price, 1, 1), (prices[3], 0, 0)]
    book.cancel(best_price)
    assert window.refresh()[side - 1] == [(best_price, 0, 0), (prices[3], 1, 1)]


def test_prices_over_the_whole_range():
    book = OrderBook(allow_crossed=True)
    window = Window(book)
    top = 2**64 - 1
    for order_id, (side, price) in enumerate([(Side.BID, 0), (Side.BID, top), (Side.ASK, 0), (Side.ASK, top)], 1):
        book.add_order(order_id, side, price, 2**40)
    assert window.refresh() == ([(top, 2**40, 1), (0, 2**40, 1)], [(0, 2**40, 1), (top, 2**40, 1)])


@pytest.mark.parametrize(("seed", "prices"), [(1, 4), (2, 40), (3, 900), (4, 3000)])
def test_differences_add_up_to_the_book(seed, prices):
    sequencer = two_markets()
    flow = Flow(sequencer, seed, prices)
    for _ in range(prices * 2):
        flow.step(0)
    window = Window(sequencer.exchange.market(SYMBOLS[0]).order_book)
    shown: tuple[dict[int, tuple[int, int, int]], ...] = ({}, {})
    for _ in range(400):
        apply(shown, window.refresh())
        bids, asks = best(sequencer, SYMBOLS[0])
        assert list(shown[0].values()) != [] or not bids
        assert ({level[0]: level for level in bids}, {level[0]: level for level in asks}) == shown
        assert window.levels() == (bids, asks)
        for _ in range(flow.random.randint(1, 20)):
            flow.step(0)
    if prices > LEVELS:
        assert len(shown[0]) == LEVELS, "there were levels beyond the window"


def test_only_books():
    with pytest.raises(TypeError):
        Window(None)
