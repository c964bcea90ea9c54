"""The gateway to an engine in the same process."""

from agents.gateways.market_feed import MarketFeed
from agents.gateways.order_ids import OrderIds, first_order_id
from agents.requests import Best, OwnFill, OwnOrders, Placed, Tape
from orderbook import (
    AccountSnapshot,
    DuplicateOrder,
    Exchange,
    MatchResult,
    OrderType,
    RiskEngine,
    Side,
    UnknownAccount,
)


class InProcessGateway:
    """One account's door to one market of an `Exchange`, or to a `RiskEngine` that stands alone.

    symbol: the instrument, by default the first one. order_ids: where ids come from, by default those of the account
    in a simulation. feed: one that is shared with other gateways of the market, by default one of its own. Raise
    UnknownSymbol.
    """

    def __init__(
        self,
        engine: Exchange | RiskEngine,
        account_id: int,
        *,
        symbol: str | None = None,
        order_ids: OrderIds | None = None,
        feed: MarketFeed | None = None,
    ) -> None:
        self.account_id = account_id
        self.market = engine.market(symbol or engine.instruments[0].symbol) if isinstance(engine, Exchange) else engine
        self._ids = order_ids or OrderIds(first_order_id(account_id, seconds=0))
        self._feed = feed or MarketFeed(engine, symbol)
        self._fills: list[OwnFill] = []
        self._tape_before: Tape | None = None
        self._feed.catch_up()
        for order in self.market.open_orders(account_id):  # of an earlier life
            self._feed.own(order.id, order.side, self._fills)

    def submit(self, side: Side, order_type: OrderType, price: int | None, quantity: int) -> Placed:
        """Send an order."""
        while True:
            order_id = self._ids.take()
            try:
                result = self.market.submit(self.account_id, order_id, side, order_type, price, quantity)
            except DuplicateOrder:
                continue
            self._record(order_id, side, result)
            return Placed(order_id, result)

    def modify(self, order_id: int, quantity: int, price: int | None = None) -> MatchResult:
        """Change an order."""
        before = self.market.order_book.order(order_id)
        result = self.market.modify_order(self.account_id, order_id, quantity, price)
        assert before is not None
        self._record(order_id, before.side, result)
        return result

    def _record(self, order_id: int, side: Side, result: MatchResult) -> None:
        """Note what an order traded as taker; what it will as maker, the feed tells.

        The feed comes first: it may hold older fills, and the end of an order that had this id, or this order's own at
        another price.
        """
        self._feed.catch_up()
        self._fills += [OwnFill(order_id, side, fill.price, fill.quantity, is_maker=False) for fill in result.fills]
        if result.resting is not None:
            self._feed.own(order_id, side, self._fills)

    def cancel(self, order_id: int) -> int:
        """Take an order back."""
        return self.market.cancel_order(self.account_id, order_id)

    def best(self) -> Best:
        """Return the best prices."""
        bid, ask = self.market.order_book.best_bid(), self.market.order_book.best_ask()
        return Best(bid[0] if bid else None, ask[0] if ask else None)

    def orders(self) -> OwnOrders:
        """Return the open orders, and the fills since the last call."""
        self._feed.catch_up()
        fills = tuple(self._fills)
        self._fills.clear()
        return OwnOrders(self.market.open_orders(self.account_id), fills)

    def balance(self) -> AccountSnapshot:
        """Return what the account has; raise UnknownAccount."""
        balance = self.market.account_snapshot(self.account_id)
        if balance is None:
            raise UnknownAccount(f"account {self.account_id} was never credited")
        return balance

    def tape(self) -> Tape:
        """Return what the market traded since the first call."""
        self._feed.catch_up()
        now = self._feed.tape
        before = self._tape_before = self._tape_before or now
        return Tape(now.volume - before.volume, now.value - before.value, now.gaps - before.gaps)
