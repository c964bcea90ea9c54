"""Scenario tables: what happened, in words, for every file in scenarios/.

A scenario is a list of commands, each followed by everything it caused, indented; nothing may be left out.

    submit ID SIDE TYPE PRICE QUANTITY      a price of - is none
    modify ID QUANTITY [PRICE]
    cancel ID
    book                                    shows the book: per level its price, then ID:QUANTITY, oldest first

    fill MAKER PRICE QUANTITY               the result, in this order: fills, what rests, what is left over
    rests ID SIDE PRICE QUANTITY
    unfilled QUANTITY                       (left out when 0)
    canceled QUANTITY
    refused CLASS
    * KIND FIELDS                           the events

MAX is 2^64-1, MAX-5 five less. A # begins a comment; the first one says what the scenario is about.
"""

from pathlib import Path

import pytest

from orderbook import (
    BookAdded,
    BookRemoved,
    BookUpdated,
    MatchResult,
    OrderBookError,
    OrderType,
    Rejection,
    Side,
    Trade,
)

from .helpers import TOP

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
EVENT_WORDS = {
    BookAdded: "added",
    BookUpdated: "updated",
    BookRemoved: "removed",
    Trade: "trade",
    Rejection: "rejected",
}
NEAR_TOP = 100


def number(word):
    """Return the number that a word of a scenario stands for; None for -."""
    if word == "-":
        return None
    name, _, less = word.partition("-")
    return TOP - int(less or 0) if name == "MAX" else int(word)


def word(value):
    """Return how a scenario writes a field of a record."""
    if value is None:
        return "-"
    if isinstance(value, (Side, OrderType)) or hasattr(value, "name"):
        return value.name
    if value == TOP:
        return "MAX"
    return f"MAX-{TOP - value}" if value >= TOP - NEAR_TOP else str(value)


def words(*values):
    return " ".join(map(word, values))


def shown(result):
    """Return the lines that say what a call returned."""
    if not isinstance(result, MatchResult):
        return [f"canceled {word(result)}"]
    lines = [f"fill {words(*fill)}" for fill in result.fills]
    lines += [f"rests {words(*result.resting)}"] if result.resting else []
    return lines + ([f"unfilled {word(result.unfilled)}"] if result.unfilled else [])


def shown_book(book):
    """Return the lines that show a book, asks from the best on, then bids from the best on."""
    snapshot = book.snapshot()
    levels = [("ASK", level) for level in snapshot.asks] + [("BID", level) for level in snapshot.bids]
    return [
        " ".join([side, word(level.price), *(f"{word(order.id)}:{word(order.quantity)}" for order in level.orders)])
        for side, level in levels
    ] or ["empty"]


def call(engine, command, *arguments):
    """Run one command of a scenario."""
    if command == "submit":
        order_id, side, order_type, price, quantity = arguments
        return engine.submit(number(order_id), Side[side], OrderType[order_type], number(price), number(quantity))
    if command == "modify":
        return engine.modify_order(*map(number, arguments))
    if command == "cancel":
        return engine.cancel_order(*map(number, arguments))
    raise ValueError(f"a scenario has no command {command!r}")


def observed(engine, line, run=call):
    """Run one command and return the lines that say what it caused."""
    if line == "book":
        return shown_book(engine.order_book)
    last = engine.last_sequence
    try:
        lines = shown(run(engine, *line.split()))
    except OrderBookError as error:
        lines = [f"refused {type(error).__name__}"]
    return lines + [f"* {EVENT_WORDS[type(event)]} {words(*tuple(event)[2:])}" for event in engine.events(last)]


def steps(text):
    """Return (command, expected lines) of a scenario."""
    found = []
    for line in text.splitlines():
        content = line.split("#")[0].rstrip()
        if content.startswith(" "):
            found[-1][1].append(" ".join(content.split()))
        elif content:
            found.append((" ".join(content.split()), []))
    return found


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(engine, path):
    for line, expected in steps(path.read_text()):
        assert (line, observed(engine, line)) == (line, expected)
        engine.check()


def test_there_are_scenarios_and_each_says_what_it_is_about():
    assert len(SCENARIOS) >= 15
    for path in SCENARIOS:
        text = path.read_text()
        assert text.startswith("# ")
        assert any(command == "book" for command, _ in steps(text))
