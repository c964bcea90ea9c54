"""The tape: all that the market of a simulation trades, with the simulated time, and whose trades they are."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.risk cimport RiskEngine
from orderbook.wide cimport Wide


cdef struct TradeRecord:       # 64 bytes
    uint64_t time_ns
    uint64_t price             # ticks
    uint64_t quantity          # lots
    uint64_t taker_side
    uint64_t taker_order_id
    uint64_t maker_order_id
    uint64_t taker_account
    uint64_t maker_account


cdef struct FillRecord:        # a trade as one of its two accounts sees it
    uint64_t order_id
    uint64_t price
    uint64_t quantity
    int side                   # of the account's order
    bint is_maker


cdef struct Tally:             # what an account traded
    uint64_t account_id
    uint32_t slot              # of the account in the ledger
    uint64_t fills
    uint64_t bought            # lots
    uint64_t sold
    FillRecord *untold         # fills that its agent has not asked for yet, oldest first
    size_t untold_count
    size_t untold_capacity


cdef struct TapeState:         # what the sink writes to
    uint64_t now_ns
    Tally *taker               # whose command runs
    Tally **tallies            # by slot of the account in the ledger; NULL: nobody's
    size_t slots               # their number
    TradeRecord *trades
    size_t trade_count         # of all, kept or not
    size_t trade_capacity
    bint keeps_trades
    bint failed                # memory ran out
    uint64_t volume            # lots
    Wide value                 # ticks × lots
    uint64_t last_price        # of the last trade


cdef class Tape:
    cdef readonly RiskEngine engine
    cdef TapeState state
    cdef list owners               # of tallies
    cdef int follow(self, object owner, Tally *tally) except -1
    cdef int check(self) except -1
