"""Compiled exchange and oracle side by side: everything compared, and every unit of every asset accounted for.

The test keeps a tally of its own: what was credited less what was debited, and what the open orders need.
"""

from collections import Counter, defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import orderbook
import orderbook.reference
from orderbook import Side

from ..engine.helpers import BID, MARKET, TOP, Kind, outcome, process
from ..engine.replica import Replica
from .flow import flow
from .helpers import needs
from .strategies import (
    ASSETS,
    REFERENCE,
    accounts,
    amounts,
    batches,
    configurations,
    ids,
    maybe_prices,
    order_types,
    preventions,
    prices,
    quantities,
    rich,
    sides,
)

ACCOUNTS = (1, 2, 3, 4, 5, 404)
known = st.sampled_from(ACCOUNTS[:-1])
pick = st.integers(0, 1000)  # one of several things that are there, by its position


class Exchanges(RuleBasedStateMachine):
    """Every command goes to both exchanges; results or errors, events, books, balances and hashes must agree."""

    @initialize(
        instruments=configurations(),
        given=st.lists(rich, min_size=12, max_size=12),
        seed=st.integers(0, 99),
        count=st.integers(0, 60),
    )
    def start(self, instruments, given, seed, count):
        """Begin with accounts that have something, and orders that rest."""
        self.exchanges = [api.Exchange(instruments) for api in (orderbook, orderbook.reference)]
        self.symbols = [instrument.symbol for instrument in instruments]
        self.assets = {instrument.symbol: (instrument.base, instrument.quote) for instrument in instruments}
        self.issued = Counter()
        self.replicas = [Replica(self.market(position).order_book.snapshot()) for position in range(len(instruments))]
        for number, amount in enumerate(given):
            self.credit(1 + number % 4, ASSETS[number // 4], amount)
        self.process_many(seed, count)

    def market(self, position, exchange=1):
        """Return one of the markets, by any number."""
        return self.exchanges[exchange].market(self.symbols[position % len(self.symbols)])

    def both(self, call):
        """Run a command on both exchanges, compare all that it did, and return what came of it."""
        first, second = (outcome(lambda exchange=exchange: call(exchange)) for exchange in self.exchanges)
        assert first == second
        compiled, reference = self.exchanges
        events = compiled.events(self.replicas[0].sequence)
        assert events == reference.events(self.replicas[0].sequence)
        for event in events:
            self.replicas[event.instrument].apply(event)
            for replica in self.replicas:
                replica.sequence = event.sequence
        return second

    def both_markets(self, position, call):
        """Run a command on the same market of both."""
        symbol = self.symbols[position % len(self.symbols)]
        return self.both(lambda exchange: call(exchange.market(symbol)))

    def account_for(self, result, symbol, base, quote):
        """Tally a credit or debit that was accepted."""
        if not isinstance(result, type):
            self.issued.update(dict(zip(self.assets[symbol], (base, quote), strict=True)))

    @rule(position=pick, account=known, base=amounts, quote=amounts)
    def credit_account(self, position, account, base, quote):
        result = self.both_markets(position, lambda market: market.credit_account(account, base, quote))
        self.account_for(result, self.symbols[position % len(self.symbols)], base, quote)

    @rule(position=pick, account=accounts, base=amounts, quote=amounts)
    def debit_account(self, position, account, base, quote):
        result = self.both_markets(position, lambda market: market.debit_account(account, base, quote))
        self.account_for(result, self.symbols[position % len(self.symbols)], -base, -quote)

    @rule(account=known, asset=st.sampled_from(ASSETS), amount=amounts)
    def credit(self, account, asset, amount):
        """Give one asset, which the exchange may not have."""
        if not isinstance(self.both(lambda exchange: exchange.credit(account, asset, amount)), type):
            self.issued[asset] += amount

    @rule(account=accounts, asset=st.sampled_from(ASSETS), amount=amounts)
    def debit(self, account, asset, amount):
        """Take one asset."""
        if not isinstance(self.both(lambda exchange: exchange.debit(account, asset, amount)), type):
            self.issued[asset] -= amount

    @rule(account=known, asset=st.sampled_from(ASSETS), more=st.integers(-1, 1))
    def issue_all_there_can_be(self, account, asset, more):
        """Credit up to the cap, or one beyond it, and take it back, so that later credits find room."""
        amount = min(TOP - self.issued[asset] + more, TOP)
        self.credit(account, asset, amount)
        self.debit(account, asset, amount)

    def leave(self, position, account, side, amount):
        """Leave an account so much available, if that can be, of what an order of this side has to have."""
        market = self.market(position)
        held = market.account_snapshot(account)
        asset = self.assets[self.symbols[position % len(self.symbols)]][side is BID]
        now = 0 if held is None else held.available_quote if side is BID else held.available_base
        if amount < now:
            self.debit(account, asset, now - amount)
        else:
            self.credit(account, asset, amount - now)

    @rule(
        position=pick,
        account=known,
        order_id=ids,
        side=sides,
        order_type=order_types,
        price=prices,
        quantity=quantities,
        prevention=preventions,
        more=st.integers(-1, 1),
    )
    def submit_with_just_enough(self, position, account, order_id, side, order_type, price, quantity, prevention, more):
        """Submit with exactly the money that it takes, or one more, or one too few."""
        need = price * quantity if side is BID else quantity
        if side is BID and order_type is MARKET:
            need = self.cost(position, quantity, None if prevention is None else account)
        self.leave(position, account, side, min(max(need + more, 0), TOP))
        self.submit(position, account, order_id, side, order_type, price, quantity, prevention)

    @rule(
        position=pick,
        account=accounts,
        order_id=ids,
        side=sides,
        order_type=order_types,
        price=maybe_prices,
        quantity=quantities,
        prevention=preventions,
    )
    def submit(self, position, account, order_id, side, order_type, price, quantity, prevention):
        self.both_markets(
            position,
            lambda market: market.submit(
                account, order_id, side, order_type, price, quantity, self_trade_prevention=prevention
            ),
        )

    def cost(self, position, quantity, skipped):
        """Return what so many lots cost a market bid, where the orders of an account are skipped, or of none."""
        market, cost = self.market(position), 0
        own = {order.id for order in market.open_orders(skipped)} if skipped else set()
        for level in market.order_book.snapshot().asks:
            for order in level.orders:
                lots = 0 if order.id in own else min(quantity, order.quantity)
                cost, quantity = cost + lots * order.price, quantity - lots
        return cost

    def resting(self, position):
        """Return (account, order) of all that rests in a market."""
        market = self.market(position)
        return [(account, order) for account in ACCOUNTS for order in market.open_orders(account)]

    @rule(
        position=pick,
        which=pick,
        account=known,
        own=st.booleans(),
        order_id=ids,
        order_type=order_types,
        more=st.integers(-2, 5),
        prevention=preventions,
    )
    def hit_a_resting_order(self, position, which, account, own, order_id, order_type, more, prevention):
        """Trade at exactly the price of a resting order, one's own in half the cases."""
        resting = self.resting(position)
        if resting:
            owner, order = resting[which % len(resting)]
            side, quantity = Side(3 - order.side), min(max(0, order.quantity + more), TOP)
            taker = owner if own else account
            self.submit(position, taker, order_id, side, order_type, order.price, quantity, prevention)

    @rule(position=pick, which=pick, quantity=quantities, price=st.one_of(st.none(), prices), more=st.integers(-1, 40))
    def modify_with_just_enough(self, position, which, quantity, price, more):
        """Modify one that is there, with exactly the money that it takes, or a little more, or one too few."""
        resting = self.resting(position)
        if resting:
            account, order = resting[which % len(resting)]
            held = order.price * order.quantity if order.side is BID else order.quantity
            need = (order.price if price is None else price) * quantity if order.side is BID else quantity
            self.leave(position, account, order.side, min(max(need - held + more, 0), TOP))
            self.both_markets(position, lambda market: market.modify_order(account, order.id, quantity, price))

    @rule(
        position=pick,
        which=pick,
        more=st.integers(-2, 1),
        price=st.sampled_from([None, -1, 0, 0, 1]),
        reference=st.sampled_from([REFERENCE, 0, 50]),
        halted=st.booleans(),
    )
    def nudge_a_resting_order(self, position, which, more, price, reference, halted):
        """Modify one a little, while its market is halted or its price out of the band, or both, or neither."""
        resting = self.resting(position)
        if resting:
            account, order = resting[which % len(resting)]
            quantity = min(max(order.quantity + more, 0), TOP)
            price = None if price is None else min(max(order.price + price, 0), TOP)
            self.move_the_reference_price(position, reference)
            self.both_markets(position, lambda market: market.halt() if halted else market.resume())
            self.both_markets(position, lambda market: market.modify_order(account, order.id, quantity, price))
            self.move_the_reference_price(position, REFERENCE)
            self.both_markets(position, lambda market: market.resume())

    @rule(position=pick, account=accounts, order_id=ids, quantity=quantities, price=st.one_of(st.none(), prices))
    def modify_order(self, position, account, order_id, quantity, price):
        """Modify an order, somebody else's more often than not."""
        self.both_markets(position, lambda market: market.modify_order(account, order_id, quantity, price))

    @rule(position=pick, account=accounts, order_id=ids)
    def cancel_order(self, position, account, order_id):
        """Cancel an order, somebody else's more often than not."""
        self.both_markets(position, lambda market: market.cancel_order(account, order_id))

    @rule(position=pick, which=pick)
    def cancel_a_resting_order(self, position, which):
        """Cancel one that is there for certain."""
        resting = self.resting(position)
        if resting:
            account, order = resting[which % len(resting)]
            self.both_markets(position, lambda market: market.cancel_order(account, order.id))

    @rule(position=pick, account=accounts)
    def cancel_all(self, position, account):
        self.both_markets(position, lambda market: market.cancel_all(account))

    @rule(position=pick, halted=st.sampled_from(["halt", "resume", "resume", "resume", "resume"]))
    def halt_or_resume(self, position, halted):
        self.both_markets(position, lambda market: getattr(market, halted)())

    @rule(position=pick, price=st.one_of(st.none(), prices))
    def move_the_reference_price(self, position, price):
        self.both_markets(position, lambda market: setattr(market, "reference_price", price))

    @rule(data=st.data())
    def process(self, data):
        """Run a batch that Hypothesis draws record by record."""
        self.tallied(data.draw(batches(len(self.symbols), max_size=12)))

    @rule(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 60))
    def process_many(self, seed, count):
        """Run a batch of which only seed and length are drawn, so that the books fill up."""
        self.tallied(list(flow(seed, count, len(self.symbols))))

    def tallied(self, commands):
        """Run a batch, and tally the credits that it accepted."""
        statuses, _, _ = self.both(lambda exchange: process(exchange, commands))
        for command, status in zip(commands, statuses, strict=True):
            if command.kind == Kind.CREDIT and status == 0:
                symbol = self.symbols[command.instrument]
                self.account_for(None, symbol, command.price, command.quantity)

    @rule(position=pick, data=st.data())
    def process_of_a_market(self, position, data):
        """Run a batch on a market, which takes its own records only."""
        position %= len(self.symbols)
        commands = data.draw(batches(len(self.symbols), max_size=6))
        statuses, _, _ = self.both_markets(position, lambda market: process(market, commands))
        for command, status in zip(commands, statuses, strict=True):
            assert status == 11 or command.instrument == position
            if command.kind == Kind.CREDIT and status == 0:
                self.account_for(None, self.symbols[position], command.price, command.quantity)

    @invariant()
    @precondition(lambda self: hasattr(self, "exchanges"))
    def agree(self):
        """Compare all that the two say of themselves, and the books rebuilt from the events of each instrument."""
        compiled, reference = self.exchanges
        assert compiled.state_hash() == reference.state_hash()
        assert compiled.last_sequence == reference.last_sequence
        assert compiled.oldest_sequence == reference.oldest_sequence
        for position, replica in enumerate(self.replicas):
            first, second = self.market(position, 0), self.market(position, 1)
            assert first.order_book.snapshot() == second.order_book.snapshot() == replica.snapshot()
            assert first.state_hash() == second.state_hash()
            assert (first.halted, first.reference_price) == (second.halted, second.reference_price)
            for account in ACCOUNTS:
                assert first.account_snapshot(account) == second.account_snapshot(account)
                assert first.open_orders(account) == second.open_orders(account)
        for exchange in self.exchanges:
            exchange.check()

    @invariant()
    @precondition(lambda self: hasattr(self, "exchanges"))
    def nothing_is_made_or_lost(self):
        """Per asset, all balances come to what was issued, and what is reserved is what the open orders need."""
        for number, exchange in enumerate(self.exchanges):
            needed = defaultdict(int)
            for position, symbol in enumerate(self.symbols):
                for account in ACCOUNTS:
                    orders = self.market(position, number).open_orders(account)
                    for asset, amount in zip(self.assets[symbol], needs(orders), strict=True):
                        needed[account, asset] += amount
            for asset in {asset for pair in self.assets.values() for asset in pair}:
                held = {account: exchange.balance(account, asset) for account in ACCOUNTS}
                total = sum(own.available + own.reserved for own in held.values() if own)
                assert total == exchange.total(asset) == self.issued[asset] <= TOP
                for account, own in held.items():
                    assert (own.reserved if own else 0) == needed[account, asset]

    @invariant()
    @precondition(lambda self: hasattr(self, "exchanges"))
    def every_order_has_one_owner(self):
        """The open orders of the accounts, put together, are the orders of the books."""
        for position in range(len(self.symbols)):
            bids, asks, _ = self.market(position, 0).order_book.snapshot()
            booked = {order.id: order for level in (*bids, *asks) for order in level.orders}
            resting = [order for _, order in self.resting(position)]
            assert len(resting) == len(booked)
            assert all(booked[order.id] == order for order in resting)


TestExchanges = Exchanges.TestCase
