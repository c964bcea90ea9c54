"""Counts of what an instrument has seen, as Python sees them."""

from libc.stdint cimport uint64_t

from orderbook_server.sequencer.recorder cimport Tally as TallyRecord


cdef class Tally:
    cdef readonly uint64_t accepted, trades, volume, added, updated, removed
    cdef readonly dict refused


cdef Tally new_tally(const TallyRecord *record)
