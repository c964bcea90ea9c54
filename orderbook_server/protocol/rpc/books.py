"""Books: whole, summed up, one account's orders; and the instruments that have them. Nothing here changes anything."""

from orderbook import OrderBookError, Side
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc.common import accept, refuse
from orderbook_wire.v1 import orderbook_pb2 as wire

LEVELS_DEFAULT = 10  # per side, where a request for depth names no number


class Books:
    """Answers questions."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def snapshot(self, request: wire.SnapshotRequest, response: wire.SnapshotResponse) -> None:
        """Return a whole book. O(orders)."""
        try:
            book = self._desk.market(request.symbol).order_book.snapshot()
        except OrderBookError as error:
            return refuse(response, error.code)
        for side, levels, into in ((Side.BID, book.bids, response.bids), (Side.ASK, book.asks, response.asks)):
            for level in levels:
                orders = into.add(side=side, price=level.price, total_quantity=level.total_quantity).orders
                for order in level.orders:
                    orders.add(order_id=order.id, side=side, price=order.price, quantity=order.quantity)
        response.sequence = book.sequence
        return accept(response)

    def depth(self, request: wire.GetDepthRequest, response: wire.GetDepthResponse) -> None:
        """Return the best levels. O(levels asked for)."""
        try:
            market = self._desk.market(request.symbol)
        except OrderBookError as error:
            return refuse(response, error.code)
        bids, asks = market.order_book.depth(request.levels if request.HasField("levels") else LEVELS_DEFAULT)
        for levels, into in ((bids, response.bids), (asks, response.asks)):
            for level in levels:
                into.add(price=level.price, total_quantity=level.total_quantity, order_count=level.order_count)
        response.sequence = market.last_sequence
        return accept(response)

    def open_orders(self, request: wire.ListOpenOrdersRequest, response: wire.ListOpenOrdersResponse) -> None:
        """Return an account's orders, and the places in both feeds from which on the list can be kept true."""
        try:
            market = self._desk.market(request.symbol)
        except OrderBookError as error:
            return refuse(response, error.code)
        for order in market.open_orders(request.account_id):
            response.orders.add(order_id=order.id, side=order.side, price=order.price, quantity=order.quantity)
        response.sequence = market.last_sequence
        response.account_sequence = self._desk.sequencer.newest_execution(request.account_id)
        return accept(response)

    def instruments(self, _request: wire.ListInstrumentsRequest, response: wire.ListInstrumentsResponse) -> None:
        """Return the instruments, in the order of their configuration."""
        for instrument in self._desk.exchange.instruments:
            response.instruments.add(
                symbol=instrument.symbol,
                base=instrument.base,
                quote=instrument.quote,
                tick_size=f"{instrument.tick_size:f}",  # digits and a point, never 1E+2
                lot_size=f"{instrument.lot_size:f}",
                halted=self._desk.exchange.market(instrument.symbol).halted,
            )
        accept(response)
