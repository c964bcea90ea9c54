"""COMMAND records, as a client makes them, and the results that it reads."""

import struct

COMMAND = struct.Struct("<BBBBIQQQQQ")
FILL = struct.Struct("<QQQQQ")
NEW, CANCEL, MODIFY, CREDIT, CANCEL_ALL = 1, 2, 3, 4, 5


def new(order_id, side, price, quantity, account_id=1, order_type=2, instrument=0):
    return COMMAND.pack(NEW, side, order_type, 1, instrument, account_id, order_id, price, quantity, 7)


def cancel(order_id, account_id=1):
    return COMMAND.pack(CANCEL, 0, 0, 0, 0, account_id, order_id, 0, 0, 0)


def credit(account_id, base, quote):
    return COMMAND.pack(CREDIT, 0, 0, 0, 0, account_id, 0, base, quote, 0)


def unfilled(result):
    return list(struct.unpack(f"<{len(result.unfilled) // 8}Q", result.unfilled))


def fills(result):
    return list(FILL.iter_unpack(result.fills))
