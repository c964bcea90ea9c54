"""The loop over a batch for a matcher without accounts; the one with accounts is in venue.pyx."""

from libc.stdint cimport uint8_t, uint64_t

from orderbook.matching cimport Matcher
from orderbook.records cimport Command


cdef void run_batch(Matcher *matcher, const Command *commands, size_t size, uint8_t *status,
                    uint64_t *unfilled) noexcept nogil:
    run_records(matcher, 0, 1, commands, size, status, unfilled, False)
