"""Orders: submit, modify, cancel, cancel all. Whatever the exchange refuses is raised: OrderBookError."""

from orderbook import MatchResult, OrderView
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rest import answers
from orderbook_server.protocol.rest.fields import ORDER_TYPES, SIDE_NAMES, SIDES
from orderbook_server.protocol.rest.requests import AccountQuery, NewOrder, NewTerms


def order_of(view: OrderView) -> answers.Order:
    """Return an order that rests."""
    return answers.Order(view.id, SIDE_NAMES[view.side], view.price, view.quantity)


def report_of(order_id: int, result: MatchResult) -> answers.Report:
    """Return what became of an order."""
    fills = [answers.Fill(fill.maker_id, fill.price, fill.quantity) for fill in result.fills]
    resting = order_of(result.resting) if result.resting is not None else None
    return answers.Report(order_id, result.unfilled, resting, fills)


class Orders:
    """Carries out the commands about orders. They belong to no session: they stay when the client goes away."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sequencer = desk.sequencer

    def submit(self, order: NewOrder) -> answers.Report:
        """Submit an order."""
        result = self._sequencer.submit(
            self._desk.position(order.symbol),
            order.account_id,
            order.order_id,
            SIDES[order.side],
            ORDER_TYPES[order.order_type],
            order.price,
            order.quantity,
        )
        return report_of(order.order_id, result)

    def modify(self, order_id: int, terms: NewTerms) -> answers.Report:
        """Change the open quantity of an order, and its price where one is given."""
        position = self._desk.position(terms.symbol)
        result = self._sequencer.modify_order(position, terms.account_id, order_id, terms.quantity, terms.price)
        return report_of(order_id, result)

    def cancel(self, order_id: int, query: AccountQuery) -> answers.Canceled:
        """Take an order back."""
        position = self._desk.position(query.symbol)
        return answers.Canceled(order_id, self._sequencer.cancel_order(position, query.account_id, order_id))

    def cancel_all(self, query: AccountQuery) -> answers.CanceledOrders:
        """Take all orders of an account in one instrument back."""
        position = self._desk.position(query.symbol)
        return answers.CanceledOrders(self._sequencer.cancel_all(position, query.account_id))
