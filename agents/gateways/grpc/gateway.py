"""LiveGateway: what strategies trade on, over the network."""

from agents.errors import ServerUnavailable
from agents.gateways.grpc.bare import BareOrders
from agents.gateways.grpc.catch_up import FillReader, TapeReader
from agents.gateways.grpc.client import GrpcOrderBookClient
from agents.gateways.grpc.statuses import UnknownCall
from agents.gateways.order_ids import OrderIds
from agents.requests import Best, OwnOrders, Placed, Tape
from orderbook import AccountMismatch, AccountSnapshot, DuplicateOrder, MatchResult, OrderType, Side


class LiveGateway:
    """One account's door to one instrument of a server; by default the client's, or else the server's first.

    Fills are learnt from the account's executions, so that what happened to an order whose answer was lost is told too,
    and each fill once. Besides the engine's refusals, calls raise ClientError; after any of them they may go on.

    A server that knows the first seven calls alone has books to look at, and no tape; see `BareOrders` for its fills.
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
        self._bare_tapes = 0
        self._bare: BareOrders | None = None  # in use from when the server did not know a call

    @property
    def missed_fills(self) -> int:
        """How many times fills may have been missed: the server began anew, or held them no longer."""
        return self._fills.missed + (self._bare.missed if self._bare else 0)

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
            except ServerUnavailable:
                self._doubt(order_id)
                raise
            if self._bare:
                self._bare.submitted(order_id, side, result)
            return Placed(order_id, result)

    async def modify(self, order_id: int, quantity: int, price: int | None = None) -> MatchResult:
        """Change an order."""
        try:
            result = await self._client.modify_order(self.account_id, order_id, quantity, price, symbol=self._asked)
        except ServerUnavailable:
            self._doubt(order_id)
            raise
        self._doubt(order_id)  # what it had traded before that
        return result

    async def cancel(self, order_id: int) -> int:
        """Take an order back, and return the lots that were open."""
        try:
            quantity = await self._client.cancel_order(self.account_id, order_id, symbol=self._asked)
        except ServerUnavailable:
            self._doubt(order_id)
            raise
        except AccountMismatch:
            if self._bare:
                self._bare.not_ours(order_id)
            raise
        if self._bare:
            self._bare.canceled(order_id, quantity)
        return quantity

    def _doubt(self, order_id: int) -> None:
        """Note that what an order traded cannot be told, where executions do not tell it."""
        if self._bare:
            self._bare.doubt(order_id)

    async def best(self) -> Best:
        """Return the best prices."""
        try:
            bids, asks, _ = await self._client.depth(1, symbol=self._asked)
        except UnknownCall:
            bids, asks, _ = await self._client.snapshot(symbol=self._asked)
        return Best(bids[0].price if bids else None, asks[0].price if asks else None)

    async def orders(self) -> OwnOrders:
        """Return the open orders, and the fills since the last call; the first call tells of none."""
        try:
            listed = await self._client.open_orders(self.account_id, symbol=self._asked)
        except UnknownCall:
            self._bare = self._bare or BareOrders(self.account_id)
            return self._bare.read(await self._client.snapshot(symbol=self._asked))
        return OwnOrders(listed.orders, await self._fills.read(listed.account_sequence, await self.symbol()))

    async def balance(self) -> AccountSnapshot:
        """Return what the account has; raise UnknownAccount."""
        return await self._client.get_balance(self.account_id, symbol=self._asked)

    async def credit(self, base: int, quote: int) -> AccountSnapshot:
        """Give the account base and quote, and return what it has then."""
        return await self._client.credit_account(self.account_id, base, quote, symbol=self._asked)

    async def tape(self) -> Tape:
        """Return what the market traded since the first call."""
        try:
            depth = await self._client.depth(1, symbol=self._asked)
        except UnknownCall:
            self._bare_tapes += 1  # each misses what the one before did not see
            return Tape(gaps=self._bare_tapes)
        return await self._tape.read(depth.sequence, await self.symbol())

    def forget(self) -> None:
        """Begin again: the server was found to have begun anew, and so have its numbers."""
        self._symbol = None
        if self._bare:
            self._bare.forget()
        self._fills.forget()
        self._tape.forget()
