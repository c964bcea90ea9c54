"""The book that the generator believes in: enough of one to know which orders are still there to cancel.

It is no second matching engine: it knows no order types, no queue rules beyond first come, first served, and no exact
prices. Prices are filed in up to 2^20 buckets of 2^shift ticks each. With shift 0 a bucket is a price and the belief is
true; the sparse mix, whose prices span 2^40 ticks, has wide buckets and is wrong now and then within one bucket, which
costs it a refused cancel.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t


cdef enum:
    BUCKET_COUNT = 1 << 20


cdef struct Resting:       # one resting order
    uint64_t id
    uint64_t price         # ticks
    uint64_t quantity      # lots still open
    uint32_t account
    uint32_t older         # slots of its neighbours in the bucket, 0 none
    uint32_t younger
    uint32_t place         # where `live` lists it
    uint8_t side           # 1 BID, 2 ASK


cdef class ShadowBook:
    cdef Resting *slots        # slot 0 is none
    cdef uint32_t *live        # the slots in use, in no order: to draw one at random
    cdef uint32_t *oldest[2]   # by side (0 bids, 1 asks) and bucket
    cdef uint32_t *youngest[2]
    cdef Py_ssize_t best[2]    # no order of the side is better than this bucket
    cdef Py_ssize_t sides[2]   # orders per side
    cdef Py_ssize_t count      # orders
    cdef Py_ssize_t capacity
    cdef uint32_t free         # first free slot, linked through `younger`
    cdef int shift

    cdef int reserve(self, Py_ssize_t more) except -1
    cdef void add(self, const Resting *order) noexcept nogil
    cdef void remove(self, uint32_t slot) noexcept nogil
    cdef uint64_t take(self, int side, uint64_t limit, uint64_t quantity) noexcept nogil
