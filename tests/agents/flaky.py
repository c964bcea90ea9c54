"""A server in the same process that can be broken: its gateway fails where it is told to, and it can begin anew."""

from agents.errors import ServerUnavailable
from agents.gateways.in_process import InProcessGateway
from agents.gateways.order_ids import OrderIds
from orderbook import OrderType, RiskEngine, Side, UnknownAccount, UnknownOrder

AGENT, OTHER = 1, 9
RICH = (10_000, 1_000_000_000)


class FlakyGateway:
    """A gateway of the agent to a `RiskEngine`, awaited as one on the network.

    calls: names of the calls so far. faults: {number of a call from 0: exception}; lost: of these, the calls that are
    carried out before their answer is lost. after_call: called after each that is carried out, with its name.
    """

    def __init__(self, *, faults=None, lost=(), after_call=lambda name: None, known=False):
        self.calls = []
        self.faults = dict(faults or {})
        self.lost = lost
        self.after_call = after_call
        self.credits = 0
        self.forgotten = 0
        self.missed_fills = 0
        self.ids = OrderIds(1)
        self.restart()
        if known:
            self.engine.credit_account(AGENT, *RICH)

    def restart(self):
        """Begin anew: no account, no order, no event is left."""
        self.engine = RiskEngine()
        self.engine.credit_account(OTHER, *RICH)
        self.other_ids = OrderIds(1_000_000)
        if self.forgotten == 0 and not self.calls:
            self._connect()

    def _connect(self):
        self.inner = InProcessGateway(self.engine, AGENT, order_ids=self.ids)

    def forget(self):
        self.forgotten += 1
        self._connect()

    @property
    def is_stale(self):
        """Whether it still reads on from what a server had that is gone."""
        return self.inner.market is not self.engine

    def trade_against(self, side=Side.BID, quantity=1):
        """Have another account trade against what rests."""
        self.engine.submit(OTHER, self.other_ids.take(), side, OrderType.MARKET, None, quantity)

    async def _answer(self, name, act):
        number = len(self.calls)
        self.calls.append(name)
        fault = self.faults.get(number)
        if fault is not None and (number not in self.lost or name == "orders"):  # fills are not lost by being asked for
            raise fault
        answer = act()
        self.after_call(name)
        if fault is not None:
            raise fault
        return answer

    async def balance(self):
        return await self._answer("balance", self._balance)

    def _balance(self):
        balance = self.engine.account_snapshot(AGENT)
        if balance is None:
            raise UnknownAccount("unknown_account")
        return balance

    async def credit(self, base, quote):
        return await self._answer("credit", lambda: self._credit(base, quote))

    def _credit(self, base, quote):
        self.credits += 1
        self.engine.credit_account(AGENT, base, quote)
        return self.engine.account_snapshot(AGENT)

    async def submit(self, side, order_type, price, quantity):
        def act():
            if self.is_stale:
                raise UnknownAccount("unknown_account")
            return self.inner.submit(side, order_type, price, quantity)

        return await self._answer("submit", act)

    async def cancel(self, order_id):
        def act():
            if self.is_stale:
                raise UnknownOrder("unknown_order")
            return self.inner.cancel(order_id)

        return await self._answer("cancel", act)

    async def best(self):
        return await self._answer("best", lambda: self.inner.best())

    async def orders(self):
        return await self._answer("orders", lambda: self.inner.orders())

    async def tape(self):
        return await self._answer("tape", lambda: self.inner.tape())

    @property
    def resting(self):
        """The agent's orders in the book."""
        return self.engine.open_orders(AGENT)


def unavailable(number=0):
    return ServerUnavailable(f"call {number}: lost")
