"""MatchResults: what a single command did, as Python objects."""

from libc.stdint cimport uint64_t

from orderbook.guard cimport Guard
from orderbook.matching cimport Matcher
from orderbook.views cimport MatchResult

cdef tuple blank_fills(Matcher *matcher, Guard guard, uint64_t order_id, int side, uint64_t limit_key,
                       uint64_t quantity)

cdef tuple blank_fills_of_reprice(Matcher *matcher, Guard guard, uint64_t order_id, uint64_t quantity, uint64_t price)

cdef MatchResult result_of(const Matcher *matcher, Guard guard, tuple blanks)
