"""Records of a journal in words: as plain data for JSON, and as lines for people."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from obctl.client.words import ORDER_TYPE_WORDS, SIDE_WORDS
from obctl.journal.symbols import Symbols, instruments_of
from orderbook import OrderType, SelfTradePrevention
from orderbook_server.journal.reader import Record, RecordKind

NS = 1_000_000_000
SESSION_CODES = {1: "on", 2: "off", 3: "ended"}
SIDES = {int(side): word for side, word in SIDE_WORDS.items()}
ORDER_TYPES = {int(OrderType(number)): ORDER_TYPE_WORDS[OrderType(number)] for number in OrderType}
PREVENTIONS = {int(prevention): prevention.name.lower() for prevention in SelfTradePrevention}


def when(time: int) -> str:
    """Return nanoseconds since 1970 as UTC, all nine digits of them."""
    seconds, ns = divmod(time, NS)
    try:
        return f"{to_the_second(seconds)}.{ns:09}Z"
    except (ValueError, OverflowError):  # no clock said that
        return str(time)


@lru_cache(maxsize=1)
def to_the_second(seconds: int) -> str:
    """Return a second as text; many records come in one."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def is_command(record: Record) -> bool:
    """Tell whether a record is a command, a debit among them."""
    return record.raw or record.kind <= RecordKind.DEBIT


def kind_of(record: Record) -> str:
    """Return the word for what a record is; of a command that was refused for its kind, the number."""
    return record.kind.name if isinstance(record.kind, RecordKind) else str(record.kind)


def symbol_of(record: Record, symbols: Symbols) -> str:
    """Return the symbol of a command's instrument; its number, where no symbol is known for it."""
    number = record.instrument
    return symbols[number] if number < len(symbols) else f"#{number}"


def plain_record(record: Record, symbols: Symbols) -> dict[str, Any]:
    """Return a record as JSON writes it: the fields that its kind has."""
    plain: dict[str, Any] = {"sequence": record.sequence, "time": record.time, "kind": kind_of(record)}
    if is_command(record):
        plain |= {"session": record.session, "symbol": symbol_of(record, symbols)}
        return plain | command_fields(record)
    if record.kind is RecordKind.SESSION:
        return plain | {"session": record.session, "cancel_on_disconnect": SESSION_CODES[record.code]}
    if record.kind is RecordKind.STATE:
        return plain | {"state_hash": (record.data or b"").hex()}
    return plain | {"instruments": instruments_of(record)}


def command_fields(record: Record) -> dict[str, Any]:
    """Return the fields of a command by the names of the wire; all of them, where it was refused for its form."""
    fields: dict[str, Any] = {"account_id": record.account_id}
    if record.kind in (RecordKind.CREDIT, RecordKind.DEBIT) and not record.raw:
        return fields | {"base": record.price, "quote": record.quantity}
    if record.kind != RecordKind.CANCEL_ALL or record.raw:
        fields["order_id"] = record.order_id
    if record.kind == RecordKind.NEW or record.raw:
        fields["side"] = SIDES.get(record.side, record.side)
        fields["order_type"] = ORDER_TYPES.get(record.order_type, record.order_type)
    if record.price is not None:
        fields["price"] = record.price
    if record.kind in (RecordKind.NEW, RecordKind.MODIFY) or record.raw:
        fields["quantity"] = record.quantity
    if record.prevention:
        fields["self_trade_prevention"] = PREVENTIONS.get(record.prevention, record.prevention)
    if record.raw:
        fields["malformed"] = True
    return fields


def line_of(record: Record, symbols: Symbols) -> str:
    """Return a record as a line: sequence, time, session, symbol and kind, - for those it has not, then its fields."""
    plain = plain_record(record, symbols)
    head = [str(plain.pop("sequence")), when(plain.pop("time"))]
    kind = plain.pop("kind")
    head += [str(plain.pop("session", "-")), plain.pop("symbol", "-"), kind]
    return " ".join([*head, *(f"{name}={compact(value)}" for name, value in plain.items())])


def compact(value: object) -> str:
    """Return a value as a line has it: without spaces."""
    return str(value) if type(value) in (str, int) else json.dumps(value, separators=(",", ":"))
