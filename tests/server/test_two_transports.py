"""Two transports over one exchange: clients of both trade with each other, and whoever listens hears one story."""

import itertools
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random

import pytest

from orderbook import BookRemoved, OrderType, RemoveReason, SelfTradePrevention, Side, Trade
from orderbook.errors import BY_NUMBER
from orderbook.reference import Exchange as ReferenceExchange
from orderbook_wire.v1 import orderbook_pb2 as wire

from .grpc.client import TWO_MARKETS
from .grpc.records import unfilled
from .line_reference import ReferenceSequencer
from .running import eventually
from .two_languages import SYMBOLS, Books, Command, feed_line, snapshot_line
from .whole import ACCOUNTS, BASE, QUOTE, LineFollower, RpcFollower, account_story, whole_server

BTC, ETH = SYMBOLS
REFUSALS = (
    "unknown_order",
    "account_mismatch",
    "duplicate_order",
    "crossed_order",
    "invalid_quantity",
    "insufficient_base",
    "insufficient_quote",
)
IDS_PER_ACCOUNT = 12
MARKETS = (TWO_MARKETS[0], replace(TWO_MARKETS[1], self_trade_prevention=SelfTradePrevention.CANCEL_OLDEST))


def owner(order_id):
    """Return whose order it is: clients take ids of their account alone, but name those of others too."""
    return order_id // IDS_PER_ACCOUNT


def random_command(random, symbol, account_id):
    """Return what an account may ask for; much of it trades, some is refused."""
    (kind,) = random.choices(("NEW", "MODIFY", "CANCEL", "CANCEL_ALL"), (60, 20, 18, 2))
    someone = account_id if kind == "NEW" or random.random() < 0.95 else random.choice(ACCOUNTS)
    order_type = random.choices(list(OrderType), (10, 50, 15, 10, 15))[0] if kind == "NEW" else OrderType.LIMIT
    side = random.choice((Side.BID, Side.ASK))
    priced = order_type != OrderType.MARKET and (kind != "MODIFY" or random.random() < 0.6)
    return Command(
        kind,
        symbol,
        account_id,
        order_id=someone * IDS_PER_ACCOUNT + random.randrange(IDS_PER_ACCOUNT),
        side=side,
        order_type=order_type,
        price=random.randrange(90, 103) + (7 if side == Side.ASK else 0) if priced else None,
        quantity=random.choice((0, 1, 2, 3, 5, 8, 13)),
    )


def reference_sequencer(clock):
    """Return the oracle of a whole server, in which all accounts have what they have there."""
    reference = ReferenceSequencer(ReferenceExchange(MARKETS, event_capacity=1 << 16), clock=clock)
    for account_id, instrument in itertools.product(ACCOUNTS, range(len(MARKETS))):
        reference.run(instrument, "credit_account", account_id, BASE, QUOTE)
    return reference


def as_public(event):
    """Return an event of the engine as the feed has it, which does not tell self-trade prevention apart."""
    if isinstance(event, BookRemoved) and event.reason == RemoveReason.SELF_TRADE:
        *fields, _ = event
        return BookRemoved(*fields, RemoveReason.CANCELED, event.instrument)
    return event


def test_both_tell_the_same_story():
    """One client's turn after the other, so that the order is known, and all is compared after each."""
    random = Random(1)
    with whole_server(MARKETS) as whole:
        reference = reference_sequencer(lambda: 0)
        from_start = [LineFollower(whole, 0), RpcFollower(whole, 0)]
        restless = [LineFollower(whole, 0), RpcFollower(whole, 0)]
        late = []
        lines = {symbol: whole.line_client(symbol) for symbol in SYMBOLS}
        caller = whole.rpc_client()
        stream = whole.rpc_client().trade()
        words = set()
        for step in range(300):
            symbol = random.choice(SYMBOLS)
            commands = [random_command(random, symbol, random.choice(ACCOUNTS)) for _ in range(random.randrange(1, 6))]
            way = random.choice(("lines", "call", "stream"))
            if way == "lines":
                lines[symbol].send(*(command.line() for command in commands))
                answers = [lines[symbol].line() for _ in commands]
            elif way == "call":
                answers = [command.over_rpc(caller) for command in commands]
            else:
                told = stream.ask(commands=[command.message() for command in commands]).answers
                answers = [command.answer_line(answer) for command, answer in zip(commands, told, strict=True)]
            assert answers == [command.run(reference) for command in commands], (way, commands)
            words.update(answer if answer.startswith("ERR") else answer.split()[0] for answer in answers)
            for follower in from_start:
                follower.compare()
            if step == 150:
                late = [late_line_follower(whole), late_rpc_follower(whole)]
            if step % 40 == 7:
                for follower in restless:
                    follower.come_back()
            if step % 10 == 0:
                for follower in (*restless, *late):
                    follower.compare()
        last = whole.exchange.last_sequence
        for follower in (*restless, *late):
            follower.read_to(last)
        assert_one_story(whole, from_start, restless, late)
        assert_accounts_agree(whole, caller, lines)
        assert whole.state_hash() == reference.exchange.state_hash()
        assert words == {"EXEC", "OK", "CANCELED", "CANCELED_ALL", *(f"ERR {code}" for code in REFUSALS)}


