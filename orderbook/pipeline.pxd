"""The loop over a batch of commands."""

from libc.stdint cimport uint8_t, uint64_t

from orderbook.matching cimport Matcher
from orderbook.records cimport Command

cdef void run_batch(Matcher *matcher, const Command *commands, size_t count, uint8_t *status,
                    uint64_t *unfilled) noexcept nogil
