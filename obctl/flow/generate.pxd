"""Synthetic order flow: see generate.pyx."""

from libc.stdint cimport uint64_t

from obctl.flow.shadow cimport Resting, ShadowBook
from orderbook.records cimport Command


cdef struct Random:             # xoshiro256**: the same numbers on every machine
    uint64_t state[4]


cdef struct Mix:
    int limits                  # commands of each kind per 10,000; they add up to 10,000
    int markets
    int iocs
    int cancels
    int modifies
    int crossing                # of 10,000 limit orders, how many are priced through the mid
    uint64_t start              # the mid at the start, in buckets of 2^shift ticks; no price is twice as high
    int shift
    int depth                   # how far from the mid prices lie: 2^depth ticks
    bint power_law              # more of them near the mid, a few very far
    int taker_size              # a taker's quantity in the steady book, in 1/256 of a resting order's
    Py_ssize_t steady           # orders that rest in the steady book; 0: takers do not care
    bint enlarge                # modifies only raise quantities or move prices; else any new quantity
    bint crashes                # volatility means a fall of the mid, by up to 60 %


cdef class Generator:
    cdef Mix mix
    cdef Random random
    cdef ShadowBook book
    cdef uint64_t volatility    # 0 … 2^16
    cdef uint64_t walk          # the mid's random walk, ticks << 16 (before the mix's shift)
    cdef uint64_t timestamp
    cdef readonly uint64_t total     # what is asked for: commands, or new orders
    cdef readonly bint counts_orders  # which of the two
    cdef readonly uint64_t commands  # made so far
    cdef readonly uint64_t orders    # new orders among them

    cdef bint finished(self) noexcept nogil
    cdef uint64_t middle(self) noexcept nogil
    cdef uint64_t top(self) noexcept nogil
    cdef uint64_t price(self, int side, bint crossing) noexcept nogil
    cdef uint64_t random_magnitude(self, uint64_t bound) noexcept nogil
    cdef uint64_t taker_quantity(self) noexcept nogil
    cdef void next(self, Command *command) noexcept nogil
    cdef void new_order(self, Command *command, int order_type) noexcept nogil
    cdef void rest(self, Resting *order) noexcept nogil
    cdef void cancel(self, Command *command) noexcept nogil
    cdef void modify(self, Command *command) noexcept nogil
