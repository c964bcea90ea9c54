"""LiveGateway: what strategies trade on, over the network."""

from agents.gateways.grpc.catch_up import FillReader, TapeReader
from agents.gateways.grpc.client import GrpcOrderBookClient
from agents.gateways.order_ids import OrderIds
from agents.requests import Best, OwnOrders, Placed, Tape
from orderbook import AccountSnapshot, DuplicateOrder, MatchResult, OrderType, Side


class LiveGateway:
    """One account's door to one instrument of a server; by default the client's, or else the server's first.

    Fills are learnt from the account's executions, so that what happened to an order whose answer was lost is told too,
    and each fill once. Besides the engine's refusals, calls raise ClientError; after any of them they may go on.
    """

    def __init__(
        self, client: GrpcOrderBookClient, account_id: int, order_ids: OrderIds, *, symbol: str | None = None
    ) -> None:
        self.account_id = account_id
        self._client = client
        self._ids = order_ids
        self._asked = symbol or client.symbol
        self._symbol: str | None = None
        self._fills = FillReader(client, account_id)
        self._tape = TapeReader(client)

    @property
    def missed_fills(self) -> int:
        """How many times fills may have been missed: the server began anew, or held them no longer."""
        return self._fills.missed

    async def symbol(self) -> str:
        """Return the instrument's name, as the server has it in events."""
        if self._symbol is None:
            self._symbol = self._asked or (await self._client.instruments())[0].symbol
        return self._symbol

    async def submit(self, side: Side, order_type: OrderType, price: int | None, quantity: int) -> Placed:
        """Send an order under the next id; where that rests already, under the next that does not."""
        while True:
            order_id = self._ids.take()
            try:
                result = await self._client.submit_order(
                    self.account_id, order_id, side, order_type, price, quantity, symbol=self._asked
                )
            except DuplicateOrder:
                continue
            return Placed(order_id, result)

    async def modify(self, order_id: int, quantity: int, price: int | None = None) -> MatchResult:
        """Change an order."""
        return await self._client.modify_order(self.account_id, order_id, quantity, price, symbol=self._asked)

    async def cancel(self, order_id: int) -> int:
        """Take an order back, and return the lots that were open."""
        return await self._client.cancel_order(self.account_id, order_id, symbol=self._asked)

    async def best(self) -> Best:
        """Return the best prices."""
        bids, asks, _ = await self._client.depth(1, symbol=self._asked)
        return Best(bids[0].price if bids else None, asks[0].price if asks else None)

    async def orders(self) -> OwnOrders:
        """Return the open orders, and the fills since the last call; the first call tells of none."""
        symbol = await self.symbol()
        listed = await self._client.open_orders(self.account_id, symbol=self._asked)
        return OwnOrders(listed.orders, await self._fills.read(listed.account_sequence, symbol))

    async def balance(self) -> AccountSnapshot:
        """Return what the account has; raise UnknownAccount."""
        return await self._client.get_balance(self.account_id, symbol=self._asked)

    async def credit(self, base: int, quote: int) -> AccountSnapshot:
        """Give the account base and quote, and return what it has then."""
        return await self._client.credit_account(self.account_id, base, quote, symbol=self._asked)

    async def tape(self) -> Tape:
        """Return what the market traded since the first call."""
        symbol = await self.symbol()
        return await self._tape.read((await self._client.depth(1, symbol=self._asked)).sequence, symbol)

    def forget(self) -> None:
        """Begin again: the server was found to have begun anew, and so have its numbers."""
        self._symbol = None
        self._fills.forget()
        self._tape.forget()
