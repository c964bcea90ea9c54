"""One story in two languages: commands as lines and as messages, and what is told of them in either as one line.

Whatever gRPC says is turned into what the line protocol would have said, so that the two can be compared.
"""

from dataclasses import dataclass
from typing import Any

from orderbook import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    Fill,
    MatchResult,
    OrderBookError,
    OrderType,
    OrderView,
    Rejection,
    Side,
    Trade,
)
from orderbook_wire.v1 import orderbook_pb2 as wire

from .grpc.client import TWO_MARKETS, Client
from .grpc.records import COMMAND
from .line_reference import ReferenceSequencer
from .line_words import colons, event_line, exec_line, word, words

SYMBOLS = tuple(instrument.symbol for instrument in TWO_MARKETS)
KINDS = {"NEW": 1, "CANCEL": 2, "MODIFY": 3, "CANCEL_ALL": 5}  # of COMMAND records
RPCS = {"NEW": "NewOrder", "MODIFY": "ModifyOrder", "CANCEL": "CancelOrder", "CANCEL_ALL": "CancelAll"}
TRADE_FIELDS = {"NEW": "new_order", "MODIFY": "modify_order", "CANCEL": "cancel_order", "CANCEL_ALL": "cancel_all"}
HAS_PRICE = 1  # a flag of COMMAND records


@dataclass(frozen=True)
class Command:
    """What an account asks for. `kind` is the line protocol's word; a field that the kind has no use for is ignored."""

    kind: str
    symbol: str
    account_id: int
    order_id: int = 0
    side: Side = Side.BID
    order_type: OrderType = OrderType.LIMIT
    price: int | None = None
    quantity: int = 0

    def line(self) -> str:
        """Return the command as a line; its connection must use the symbol."""
        if self.kind == "NEW":
            order = (self.order_id, self.side, self.price or 0, self.quantity, self.order_type)
            return words("NEW", self.account_id, *order)
        if self.kind == "MODIFY":
            price = () if self.price is None else (self.price,)
            return words("MODIFY", self.account_id, self.order_id, self.quantity, *price)
        return words(self.kind, self.account_id, *((self.order_id,) if self.kind == "CANCEL" else ()))

    def fields(self) -> dict[str, Any]:
        """Return the fields of the command's request."""
        fields: dict[str, Any] = {"symbol": self.symbol, "account_id": self.account_id}
        if self.kind != "CANCEL_ALL":
            fields["order_id"] = self.order_id
        if self.kind in ("NEW", "MODIFY"):
            fields |= {"price": self.price, "quantity": self.quantity}
        if self.kind == "NEW":
            fields |= {"side": self.side, "order_type": self.order_type}
        return fields

    def over_rpc(self, client: Client) -> str:
        """Call the command's RPC; return the answer as a line."""
        return self.answer_line(getattr(client, RPCS[self.kind])(**self.fields()))

    def message(self) -> wire.TradeCommand:
        """Return the command as a Trade stream takes it."""
        return wire.TradeCommand(**{TRADE_FIELDS[self.kind]: self.fields()})

    def record(self) -> bytes:
        """Return the command as a COMMAND record."""
        ids = (SYMBOLS.index(self.symbol), self.account_id, self.order_id)
        flags = 0 if self.price is None else HAS_PRICE
        kind = (KINDS[self.kind], self.side, self.order_type, flags)
        return COMMAND.pack(*kind, *ids, self.price or 0, self.quantity, 0)

    def answer_line(self, response: Any) -> str:
        """Return the answer of an RPC, or to a message of a Trade stream, as a line."""
        if isinstance(response, wire.TradeAnswer):
            response = getattr(response, TRADE_FIELDS[self.kind])
        if not response.status.ok:
            return f"ERR {response.status.error_message}"
        if self.kind == "CANCEL":
            return words("CANCELED", response.canceled_quantity)
        if self.kind == "CANCEL_ALL":
            return words("CANCELED_ALL", response.canceled_count)
        resting = order_view(response.resting) if response.HasField("resting") else None
        fills = [Fill(fill.maker_id, fill.price, fill.quantity) for fill in response.fills]
        return self._result_line(MatchResult(fills, resting, response.unfilled_quantity))

    def run(self, reference: ReferenceSequencer) -> str:
        """Carry the command out in the reference, and return the answer as a line."""
        instrument = SYMBOLS.index(self.symbol)
        try:
            if self.kind == "NEW":
                order = (self.account_id, self.order_id, self.side, self.order_type, self.price, self.quantity)
                return self._result_line(reference.submit(instrument, *order))
            if self.kind == "MODIFY":
                change = (self.account_id, self.order_id, self.quantity, self.price)
                return self._result_line(reference.run(instrument, "modify_order", *change))
            if self.kind == "CANCEL":
                return words("CANCELED", reference.run(instrument, "cancel_order", self.account_id, self.order_id))
            return words("CANCELED_ALL", reference.run(instrument, "cancel_all", self.account_id))
        except OrderBookError as error:
            return f"ERR {error.code}"

    def _result_line(self, result: MatchResult) -> str:
        return "OK" if self.kind == "MODIFY" and self.price is None else exec_line(result)


