"""What a replay writes down while it runs: totals always; trades, events, depth and plot samples where asked for.

A `Tape` is plain C and is written without the GIL: by the engine's sink, event by event as they happen, and by the
replay, once per input row. Python drains its blocks between two batches of rows.
"""

from libc.stdint cimport uint64_t

from obctl.replay.cells cimport Block, Cells
from orderbook.book cimport Book
from orderbook.records cimport Event, Order


cdef struct Wide:            # an unsigned number of 192 bits: room for 2^64 products of two 64-bit numbers
    uint64_t top
    uint64_t high
    uint64_t low


cdef struct Tape:
    uint64_t row             # input rows applied so far
    uint64_t trades          # trades so far
    Wide volume              # lots
    Wide notional            # ticks × lots
    uint64_t last_price      # ticks, of the newest trade
    bint traded              # there was a trade since the last plot sample
    uint64_t sample_every    # rows between two plot samples: doubles whenever the samples fill up
    size_t levels            # of a depth row, each side
    Cells *trade_rows        # NULL: not recorded; the same for those below
    Cells *event_rows
    Cells *depth_rows
    Cells *samples


cdef class Recorder:
    cdef Tape tape
    cdef readonly Block trades, events, depth, samples


cdef void tape_trade(Tape *tape, uint64_t timestamp, const uint64_t *taker_id, uint64_t maker_id, int taker_side,
                     uint64_t price, uint64_t quantity) noexcept nogil
cdef void tape_event(void *tape, uint64_t sequence, const Event *event, const Order *_order) noexcept nogil
cdef void tape_state(Tape *tape, Book *book, uint64_t timestamp) noexcept nogil


cdef inline void tape_row(Tape *tape, Book *book, uint64_t timestamp) noexcept nogil:
    """Count an input row that has been applied, and record the book after it where asked for."""
    tape.row += 1
    if tape.depth_rows != NULL or tape.samples != NULL:
        tape_state(tape, book, timestamp)


cdef inline bint tape_follows_rows(const Tape *tape) noexcept nogil:
    """Tell whether anything is recorded that depends on which row is being applied: then rows are applied singly."""
    return (
        tape.trade_rows != NULL or tape.event_rows != NULL or tape.depth_rows != NULL or tape.samples != NULL
    )
