"""One parsed row of order flow as a C struct, and the reader that every format's reader extends.

A reader parses a file block by block into an array of `Row`; nothing is allocated per row. Formats differ in what they
can say, so a row has flags for the fields that were really there.
"""

from libc.stdint cimport uint8_t, uint64_t


cdef enum Action:
    ADD = 1             # a new order
    CANCEL = 2          # with HAS_QUANTITY: that much of it; without: all of it
    MODIFY = 3          # `quantity` is the new open quantity; with HAS_PRICE: a new price too
    EXECUTE = 4         # a visible execution of the resting order
    EXECUTE_HIDDEN = 5  # an execution of a hidden order: leaves the book alone
    CROSS = 6           # an auction trade: leaves the book alone
    HALT = 7            # a trading halt: `price` is the LOBSTER code (-1, 0, 1) as two's complement


cdef enum RowFlag:
    HAS_PRICE = 1
    HAS_QUANTITY = 2
    HAS_ORDER_ID = 4    # absent: the file has no ids, and the reader numbered the row 1, 2, 3, ...
    HAS_SIDE = 8


cdef extern from *:
    """
    #ifndef OBCTL_FLOW_ROW
    #define OBCTL_FLOW_ROW
    #include <stdint.h>
    typedef struct {
        uint64_t line, timestamp, order_id, price, quantity, account_id;
        uint8_t action, side, order_type, flags, padding[12];
    } obctl_flow_row;
    _Static_assert(sizeof(obctl_flow_row) == 64, "a row fills one cache line");
    #endif
    """
    ctypedef struct Row "obctl_flow_row":
        uint64_t line        # 1-based line number in the file; record number in a binary file
        uint64_t timestamp   # nanoseconds since 1970; since midnight in a LOBSTER file; 0 when there is none
        uint64_t order_id
        uint64_t price       # ticks
        uint64_t quantity    # lots
        uint64_t account_id  # 0 when there is none
        uint8_t action       # an Action
        uint8_t side         # 0 unknown, 1 BID, 2 ASK; of an execution: the resting order's side
        uint8_t order_type   # for ADD: an OrderType's value; else 0
        uint8_t flags        # RowFlag bits: which fields the file really gave


cdef class RowReader:
    cdef Row *rows               # the rows of the last `read`; valid until the next one
    cdef Py_ssize_t count        # how many they are
    cdef Py_ssize_t capacity     # how many `rows` has room for
    cdef readonly str format     # 'csv', 'lobster' or 'bin'
    cdef readonly str name       # the file's name, as errors state it
    cdef object source           # where the bytes come from (obctl.flow.source.Source)
    cdef object pending          # the RowError that the next `read` raises, or None

    cpdef Py_ssize_t read(self, Py_ssize_t max_rows) except -1
    cdef int fill(self, Py_ssize_t max_rows) except -1
    cdef int reserve(self, Py_ssize_t max_rows) except -1
