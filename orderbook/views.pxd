"""The immutable records that the engine hands to Python: C fields, so that making one costs no Python number."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.fills cimport FillBuffer
from orderbook.records cimport Fill as FillRecord


cdef class Record:
    cdef bint made             # its fields are set, and stay as they are
    cdef tuple values(self)
    cdef tuple arguments(self)
    cdef int make(self) except -1


cdef class OrderView(Record):
    cdef readonly uint64_t id, price, quantity
    cdef int _side


cdef class LevelDepth(Record):
    cdef readonly uint64_t price, total_quantity, order_count


cdef class LevelSnapshot(Record):
    cdef readonly uint64_t price, total_quantity
    cdef readonly tuple orders


cdef class BookSnapshot(Record):
    cdef readonly tuple bids, asks
    cdef readonly uint64_t sequence


cdef class Fill(Record):
    cdef readonly uint64_t maker_id, price, quantity


cdef enum:
    FEW_FILLS = 2  # that a MatchResult has room for in itself


cdef class MatchResult(Record):
    cdef readonly uint64_t unfilled
    cdef tuple _fills              # once somebody asked for them
    cdef OrderView _resting        # likewise
    cdef FillRecord few[FEW_FILLS]
    cdef FillBuffer many           # where they are not few
    cdef uint64_t count            # of fills
    cdef uint64_t order_id, price, quantity  # of the order that rests
    cdef int side
    cdef bint rests


cdef class AccountSnapshot(Record):
    cdef readonly uint64_t available_base, reserved_base, available_quote, reserved_quote


cdef class Balance(Record):
    cdef readonly uint64_t available, reserved


cdef class EngineEvent(Record):
    cdef readonly uint64_t sequence, timestamp
    cdef readonly uint32_t instrument
    cdef int begin(self, sequence, timestamp, instrument) except -1


cdef class BookEvent(EngineEvent):
    cdef readonly uint64_t order_id, price, quantity
    cdef int _side


cdef class BookAdded(BookEvent):
    pass


cdef class BookUpdated(BookEvent):
    pass


cdef class BookRemoved(BookEvent):
    cdef int _reason


cdef class Trade(EngineEvent):
    cdef readonly uint64_t taker_order_id, maker_order_id, price, quantity
    cdef int _taker_side, _order_type


cdef class Rejection(EngineEvent):
    cdef readonly uint64_t order_id, quantity
    cdef uint64_t _price
    cdef bint _has_price
    cdef int _side, _order_type, _reason


cdef inline OrderView new_order_view(uint64_t id, int side, uint64_t price, uint64_t quantity):
    cdef OrderView view = OrderView.__new__(OrderView)
    view.id = id
    view._side = side
    view.price = price
    view.quantity = quantity
    view.made = True
    return view


cdef inline LevelDepth new_level_depth(uint64_t price, uint64_t total_quantity, uint64_t order_count):
    cdef LevelDepth level = LevelDepth.__new__(LevelDepth)
    level.price = price
    level.total_quantity = total_quantity
    level.order_count = order_count
    level.made = True
    return level


cdef inline Fill new_fill(uint64_t maker_id, uint64_t price, uint64_t quantity):
    cdef Fill fill = Fill.__new__(Fill)
    fill.maker_id = maker_id
    fill.price = price
    fill.quantity = quantity
    fill.made = True
    return fill


cdef inline Balance new_balance(uint64_t available, uint64_t reserved):
    cdef Balance balance = Balance.__new__(Balance)
    balance.available = available
    balance.reserved = reserved
    balance.made = True
    return balance


cdef inline AccountSnapshot new_account_snapshot(uint64_t available_base, uint64_t reserved_base,
                                                 uint64_t available_quote, uint64_t reserved_quote):
    cdef AccountSnapshot snapshot = AccountSnapshot.__new__(AccountSnapshot)
    snapshot.available_base = available_base
    snapshot.reserved_base = reserved_base
    snapshot.available_quote = available_quote
    snapshot.reserved_quote = reserved_quote
    snapshot.made = True
    return snapshot