def late_line_follower(whole):
    """Join over TCP in the middle: with the books as they are, and the events behind them."""
    client = whole.line_client()
    books = Books(int(client.ask("P").removeprefix("PONG ")))
    for symbol in SYMBOLS:
        assert client.ask(f"U {symbol}") == "OK"
        books.load(symbol, client.ask("S"))
    follower = LineFollower(whole, books.sequence)
    follower.books = books
    return follower


def late_rpc_follower(whole):
    """Join over gRPC in the middle."""
    client = whole.rpc_client()
    snapshots = [client.Snapshot(symbol=symbol) for symbol in SYMBOLS]
    follower = RpcFollower(whole, snapshots[0].sequence)
    for symbol, snapshot in zip(SYMBOLS, snapshots, strict=True):
        assert snapshot.sequence == follower.books.sequence
        follower.books.load(symbol, snapshot_line(snapshot))
    return follower


def assert_one_story(whole, from_start, restless, late):
    """All followers heard what the engine tells, each from where it began; gRPC with its times."""
    events = [as_public(event) for event in whole.events()]
    lines = [feed_line(event) for event in events]
    assert len({type(event) for event in events}) == 5, "all kinds of events came about"
    for of_lines, of_rpc in (from_start, restless, late):
        assert of_lines.lines == of_rpc.lines
        assert of_rpc.lines == lines[-len(of_rpc.lines) :]
        assert [(event, event.timestamp, event.instrument) for event in of_rpc.events] == [
            (event, event.timestamp, event.instrument) for event in events[-len(of_rpc.events) :]
        ]
        assert of_lines.books.sides == of_rpc.books.sides == from_start[0].books.sides
    for follower in (*from_start, *restless):
        assert len(follower.lines) == len(lines)
    assert 0 < len(late[0].lines) < len(lines)


def assert_accounts_agree(whole, caller, lines):
    """What each account is told is what the public story says of its orders; both transports know its balances."""
    fills = public_fills(whole.events())
    resting = LineFollower(whole, 0)
    resting.compare()
    for account_id in ACCOUNTS:
        story = account_story(whole, caller, account_id)
        assert [fill_of(event) for event in story if event.HasField("filled")] == fills[account_id]
        assert any(event.HasField("filled") for event in story)
        assert open_orders(story) == {
            key: order for key, order in resting.books.orders().items() if owner(key[1]) == account_id
        }
        for symbol in SYMBOLS:
            balance = caller.GetBalance(account_id=account_id, symbol=symbol).balance
            numbers = (balance.available_base, balance.reserved_base, balance.available_quote, balance.reserved_quote)
            assert lines[symbol].ask(f"B {account_id}") == " ".join(map(str, ("BAL", account_id, *numbers)))
            listed = caller.ListOpenOrders(account_id=account_id, symbol=symbol)
            assert {order.order_id for order in listed.orders} == {
                order_id for at, order_id in open_orders(story) if at == symbol
            }


def public_fills(events):
    """Return {account: fills} as the trades of the feed imply them, in fill_of's form; a maker's comes first."""
    fills = defaultdict(list)
    for trade in (event for event in events if isinstance(event, Trade)):
        symbol = SYMBOLS[trade.instrument]
        maker_side = Side.ASK if trade.taker_side == Side.BID else Side.BID
        orders = [(trade.maker_order_id, trade.taker_order_id), (trade.taker_order_id, trade.maker_order_id)]
        ways = [(maker_side, wire.LIQUIDITY_MAKER), (trade.taker_side, wire.LIQUIDITY_TAKER)]
        for (order_id, counter), way in zip(orders, ways, strict=True):
            fill = (trade.timestamp, symbol, order_id, *way, counter, trade.price, trade.quantity)
            fills[owner(order_id)].append(fill)
    return fills


