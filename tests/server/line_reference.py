"""The line protocol of docs/tcp.md, slow and obvious: what the compiled sessions are held against.

`ReferenceSequencer` puts the commands of several sessions in one order and remembers through which of them each resting
order came. `ReferenceSession` is one connection: bytes in, bytes out, over `orderbook.reference.Exchange`.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from orderbook import OrderBookError
from orderbook.errors import SequenceGone, UnknownAccount, UnknownOrder
from orderbook.reference import Exchange

from .line_grammar import Refused, parse
from .line_words import colons, event_line, exec_line, level_word, words


class ReferenceSequencer:
    """One order of all commands over an exchange.

    `came_through` tells by (position of the instrument, id) the session and account of the last order submitted under
    that id. If an order rests under it, this is the one: while it did, another was refused, and a new price is no new
    order, whoever asked for it.
    """

    def __init__(self, exchange: Exchange, *, clock: Callable[[], int] = time.time_ns) -> None:
        self.exchange = exchange
        self.clock = clock
        self.came_through: dict[tuple[int, int], tuple[object, int]] = {}

    def open_session(self) -> object:
        """Return something that stands for a connection."""
        return object()

    def market(self, instrument: int) -> Any:
        """Return the market at a position."""
        return self.exchange.market(self.exchange.instruments[instrument].symbol)

    def run(self, instrument: int, method: str, *arguments: Any) -> Any:
        """Stamp one command and carry it out."""
        self.exchange._log.timestamp = max(self.exchange._log.timestamp, self.clock())
        return getattr(self.market(instrument), method)(*arguments)

    def submit(
        self, instrument: int, account_id: int, order_id: int, *order: Any, session: object | None = None
    ) -> Any:
        """Submit an order, and remember where it came from."""
        result = self.run(instrument, "submit", account_id, order_id, *order)
        self.came_through[instrument, order_id] = session, account_id
        return result

    def cancel_orders(self, session: object) -> int:
        """Cancel what came through a session and rests: by account, instrument, order of entry. Return how many."""
        accounts = sorted({account for owner, account in self.came_through.values() if owner is session})
        orders = [
            (instrument, account, order.id)
            for account in accounts
            for instrument in range(len(self.exchange.instruments))
            for order in self.market(instrument).open_orders(account)
            if self.came_through.get((instrument, order.id), (None,))[0] is session
        ]
        for instrument, account, order_id in orders:
            self.run(instrument, "cancel_order", account, order_id)
        return len(orders)


class ReferenceSession:
    """One connection. The arguments and attributes are those of the compiled LineSession.

    `clock` gives seconds, for the rate: a line is over it when as many were let through within the second before.
    """

    def __init__(
        self,
        sequencer: ReferenceSequencer,
        *,
        version: str,
        authenticate: Callable[[str], Any] | None = None,
        line_bytes_max: int = 1024,
        output_bytes_max: int = 262144,
        messages_per_second: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sequencer = sequencer
        self.exchange = sequencer.exchange
        self.session = sequencer.open_session()
        self.version = version
        self.authenticate = authenticate
        self.line_bytes_max = line_bytes_max
        self.output_bytes_max = output_bytes_max
        self.messages_per_second = messages_per_second
        self.clock = clock
        self.access: Any = None
        self.let_through: deque[float] = deque()  # when, the newest `messages_per_second` of them
        self.pending = b""  # came in, and was not looked at
        self.output: list[str] = []
        self.instrument = 0
        self.position: int | None = None  # the number of the last event handed out; None: no subscription
        self.cancel_on_disconnect = False
        self.lines = 0
        self.closed = ""

    @property
    def authenticated(self) -> bool:
        """Whether commands are carried out."""
        return self.authenticate is None or self.access is not None

    @property
    def subscribed(self) -> bool:
        """Whether the feed is on."""
        return self.position is not None

    @property
    def lag(self) -> int:
        """How many events the feed is behind."""
        return 0 if self.position is None else self.exchange.last_sequence - self.position

    @property
    def waiting(self) -> bool:
        """Whether there is something that `advance` would go on with."""
        return not self.closed and (self.lag > 0 or b"\n" in self.pending or self._too_long(self.pending))

    def receive(self, data: bytes) -> bytes:
        """Take what came in and return what is to be sent."""
        if not self.closed:
            self.pending += data
        return self.advance()

    def advance(self) -> bytes:
        """Go on, until nothing waits or there is output enough: events first, then the next line."""
        self.output = []
        while self.waiting and sum(map(len, self.output)) <= self.output_bytes_max:
            if self.lag:
                self._hand_out_event()
            else:
                self._take_line()
        return "".join(self.output).encode("latin-1")

    def end(self) -> int:
        """End the connection and return how many orders it took with it."""
        return self.sequencer.cancel_orders(self.session) if self.cancel_on_disconnect else 0

    def _send(self, line: str) -> None:
        self.output.append(line + "\n")

    def _close(self, reason: str) -> None:
        self._send(f"ERR {reason}")
        self.closed = reason

    def _hand_out_event(self) -> None:
        """Send the next event of the feed, or give up where it is not held."""
        assert self.position is not None
        try:
            (event,) = self.exchange.events(self.position, 1)
        except SequenceGone:
            self._close("slow_consumer")
            return
        several = len(self.exchange.instruments) > 1
        symbol = (self.exchange.instruments[event.instrument].symbol,) if several else ()
        self._send(words(event_line(event), *symbol))
        self.position = event.sequence

    def _too_long(self, line: bytes) -> bool:
        """Tell whether the first line is too long, be it all there or not; its end does not count."""
        content = line.split(b"\n")[0]
        return len(content) - content.endswith(b"\r") > self.line_bytes_max

    def _take_line(self) -> None:
        """Answer the next line."""
        if self._too_long(self.pending):
            self._close("line_too_long")
            return
        line, self.pending = self.pending.split(b"\n", 1)
        self.lines += 1
        try:
            self._send(self._answer(line.removesuffix(b"\r")))
        except Refused as refused:
            self._send(f"ERR {refused}")
        except OrderBookError as error:
            self._send(f"ERR {error.code}")

    def _answer(self, line: bytes) -> str:
        """Return the answer to a line: fields, then rate, authorisation, and the engine."""
        name, arguments = parse(line)
        self._require_rate()
        self._authorise(name, arguments)
        return getattr(self, f"_do_{name.lower()}")(*arguments)

    def _require_rate(self) -> None:
        """Let a line through, unless there were enough in the last second."""
        if not self.messages_per_second:
            return
        now = self.clock()
        while self.let_through and self.let_through[0] <= now - 1:
            self.let_through.popleft()
        if len(self.let_through) >= self.messages_per_second:
            raise Refused("rate_limited")
        self.let_through.append(now)

    def _authorise(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what the token does not allow; the account, where there is one, is the first argument."""
        if self.authenticate is None or name == "AUTH":
            return
        if self.access is None:
            raise Refused("unauthenticated")
        allowed = True
        if name in ("CREDIT", "DEBIT"):
            allowed = self.access.may_credit()
        elif name in ("NEW", "MODIFY", "CANCEL", "CANCEL_ALL"):
            allowed = self.access.may_trade(arguments[0])
        elif name == "BALANCE":
            allowed = self.access.may_read(arguments[0])
        if not allowed:
            raise Refused("permission_denied")

    def _market(self) -> Any:
        return self.sequencer.market(self.instrument)

    def _run(self, method: str, *arguments: Any) -> Any:
        return self.sequencer.run(self.instrument, method, *arguments)

    def _do_new(self, account_id: int, order_id: int, side: int, price: int, quantity: int, order_type: int) -> str:
        order = (account_id, order_id, side, order_type, price, quantity)
        return exec_line(self.sequencer.submit(self.instrument, *order, session=self.session))

    def _do_modify(self, account_id: int, order_id: int, quantity: int, price: int | None) -> str:
        result = self._run("modify_order", account_id, order_id, quantity, price)
        return "OK" if price is None else exec_line(result)

    def _do_cancel(self, account_id: int, order_id: int) -> str:
        return words("CANCELED", self._run("cancel_order", account_id, order_id))

    def _do_cancel_all(self, account_id: int) -> str:
        return words("CANCELED_ALL", self._run("cancel_all", account_id))

    def _do_snapshot(self, side: int | None, price: int) -> str:
        book = self._market().order_book
        if side is not None:
            orders = book.level_orders(side, price) or ()
            return words("SNAP", side, price, *(colons(order.id, order.quantity) for order in orders))
        bids, asks = tuple(book.snapshot())[:2]
        return words("BOOKSNAP", *map(level_word, bids), *map(level_word, asks))

    def _do_depth(self, levels: int) -> str:
        bids, asks = self._market().order_book.depth(levels)
        return words("DEPTH", *(colons("B", *level) for level in bids), *(colons("A", *level) for level in asks))

    def _do_order(self, order_id: int) -> str:
        order = self._market().order_book.order(order_id)
        if order is None:
            raise UnknownOrder
        return words("ORDER", *order)

    def _do_credit(self, account_id: int, base: int, quote: int) -> str:
        self._run("credit_account", account_id, base, quote)
        return self._do_balance(account_id)

    def _do_debit(self, account_id: int, base: int, quote: int) -> str:
        self._run("debit_account", account_id, base, quote)
        return self._do_balance(account_id)

    def _do_balance(self, account_id: int) -> str:
        held = self._market().account_snapshot(account_id)
        if held is None:
            raise UnknownAccount
        return words("BAL", account_id, *held)

    def _do_feed(self, mode: bool, sequence: int | None) -> str:
        """Turn the feed off or on; on again changes nothing, but a sequence goes to another place."""
        if sequence is not None:
            self.exchange.events(sequence, 0)
            self.position = sequence
        elif not mode:
            self.position = None
        elif self.position is None:
            self.position = self.exchange.last_sequence
        return "SUBSCRIBED" if mode else "UNSUBSCRIBED"

    def _do_use(self, symbol: bytes) -> str:
        symbols = [instrument.symbol.encode() for instrument in self.exchange.instruments]
        if symbol not in symbols:
            raise Refused("unknown_symbol")
        self.instrument = symbols.index(symbol)
        return "OK"

    def _do_instruments(self) -> str:
        return words("INSTRUMENTS", *(colons(i.symbol, i.base, i.quote) for i in self.exchange.instruments))

    def _do_cancel_on_disconnect(self, mode: bool) -> str:
        self.cancel_on_disconnect = mode
        return "OK"

    def _do_auth(self, token: bytes) -> str:
        """Take the token's access; one that is not known leaves what there was. Without tokens all is well."""
        if self.authenticate is not None:
            access = self.authenticate(token.decode("ascii")) if token.isascii() else None
            if access is None:
                raise Refused("unauthenticated")
            self.access = access
        return "OK"

    def _do_ping(self) -> str:
        return words("PONG", self.exchange.last_sequence)

    def _do_version(self) -> str:
        return words("VERSION", self.version)

    def _do_quit(self) -> str:
        self.closed = "quit"
        return "BYE"
