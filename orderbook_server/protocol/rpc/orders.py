"""Orders: submit, modify, cancel, cancel all."""

from orderbook import MatchResult, OrderBookError, OrderType, OrderView
from orderbook_server.protocol.rpc.common import OK, Desk, Malformed, refused
from orderbook_server.sequencer.sequencer import Session
from orderbook_wire.v1 import orderbook_pb2 as wire

SIDES = frozenset((wire.SIDE_BID, wire.SIDE_ASK))
ORDER_TYPES = {int(order_type): int(order_type) for order_type in OrderType}  # any other means LIMIT


def fills(result: MatchResult) -> list[wire.Fill]:
    """Return what an order traded as taker."""
    return [wire.Fill(maker_id=fill.maker_id, price=fill.price, quantity=fill.quantity) for fill in result.fills]


def resting(order: OrderView | None) -> wire.RestingOrder | None:
    """Return an order as it came to rest; None where it did not."""
    if order is None:
        return None
    return wire.RestingOrder(order_id=order.id, side=order.side, price=order.price, quantity=order.quantity)


class Orders:
    """Carries out the commands about orders. What the exchange refuses is an answer that says so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sequencer = desk.sequencer

    def new_order(self, request: wire.NewOrderRequest, session: Session | None = None) -> wire.NewOrderResponse:
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
            return wire.NewOrderResponse(status=refused(error.code))
        return wire.NewOrderResponse(
            status=OK, fills=fills(result), resting=resting(result.resting), unfilled_quantity=result.unfilled
        )

    def modify_order(
        self, request: wire.ModifyOrderRequest, session: Session | None = None
    ) -> wire.ModifyOrderResponse:
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
            return wire.ModifyOrderResponse(status=refused(error.code))
        return wire.ModifyOrderResponse(
            status=OK, fills=fills(result), resting=resting(result.resting), unfilled_quantity=result.unfilled
        )

    def cancel_order(self, request: wire.CancelOrderRequest) -> wire.CancelOrderResponse:
        """Take an order back."""
        try:
            quantity = self._sequencer.cancel_order(
                self._desk.position(request.symbol), request.account_id, request.order_id
            )
        except OrderBookError as error:
            return wire.CancelOrderResponse(status=refused(error.code))
        return wire.CancelOrderResponse(status=OK, canceled_quantity=quantity)

    def cancel_all(self, request: wire.CancelAllRequest) -> wire.CancelAllResponse:
        """Take all orders of an account in one instrument back."""
        try:
            count = self._sequencer.cancel_all(self._desk.position(request.symbol), request.account_id)
        except OrderBookError as error:
            return wire.CancelAllResponse(status=refused(error.code))
        return wire.CancelAllResponse(status=OK, canceled_count=count)
