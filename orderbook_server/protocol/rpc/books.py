"""Books: whole, summed up, one account's orders; and the instruments that have them."""

from collections.abc import Iterable, Iterator

from orderbook import LevelDepth, LevelSnapshot, OrderBookError, OrderView, Side
from orderbook_server.protocol.rpc.common import OK, Desk, refused
from orderbook_wire.v1 import orderbook_pb2 as wire

LEVELS_DEFAULT = 10  # per side, where a request for depth names no number


def orders(views: Iterable[OrderView]) -> Iterator[wire.BookOrder]:
    """Yield orders as messages."""
    return (
        wire.BookOrder(order_id=order.id, side=order.side, price=order.price, quantity=order.quantity)
        for order in views
    )


def levels(side: Side, snapshots: Iterable[LevelSnapshot]) -> Iterator[wire.BookLevel]:
    """Yield one side's levels, with their orders."""
    return (
        wire.BookLevel(
            side=side, price=level.price, total_quantity=level.total_quantity, orders=orders(level.orders)
        )
        for level in snapshots
    )


def depths(sums: Iterable[LevelDepth]) -> Iterator[wire.LevelDepth]:
    """Yield one side's levels, summed up."""
    return (
        wire.LevelDepth(price=level.price, total_quantity=level.total_quantity, order_count=level.order_count)
        for level in sums
    )


class Books:
    """Answers questions. Nothing here changes anything."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def snapshot(self, request: wire.SnapshotRequest) -> wire.SnapshotResponse:
        """Return a whole book. O(orders)."""
        try:
            book = self._desk.market(request.symbol).order_book.snapshot()
        except OrderBookError as error:
            return wire.SnapshotResponse(status=refused(error.code))
        return wire.SnapshotResponse(
            status=OK, bids=levels(Side.BID, book.bids), asks=levels(Side.ASK, book.asks), sequence=book.sequence
        )

    def depth(self, request: wire.GetDepthRequest) -> wire.GetDepthResponse:
        """Return the best levels. O(levels asked for)."""
        try:
            market = self._desk.market(request.symbol)
        except OrderBookError as error:
            return wire.GetDepthResponse(status=refused(error.code))
        bids, asks = market.order_book.depth(request.levels if request.HasField("levels") else LEVELS_DEFAULT)
        return wire.GetDepthResponse(status=OK, bids=depths(bids), asks=depths(asks), sequence=market.last_sequence)

    def open_orders(self, request: wire.ListOpenOrdersRequest) -> wire.ListOpenOrdersResponse:
        """Return an account's orders, and the places in both feeds from which on the list can be kept true."""
        try:
            market = self._desk.market(request.symbol)
        except OrderBookError as error:
            return wire.ListOpenOrdersResponse(status=refused(error.code))
        return wire.ListOpenOrdersResponse(
            status=OK,
            orders=orders(market.open_orders(request.account_id)),
            sequence=market.last_sequence,
            account_sequence=self._desk.sequencer.last_execution,
        )

    def instruments(self, _request: wire.ListInstrumentsRequest) -> wire.ListInstrumentsResponse:
        """Return the instruments, in the order of their configuration."""
        return wire.ListInstrumentsResponse(
            status=OK,
            instruments=(
                wire.Instrument(
                    symbol=instrument.symbol,
                    base=instrument.base,
                    quote=instrument.quote,
                    tick_size=f"{instrument.tick_size:f}",  # digits and a point: never 1E+2
                    lot_size=f"{instrument.lot_size:f}",
                    halted=self._desk.exchange.market(instrument.symbol).halted,
                )
                for instrument in self._desk.exchange.instruments
            ),
        )
