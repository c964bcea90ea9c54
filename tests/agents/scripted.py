"""A market that is a script: what a strategy asks for, step by step, and what it is answered, as a table.

    orders                -> 1 bid 3 @ 98, filled 1 bid 2 @ 98
    best                  -> 99/101
    post_only bid 5 @ 98  -> rests 1
    post_only ask 5 @ 102 -> crossed_order
    until 500             -> 512

Left stands the request in words. Right of the arrow stands the answer: of orders the open ones, and what was `filled`
of a resting order or `taken` by one that came in; of best the two prices, `-` where there is none; of the tape volume
and value, with `gap` where something was missed; of an order `rests ID` or, where nothing of it does, `done ID`; of a
cancel the lots; of a wait the time in milliseconds; or the code of a refusal. `end` says that nothing more is asked.
"""

from typing import Any

from agents.requests import (
    Best,
    Cancel,
    OwnFill,
    Placed,
    ReadBest,
    ReadOrders,
    ReadTape,
    Request,
    Submit,
    Tape,
    WaitUntil,
)
from agents.strategies import Strategy
from orderbook import MatchResult, OrderBookError, OrderView, Side
from orderbook.errors import BY_NUMBER

NS_PER_MILLI = 1_000_000
REFUSALS = {cls.code: cls for cls in BY_NUMBER.values()}


class Script:
    """A strategy at work on a script, from a time on."""

    def __init__(self, strategy: Strategy, at_ms: int = 0) -> None:
        self.strategy = strategy
        self.live(at_ms)

    def live(self, at_ms: int) -> None:
        """Begin the strategy's life, or its next one after a lost connection."""
        self._life = self.strategy.live(at_ms * NS_PER_MILLI)
        self._move(None)

    def lose_connection(self, at_ms: int, *fills: str) -> None:
        """End this life where it is, tell what the orders traded until they were taken back, and begin the next."""
        self._life.close()
        for fill in fills:
            self.strategy.on_fill(_fill(fill))
        self.live(at_ms)

    def stop(self, *fills: str) -> None:
        """End the life, tell what the orders traded, and that this was all."""
        self._life.close()
        for fill in fills:
            self.strategy.on_fill(_fill(fill))
        self.strategy.finish()

    def play(self, table: str) -> None:
        """Go through a table: each request must be the one that the strategy makes."""
        for line in table.strip().splitlines():
            request, _, answer = (part.strip() for part in line.partition("->"))
            assert in_words(self.asks) == request
            if self.asks is not None:
                self._answer(self.asks, answer)

    def _answer(self, request: Request, text: str) -> None:
        if text in REFUSALS:
            self._move(REFUSALS[text](text))
            return
        if isinstance(request, ReadOrders):
            rows = [row.strip() for row in text.split(",") if row.strip() not in ("", "-")]
            for row in rows:
                if row.startswith(("filled", "taken")):
                    self.strategy.on_fill(_fill(row))
            self._move(tuple(_view(row) for row in rows if not row.startswith(("filled", "taken"))))
        else:
            self._move(ANSWERS[type(request)](text, request))

    def _move(self, answer: Any) -> None:
        """Give an answer, or raise it; keep what is asked for next."""
        self.asks: Request | None = None
        try:
            if isinstance(answer, OrderBookError):
                self.asks = self._life.throw(answer)
            else:
                self.asks = self._life.send(answer)
        except StopIteration:
            pass


def in_words(request: Request | None) -> str:
    """Return a request as it stands in a table."""
    match request:
        case None:
            return "end"
        case Submit(side, order_type, price, quantity):
            words = f"{order_type.name.lower()} {side.name.lower()} {quantity}"
            return words if price is None else f"{words} @ {price}"
        case Cancel(order_id):
            return f"cancel {order_id}"
        case WaitUntil(time_ns):
            return f"until {time_ns / NS_PER_MILLI:g}"
    return {ReadOrders: "orders", ReadBest: "best", ReadTape: "tape"}[type(request)]


def _fill(words: str) -> OwnFill:
    """Read `filled 1 bid 2 @ 98`; `taken` is a taker's."""
    kind, order_id, side, quantity, _, price = words.split()
    return OwnFill(int(order_id), Side[side.upper()], int(price), int(quantity), is_maker=kind == "filled")


def _view(words: str) -> OrderView:
    """Read `1 bid 2 @ 98`."""
    order_id, side, quantity, _, price = words.split()
    return OrderView(int(order_id), Side[side.upper()], int(price), int(quantity))


def _best(words: str, _: ReadBest) -> Best:
    bid, ask = (None if price == "-" else int(price) for price in words.split("/"))
    return Best(bid, ask)


def _placed(words: str, request: Submit) -> Placed:
    kind, order_id = words.split()
    rests = kind == "rests"
    view = OrderView(int(order_id), request.side, request.price or 0, request.quantity) if rests else None
    return Placed(int(order_id), MatchResult((), view, 0 if rests else request.quantity))


def _tape(words: str, _: ReadTape) -> Tape:
    volume, value, *gap = words.split()
    return Tape(int(volume), int(value), gaps=len(gap))


ANSWERS = {
    ReadBest: _best,
    Submit: _placed,
    ReadTape: _tape,
    Cancel: lambda words, _: int(words),
    WaitUntil: lambda words, _: int(words) * NS_PER_MILLI,
}