def fill_of(event):
    """Return what an account is told of a fill, but for what stays open."""
    fill = event.filled
    order = (event.timestamp_ns, event.symbol, event.order_id, fill.side, fill.liquidity)
    return (*order, fill.counter_order_id, fill.price, fill.quantity)


def open_orders(story):
    """Return {(symbol, id): (side, price, quantity)} of what an account's own events leave open."""
    orders = {}
    for event in story:
        key = event.symbol, event.order_id
        if event.HasField("accepted"):
            accepted = event.accepted
            orders[key] = ("B" if accepted.side == wire.SIDE_BID else "A", accepted.price, accepted.quantity)
        elif not event.HasField("refused"):
            told = getattr(event, event.WhichOneof("kind"))
            side, price, before = orders.pop(key)
            assert told.open_quantity == before - told.quantity
            if told.open_quantity:
                orders[key] = (side, price, told.open_quantity)
    return orders


class Trader:
    """An account that trades on its own, and remembers what it asked for; `answers`: lines."""

    def __init__(self, whole, account_id, count=400):
        random = Random(account_id)
        self.account_id = account_id
        self.commands = [random_command(random, random.choice(SYMBOLS), account_id) for _ in range(count)]
        self.answers = []
        self.whole = whole

    def packets(self, size):
        return [self.commands[start : start + size] for start in range(0, len(self.commands), size)]

    def over_tcp(self):
        """Send packets of lines, and change instruments as they need it."""
        client = self.whole.line_client()
        for packet in self.packets(10):
            client.send(*(line for command in packet for line in (f"U {command.symbol}", command.line())))
            for _ in packet:
                assert client.line() == "OK"
                self.answers.append(client.line())

    def over_rpc(self):
        client = self.whole.rpc_client()
        self.answers = [command.over_rpc(client) for command in self.commands]

    def over_messages(self):
        stream = self.whole.rpc_client().trade()
        for packet in self.packets(10):
            told = stream.ask(commands=[command.message() for command in packet]).answers
            self.answers += [command.answer_line(answer) for command, answer in zip(packet, told, strict=True)]

    def over_records(self):
        """Send batches of records; what is answered is a number and a status, which make a line for CANCEL_ALL."""
        stream = self.whole.rpc_client().trade()
        for packet in self.packets(10):
            result = stream.ask(records=b"".join(command.record() for command in packet)).result
            for number, status in zip(unfilled(result), result.status, strict=True):
                self.answers.append(f"ERR {BY_NUMBER[status].code}" if status else f"DONE {number}")

    def in_order(self, story):
        """Return (number, time, command, answer) of each command, as the account's own events tell when it came.

        Each is told of once at least, and first by being accepted, refused, or what it cancels; save a CANCEL_ALL that
        finds nothing, which changes nothing either.
        """
        begins = [event for event in story if begins_a_command(event)]
        commands = []
        for command, answer in zip(self.commands, self.answers, strict=True):
            count = int(answer.split()[1]) if command.kind == "CANCEL_ALL" and "ERR" not in answer else 1
            told, begins = begins[:count], begins[count:]
            assert command.kind == "CANCEL_ALL" or told[0].order_id == command.order_id
            if told:
                commands.append((told[0].sequence, told[0].timestamp_ns, command, answer))
        assert not begins
        return commands


def begins_a_command(event):
    requested = event.HasField("canceled") and event.canceled.reason == wire.CANCEL_REASON_REQUESTED
    return requested or event.HasField("accepted") or event.HasField("refused")


