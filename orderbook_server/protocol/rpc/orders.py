"""Orders: submit, modify, cancel, cancel all."""

# mypy: disable-error-code="assignment"
# The stubs of messages take their own enumerations only; the engine's have the same values.

from orderbook import MatchResult, OrderBookError, OrderType
from orderbook_server.protocol.desk import Desk
from orderbook_server.protocol.rpc.common import Malformed, accept, refuse
from orderbook_server.sequencer.sessions import Session
from orderbook_wire.v1 import orderbook_pb2 as wire

SIDES = frozenset((wire.SIDE_BID, wire.SIDE_ASK))
ORDER_TYPES = {int(order_type): int(order_type) for order_type in OrderType}  # any other means LIMIT


def report(response: wire.NewOrderResponse | wire.ModifyOrderResponse, result: MatchResult) -> None:
    """Say what became of an order: what it traded as taker, what rests of it, and what does neither."""
    accept(response)
    for fill in result.fills:
        response.fills.add(maker_id=fill.maker_id, price=fill.price, quantity=fill.quantity)
    order = result.resting
    if order is not None:
        resting = response.resting
        resting.order_id = order.id
        resting.side = order.side
        resting.price = order.price
        resting.quantity = order.quantity
    response.unfilled_quantity = result.unfilled


class Orders:
    """Carries out the commands about orders. What the exchange refuses is an answer that says so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sequencer = desk.sequencer

    def new_order(
        self, request: wire.NewOrderRequest, response: wire.NewOrderResponse, session: Session | None = None
    ) -> None:
        """Submit an order. Raise Malformed where it has no side."""
        if request.side not in SIDES:
            raise Malformed("side must be SIDE_BID or SIDE_ASK")
        try:
            result = self._sequencer.submit(
                self._desk.position(request.symbol),
                request.account_id,
                request.order_id,
                request.side,
                ORDER_TYPES.get(request.order_type, OrderType.LIMIT),
                request.price if request.HasField("price") else None,
                request.quantity,
                session,
            )
        except OrderBookError as error:
            refuse(response, error.code)
        else:
            report(response, result)

    def modify_order(
        self, request: wire.ModifyOrderRequest, response: wire.ModifyOrderResponse, session: Session | None = None
    ) -> None:
        """Change the open quantity of an order, and its price where one is given."""
        try:
            result = self._sequencer.modify_order(
                self._desk.position(request.symbol),
                request.account_id,
                request.order_id,
                request.quantity,
                request.price if request.HasField("price") else None,
                session,
            )
        except OrderBookError as error:
            refuse(response, error.code)
        else:
            report(response, result)

    def cancel_order(
        self, request: wire.CancelOrderRequest, response: wire.CancelOrderResponse, _session: Session | None = None
    ) -> None:
        """Take an order back."""
        try:
            position = self._desk.position(request.symbol)
            response.canceled_quantity = self._sequencer.cancel_order(position, request.account_id, request.order_id)
        except OrderBookError as error:
            refuse(response, error.code)
        else:
            accept(response)

    def cancel_all(
        self, request: wire.CancelAllRequest, response: wire.CancelAllResponse, _session: Session | None = None
    ) -> None:
        """Take all orders of an account in one instrument back."""
        try:
            position = self._desk.position(request.symbol)
            response.canceled_count = self._sequencer.cancel_all(position, request.account_id)
        except OrderBookError as error:
            refuse(response, error.code)
        else:
            accept(response)
