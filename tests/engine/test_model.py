"""The compiled engine and the oracle side by side, driven by Hypothesis, compared in everything after every command."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import orderbook
import orderbook.reference
from orderbook import Side

from .helpers import BID, TOP, outcome, process
from .replica import Replica
from .strategies import batches, ids, makers, maybe_prices, order_types, prices, quantities, sides

some_caps = st.fixed_dictionaries({}, optional={"max_orders": st.integers(1, 9), "max_levels": st.integers(1, 5)})
caps = st.one_of(st.just({}), st.just({}), some_caps)


def answers(book, order_id, side, price, quantity):
    """Return what a book says to every question about it."""
    return (
        len(book),
        book.total_orders(),
        book.best_bid(),
        book.best_ask(),
        book.depth(),
        book.depth(2),
        book.snapshot(),
        book.state_hash(),
        book.order(order_id),
        order_id in book,
        book.best_order(side),
        book.total_quantity(side),
        book.available_quantity(side),
        book.available_quantity(side, price),
        book.market_order_cost(side, quantity),
        book.level_total_quantity(side, price),
        book.level_orders(side, price),
    )


def assert_consistent(book):
    """Check that what a book says in one way agrees with what it says in another."""
    snapshot = book.snapshot()
    for side, levels, depth in zip(Side, (snapshot.bids, snapshot.asks), book.depth(), strict=True):
        sums = [(level.price, sum(order.quantity for order in level.orders), len(level.orders)) for level in levels]
        assert [tuple(level) for level in depth] == sums
        assert [level.total_quantity for level in levels] == [total for _, total, _ in sums]
        assert book.total_quantity(side) == sum(total for _, total, _ in sums)
        best = book.best_bid() if side is BID else book.best_ask()
        assert best == (sums[0][:2] if sums else None)
        assert [level.price for level in levels] == sorted({p for p, _, _ in sums}, reverse=side is BID)
        assert book.best_order(side) == (levels[0].orders[0] if levels else None)


class Engines(RuleBasedStateMachine):
    """Every command goes to both engines; results or errors, events and books must agree."""

    @initialize(caps=caps, adds=st.lists(st.tuples(ids, sides, prices, quantities), max_size=3))
    def start(self, caps, adds):
        """Begin with books that may hold something already."""
        books = [api.OrderBook(**caps) for api in (orderbook, orderbook.reference)]
        for add in adds:
            first, second = (outcome(lambda book=book, add=add: book.add_order(*add)) for book in books)
            assert first == second
        self.engines = [orderbook.MatchingEngine(books[0]), orderbook.reference.MatchingEngine(books[1])]
        self.replica = Replica(books[0].snapshot())

    def both(self, call):
        """Run a command on both engines and compare all that it did."""
        first, second = (outcome(lambda engine=engine: call(engine)) for engine in self.engines)
        assert first == second
        compiled, reference = self.engines
        events = compiled.events(self.replica.sequence)
        assert events == reference.events(self.replica.sequence)
        for event in events:
            self.replica.apply(event)

    @rule(commands=st.lists(makers, min_size=1, max_size=12))
    def rest_several(self, commands):
        """Fill the book, so that the other commands find queues."""
        self.both(lambda engine: process(engine, commands))

    @rule(order_id=ids, side=sides, order_type=order_types, price=maybe_prices, quantity=quantities)
    def submit(self, order_id, side, order_type, price, quantity):
        self.both(lambda engine: engine.submit(order_id, side, order_type, price, quantity))

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def submit_limit(self, order_id, side, price, quantity):
        self.both(lambda engine: engine.submit_limit(order_id, side, price, quantity))

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def submit_post_only(self, order_id, side, price, quantity):
        self.both(lambda engine: engine.submit_post_only(order_id, side, price, quantity))

    @rule(order_id=ids, side=sides, quantity=quantities)
    def submit_market(self, order_id, side, quantity):
        self.both(lambda engine: engine.submit_market(order_id, side, quantity))

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def submit_immediate_or_cancel(self, order_id, side, price, quantity):
        self.both(lambda engine: engine.submit_immediate_or_cancel(order_id, side, price, quantity))

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def submit_fill_or_kill(self, order_id, side, price, quantity):
        self.both(lambda engine: engine.submit_fill_or_kill(order_id, side, price, quantity))

    @rule(order_id=ids, quantity=quantities, price=st.one_of(st.none(), prices))
    def modify_order(self, order_id, quantity, price):
        self.both(lambda engine: engine.modify_order(order_id, quantity, price))

    @rule(order_id=ids)
    def cancel_order(self, order_id):
        self.both(lambda engine: engine.cancel_order(order_id))

    @rule(commands=batches(max_size=8))
    def process(self, commands):
        self.both(lambda engine: process(engine, commands))

    @rule(data=st.data(), quantity=quantities, price=st.one_of(st.none(), prices))
    @precondition(lambda self: len(self.engines[0].order_book))
    def modify_a_resting_order(self, data, quantity, price):
        """Modify one that is there for certain."""
        order = data.draw(st.sampled_from(self.resting()))
        self.both(lambda engine: engine.modify_order(order.id, quantity, price))

    @rule(data=st.data())
    @precondition(lambda self: len(self.engines[0].order_book))
    def cancel_a_resting_order(self, data):
        """Cancel one that is there for certain."""
        order = data.draw(st.sampled_from(self.resting()))
        self.both(lambda engine: engine.cancel_order(order.id))

    @rule(data=st.data(), order_id=ids, order_type=order_types, more=st.integers(-2, 2))
    @precondition(lambda self: len(self.engines[0].order_book))
    def hit_a_resting_order(self, data, order_id, order_type, more):
        """Trade at exactly the price of a resting order, for its quantity or a little more or less."""
        order = data.draw(st.sampled_from(self.resting()))
        side, quantity = Side(3 - order.side), min(max(0, order.quantity + more), TOP)
        self.both(lambda engine: engine.submit(order_id, side, order_type, order.price, quantity))

    def resting(self):
        snapshot = self.engines[1].order_book.snapshot()
        return [order for level in snapshot.bids + snapshot.asks for order in level.orders]

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def ask_everything(self, order_id, side, price, quantity):
        compiled, reference = (answers(engine.order_book, order_id, side, price, quantity) for engine in self.engines)
        assert compiled == reference

    @invariant()
    @precondition(lambda self: hasattr(self, "engines"))
    def agree(self):
        """Compare books, numbers and hashes, the book rebuilt from events, and what each engine knows of itself."""
        compiled, reference = self.engines
        snapshot = compiled.order_book.snapshot()
        assert snapshot == reference.order_book.snapshot() == self.replica.snapshot()
        assert compiled.order_book.depth() == reference.order_book.depth()
        assert compiled.state_hash() == compiled.order_book.state_hash() == reference.state_hash()
        assert compiled.last_sequence == reference.last_sequence == snapshot.sequence
        assert compiled.oldest_sequence == reference.oldest_sequence
        for engine in self.engines:
            assert_consistent(engine.order_book)
            engine.check()
            engine.order_book.check()


class Books(RuleBasedStateMachine):
    """Books on their own, also crossed ones."""

    @initialize(caps=caps, allow_crossed=st.booleans())
    def start(self, caps, allow_crossed):
        self.books = [api.OrderBook(allow_crossed=allow_crossed, **caps) for api in (orderbook, orderbook.reference)]

    def both(self, call):
        first, second = (outcome(lambda book=book: call(book)) for book in self.books)
        assert first == second

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def add_order(self, order_id, side, price, quantity):
        self.both(lambda book: book.add_order(order_id, side, price, quantity))

    @rule(order_id=ids, quantity=quantities)
    def update_order_quantity(self, order_id, quantity):
        self.both(lambda book: book.update_order_quantity(order_id, quantity))

    @rule(order_id=ids)
    def cancel(self, order_id):
        self.both(lambda book: book.cancel(order_id))

    @rule(order_id=ids, side=sides, price=prices, quantity=quantities)
    def ask_everything(self, order_id, side, price, quantity):
        self.both(lambda book: answers(book, order_id, side, price, quantity))

    @invariant()
    @precondition(lambda self: hasattr(self, "books"))
    def agree(self):
        compiled, reference = self.books
        assert compiled.snapshot() == reference.snapshot()
        assert compiled.state_hash() == reference.state_hash()
        for book in self.books:
            assert_consistent(book)
            book.check()


TestEngines = Engines.TestCase
TestBooks = Books.TestCase
