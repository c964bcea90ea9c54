"""Counts of what an instrument has seen, as Python sees them."""

from orderbook import errors
from orderbook.records cimport ACCEPTED
from orderbook_server.sequencer.recorder cimport CODES


cdef class Tally:
    """What one instrument has seen since the sequencer was made, as numbers that do not change."""


cdef Tally new_tally(const TallyRecord *record):
    cdef Tally tally = Tally.__new__(Tally)
    cdef int code
    tally.accepted = record.outcomes[<int>ACCEPTED] - record.killed
    tally.trades = record.trades
    tally.volume = record.volume
    tally.added = record.added
    tally.updated = record.updated
    tally.removed = record.removed
    tally.refused = {}
    for code in range(1, CODES):
        if record.outcomes[code]:
            tally.refused[errors.BY_NUMBER[code].code] = record.outcomes[code]
    if record.killed:
        tally.refused["insufficient_liquidity"] = record.killed
    return tally