def order_view(order: Any) -> OrderView:
    """Return the order in a message as the engine has it."""
    return OrderView(order.order_id, order.side, order.price, order.quantity)


def engine_event(event: wire.EngineEvent) -> Any:
    """Return an event of StreamEvents as the engine has it."""
    head = (event.sequence, event.timestamp_ns)
    instrument = SYMBOLS.index(event.symbol)
    payload = getattr(event, event.WhichOneof("payload"))
    if isinstance(payload, wire.TradeEvent):
        orders = (payload.taker_order_id, payload.maker_order_id, payload.taker_side, payload.order_type)
        return Trade(*head, *orders, payload.price, payload.quantity, instrument)
    if isinstance(payload, wire.RejectionEvent):
        price = payload.price if payload.HasField("price") else None
        order = (payload.order_id, payload.side, payload.order_type, price, payload.quantity, payload.reason)
        return Rejection(*head, *order, instrument)
    change = getattr(payload, payload.WhichOneof("kind"))
    order = (change.order_id, change.side, change.price, change.quantity)
    if isinstance(change, wire.BookRemoved):
        return BookRemoved(*head, *order, change.reason, instrument)
    return {wire.BookAdded: BookAdded, wire.BookUpdated: BookUpdated}[type(change)](*head, *order, instrument)


def feed_line(event: Any) -> str:
    """Return an event of the engine as the feed of two instruments writes it."""
    return words(event_line(event), SYMBOLS[event.instrument])


def snapshot_line(snapshot: wire.SnapshotResponse) -> str:
    """Return a book from gRPC as the line protocol writes it."""
    levels = [
        colons(word(Side(level.side)), level.price, level.total_quantity)
        + "".join(f":{order.order_id}@{order.quantity}" for order in level.orders)
        for level in (*snapshot.bids, *snapshot.asks)
    ]
    return words("BOOKSNAP", *levels)


class Books:
    """The books of all instruments, kept by nothing but lines of the feed: {(symbol, side): {price: {id: quantity}}}.

    The order in the innermost dictionary is the queue's. A gap in the numbers is an error.
    """

    def __init__(self, sequence: int = 0) -> None:
        self.sequence = sequence
        self.sides: dict[tuple[str, str], dict[int, dict[int, int]]] = {
            (symbol, side): {} for symbol in SYMBOLS for side in "BA"
        }

    def load(self, symbol: str, snapshot: str) -> None:
        """Start from a BOOKSNAP line."""
        for level in snapshot.split()[1:]:
            side, price, _, *orders = level.split(":")
            self.sides[symbol, side][int(price)] = dict(tuple(map(int, order.split("@"))) for order in orders)

    def apply(self, line: str) -> None:
        """Take in the next line of the feed."""
        event, sequence, kind, *fields, symbol = line.split()
        assert (event, int(sequence)) == ("EVENT", self.sequence + 1)
        self.sequence += 1
        if kind not in ("BOOK_ADD", "BOOK_UPDATE", "BOOK_REMOVE"):
            return
        order_id, price, quantity = int(fields[0]), int(fields[2]), int(fields[3])
        levels = self.sides[symbol, fields[1]]
        queue = levels.setdefault(price, {})
        if kind == "BOOK_ADD":
            assert order_id not in queue
            queue[order_id] = quantity
        elif kind == "BOOK_UPDATE":
            if quantity > queue[order_id]:
                del queue[order_id]  # it goes to the end
            queue[order_id] = quantity
        else:
            assert queue.pop(order_id) == quantity
            if not queue:
                del levels[price]

    def snapshot(self, symbol: str) -> str:
        """Return a book as BOOKSNAP writes it."""
        parts = ["BOOKSNAP"]
        for side, reverse in (("B", True), ("A", False)):
            for price, queue in sorted(self.sides[symbol, side].items(), reverse=reverse):
                orders = "".join(f":{order_id}@{quantity}" for order_id, quantity in queue.items())
                parts.append(f"{side}:{price}:{sum(queue.values())}{orders}")
        return " ".join(parts)

    def orders(self) -> dict[tuple[str, int], tuple[str, int, int]]:
        """Return {(symbol, id): (side, price, quantity)} of all that rests."""
        return {
            (symbol, order_id): (side, price, quantity)
            for (symbol, side), levels in self.sides.items()
            for price, queue in levels.items()
            for order_id, quantity in queue.items()
        }
