"""The page's feed: what a client may say, and the messages that it is told (docs/web.md, "The feed").

Integers of 64 bits are strings of digits: numbers of JavaScript hold 53 bits. Messages are put together as text, as
there may be thousands of levels, trades and bars in them; feed_rows.pyx does that for most.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orderbook_server.protocol.feed_rows import level_rows, trade_rows

CLIENT_BYTES_MAX = 4096
NONCE_MAX = 64  # characters

Level = tuple[int, int, int]
Trade = tuple[int, int, int, int, bool]
Bar = tuple[int, int, int, int, int, int, int]


class InvalidMessage(ValueError):
    """What a client sent is no message of the protocol."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Ask for a snapshot of an instrument, "" being the first, and for what comes after it."""

    symbol: str
    token: str | None


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Ask for nothing any more."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for an answer."""

    nonce: str


def parse(text: str) -> Subscribe | Unsubscribe | Ping:
    """Return a client's message; raise InvalidMessage saying what is wrong with it."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidMessage("not JSON") from None
    if not isinstance(message, dict):
        raise InvalidMessage("not an object")
    kind = message.pop("type", None)
    fields = {name: text_of(message, name) for name in message}
    if kind == "subscribe" and fields.keys() <= {"symbol", "token"}:
        return Subscribe(fields.get("symbol") or "", fields.get("token"))
    if kind == "unsubscribe" and not fields:
        return Unsubscribe()
    if kind == "ping" and fields.keys() <= {"nonce"}:
        nonce = fields.get("nonce") or ""
        if len(nonce) > NONCE_MAX:
            raise InvalidMessage(f"nonce is longer than {NONCE_MAX} characters")
        return Ping(nonce)
    if kind in ("subscribe", "unsubscribe", "ping"):
        raise InvalidMessage(f"{kind} has a field that it does not know: {sorted(fields)!r}"[:100])
    raise InvalidMessage("type must be subscribe, unsubscribe or ping")


def text_of(message: dict[str, object], name: str) -> str | None:
    """Return a field that is a string, or null."""
    value = message[name]
    if value is not None and not isinstance(value, str):
        raise InvalidMessage(f"{name[:64]!r} must be a string")  # quoted: it may be no Unicode, or more than a line
    return value


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a market. events: of the exchange; trades, volume: since it began; the others: of the book now."""

    events: int
    trades: int
    volume: int
    bid_levels: int
    ask_levels: int
    orders: int

    def text(self) -> str:
        """Return it as JSON."""
        return (
            f'{{"events":"{self.events}","trades":"{self.trades}","volume":"{self.volume}",'
            f'"bid_levels":{self.bid_levels},"ask_levels":{self.ask_levels},"orders":{self.orders}}}'
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """What snapshots and updates begin and end with: whose they are, up to which event, when, and the sums."""

    symbol: str
    sequence: int
    time_ns: int
    halted: bool
    totals: Totals

    def text(self) -> str:
        """Return it as members of a JSON object."""
        return (
            f'"symbol":{json.dumps(self.symbol)},"sequence":"{self.sequence}","time_ns":"{self.time_ns}",'
            f'"halted":{"true" if self.halted else "false"},"totals":{self.totals.text()}'
        )


class BarTexts:
    """The bars of a market as text. An hour of them takes milliseconds: each that is over is written once."""

    def __init__(self) -> None:
        self._over: dict[int, str] = {}  # by second

    def rows(self, bars: Sequence[Bar]) -> str:
        """Return a JSON array. bars: the newest; the last of them may not be over."""
        known = self._over
        self._over = {bar[0]: known.get(bar[0]) or bar_text(bar) for bar in bars[:-1]}
        return rows([*self._over.values(), *map(bar_text, bars[-1:])])


def snapshot(moment: Moment, bids: list[Level], asks: list[Level], trades: list[Trade], bars: str) -> str:
    """Return a market as it is; bars: what BarTexts makes of them."""
    return f'{{"type":"snapshot",{moment.text()},{books(bids, asks)},"trades":{trade_rows(trades)},"bars":{bars}}}'


def update(
    moment: Moment,
    after: int,
    bids: list[Level],
    asks: list[Level],
    trades: list[Trade],
    skipped: int,
    bars: Iterable[Bar],
) -> str:
    """Return what has changed in a market since event `after`; skipped: trades that are not among `trades`."""
    return (
        f'{{"type":"update","after":"{after}",{moment.text()},{books(bids, asks)},'
        f'"trades":{trade_rows(trades)},"skipped_trades":{skipped},"bars":{rows(map(bar_text, bars))}}}'
    )


def books(bids: list[Level], asks: list[Level]) -> str:
    """Return levels of both sides as members of a JSON object."""
    return f'"bids":{level_rows(bids)},"asks":{level_rows(asks)}'


def rows(texts: Iterable[str]) -> str:
    """Return a JSON array."""
    return f"[{','.join(texts)}]"


def bar_text(bar: Bar) -> str:
    """Return [second, open, high, low, close, volume, trades]."""
    second, first, high, low, last, volume, trades = bar
    return f'[{second},"{first}","{high}","{low}","{last}","{volume}",{trades}]'


def pong(nonce: str, sequence: int, time_ns: int) -> str:
    """Return the answer to a ping."""
    return f'{{"type":"pong","nonce":{json.dumps(nonce)},"sequence":"{sequence}","time_ns":"{time_ns}"}}'


def error(code: str, message: str) -> str:
    """Return a refusal after which the connection stays open."""
    return f'{{"type":"error","code":{json.dumps(code)},"message":{json.dumps(message)}}}'