def test_all_at_once():
    """Four clients in four ways at the same time. The order is known only from what the accounts are told."""
    with whole_server(MARKETS) as whole:
        watchers = [LineFollower(whole, 0), RpcFollower(whole, 0)]
        traders = [Trader(whole, account_id) for account_id in ACCOUNTS]
        ways = (Trader.over_tcp, Trader.over_rpc, Trader.over_messages, Trader.over_records)
        with ThreadPoolExecutor(8) as pool:
            trading = [pool.submit(way, trader) for way, trader in zip(ways, traders, strict=True)]
            watching = [pool.submit(watch, watcher, trading) for watcher in watchers]
            for future in (*trading, *watching):
                future.result()
        caller = whole.rpc_client()
        stories = [account_story(whole, caller, trader.account_id) for trader in traders]
        told = [entry for trader, story in zip(traders, stories, strict=True) for entry in trader.in_order(story)]
        times = [0]
        reference = reference_sequencer(lambda: times[-1])
        for _, time, command, answer in sorted(told, key=lambda entry: entry[0]):
            times.append(time)
            expected = command.run(reference)
            if command.account_id == ACCOUNTS[-1] and "ERR" not in expected:  # a record's answer is but a number
                expected = f"DONE {expected.split()[1]}" if " " in expected else "DONE 0"
            assert answer == expected
        assert whole.state_hash() == reference.exchange.state_hash()
        events = whole.events()
        assert events == reference.exchange.events()
        for watcher in watchers:
            watcher.read_to(events[-1].sequence)
            assert watcher.lines == [feed_line(as_public(event)) for event in events]
        assert len(traders) == len({owner(event.taker_order_id) for event in events if isinstance(event, Trade)})


def watch(follower, trading):
    """Compare snapshots with events while others trade."""
    while not all(future.done() for future in trading):
        follower.compare()


def test_what_a_tcp_connection_leaves_behind_is_cancelled_for_all_to_see():
    with whole_server() as whole:
        leaver, caller = whole.line_client(ETH), whole.rpc_client()
        assert leaver.ask("D") == "OK"
        assert leaver.ask("N 1 1 B 100 5") == "EXEC 0 REST 1 B 100 5"
        assert caller.ask(2, 100, 2, account_id=2, symbol=ETH).fills[0].maker_id == 1
        public, private = caller.StreamEvents(), caller.StreamAccountEvents(account_id=1)
        leaver.reset()
        event = next(public)
        assert (event.symbol, event.book.removed) == (
            ETH,
            wire.BookRemoved(
                order_id=1, side=wire.SIDE_BID, price=100, quantity=3, reason=wire.BOOK_REMOVE_REASON_CANCELED
            ),
        )
        told = next(private)
        assert (told.timestamp_ns, told.symbol, told.order_id) == (event.timestamp_ns, ETH, 1)
        assert told.canceled == wire.OrderCanceled(
            side=wire.SIDE_BID, price=100, quantity=3, reason=wire.CANCEL_REASON_REQUESTED
        )
        assert not caller.Snapshot(symbol=ETH).bids


@pytest.mark.parametrize("end", ["finish", "cancel", "vanish"])
def test_what_a_trade_stream_leaves_behind_is_cancelled_for_all_to_see(end):
    with whole_server() as whole:
        leaver, watcher = whole.rpc_client(), whole.line_client()
        stream = leaver.trade()
        order = Command("NEW", BTC, 1, 1, Side.ASK, OrderType.POST_ONLY, 100, 5)
        options = wire.TradeOptions(cancel_on_disconnect=True)
        stream.ask(options=options, commands=[order.message()])
        assert watcher.ask("N 2 2 B 100 2") == "EXEC 0 FILL 1 100 2"
        assert watcher.ask("F") == "SUBSCRIBED"
        {"finish": stream.finish, "cancel": stream.call.cancel, "vanish": leaver.channel.close}[end]()
        assert watcher.line() == "EVENT 4 BOOK_REMOVE 1 A 100 3 CANCELED BTC-USD"
        assert watcher.ask("S") == "BOOKSNAP"
        assert watcher.ask("B 1") == f"BAL 1 {BASE - 2} 0 {2 * QUOTE + 200} 0"


def test_orders_stay_where_nobody_asked_for_their_end():
    """A cancel-on-disconnect takes what came through that connection alone, whoever's account it is."""
    with whole_server() as whole:
        leaver, stayer, caller = whole.line_client(), whole.line_client(), whole.rpc_client()
        assert leaver.ask("D") == "OK"
        assert leaver.ask("N 1 1 B 90 1") == "EXEC 0 REST 1 B 90 1"
        assert stayer.ask("N 1 2 B 91 1") == "EXEC 0 REST 2 B 91 1"
        caller.bid(3, 92, 1)
        caller.ModifyOrder(order_id=1, account_id=1, quantity=1, price=93)
        leaver.close()
        eventually(lambda: len(caller.ListOpenOrders(account_id=1).orders) == 2)
        assert stayer.ask("S") == "BOOKSNAP B:92:1:3@1 B:91:1:2@1"
