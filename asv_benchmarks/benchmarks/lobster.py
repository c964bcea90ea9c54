"""A LOBSTER message file of any length: what an exchange would report of generated flow, from the engine's events."""

from collections.abc import Iterator
from pathlib import Path

import numpy

import orderbook
from obctl.flow.generate import Generator
from orderbook import BookAdded, BookRemoved, BookUpdated, MatchingEngine, RemoveReason, Side, Trade

from .flows import SEED

OPENING_NS = 34_200 * 10**9  # half past nine, since midnight
NEW, PARTIAL_CANCEL, DELETE, EXECUTE = 1, 2, 3, 4
BLOCK = 20_000  # commands between two looks at the events

Message = tuple[int, int, int, int, int, int]  # time, type, order id, size, price, direction of the resting order


def messages(engine: MatchingEngine, after: int, quantities: dict[int, int]) -> Iterator[Message]:
    """Yield the events behind a sequence number as messages. `quantities`: what is open, by order id."""
    for event in engine.events(after):
        time = event.timestamp
        if isinstance(event, Trade):
            direction = 1 if event.taker_side is Side.ASK else -1
            quantities[event.maker_order_id] -= event.quantity
            yield time, EXECUTE, event.maker_order_id, event.quantity, event.price, direction
            continue
        direction = 1 if event.side is Side.BID else -1
        if isinstance(event, BookAdded):
            quantities[event.order_id] = event.quantity
            yield time, NEW, event.order_id, event.quantity, event.price, direction
        elif isinstance(event, BookRemoved):
            left = quantities.pop(event.order_id)
            if event.reason is RemoveReason.CANCELED:
                yield time, DELETE, event.order_id, left, event.price, direction
        elif isinstance(event, BookUpdated):
            known = quantities[event.order_id]
            quantities[event.order_id] = event.quantity
            if event.quantity < known:
                yield time, PARTIAL_CANCEL, event.order_id, known - event.quantity, event.price, direction
            elif event.quantity > known:  # a larger order is a new one to an exchange that reports this way
                yield time, DELETE, event.order_id, known, event.price, direction
                yield time, NEW, event.order_id, event.quantity, event.price, direction


def write_lobster(path: Path, rows: int) -> None:
    """Write that many messages of the balanced mix."""
    generator = Generator("balanced", commands=2 * rows, seed=SEED)
    engine = MatchingEngine()
    quantities: dict[int, int] = {}
    start, written, sequence = 0, 0, 0
    with path.open("w") as file:
        while written < rows:
            commands = numpy.frombuffer(generator.read(BLOCK), orderbook.COMMAND_DTYPE)
            start = start or int(commands["timestamp"][0])
            engine.process(commands)
            for time, *fields in messages(engine, sequence, quantities):
                clock = OPENING_NS + time - start
                file.write(f"{clock // 10**9}.{clock % 10**9:09d},{','.join(map(str, fields))}\n")
                written += 1
                if written == rows:
                    return
            sequence = engine.last_sequence
