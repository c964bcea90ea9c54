"""The accounts' own events: a ring of the newest executions, in which each account's are linked.

An execution's number is its place in the sequence of all accounts' executions, so the numbers of one account rise with
gaps. Each record knows how far back the same account's last one is, and how far on its next: an account's story is read
without touching anybody else's. What is overwritten is gone for its account alone, and a reader learns of it exactly
where its account lost something.

Appending neither fails nor allocates: the ring is whole from the start, and `newest` has a place per account before the
account is made.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memset

from orderbook.pages cimport pages_free, pages_grow


cdef enum ExecutionCode:
    EXECUTION_ACCEPTED = 1
    EXECUTION_FILLED = 2
    EXECUTION_CANCELED = 3
    EXECUTION_REFUSED = 4


cdef enum CancelCode:
    CANCEL_REQUESTED = 1
    CANCEL_SELF_TRADE = 2
    CANCEL_UNFILLED = 3


cdef enum:
    FAR = 0xffffffff           # a distance: further than any ring reaches


cdef struct Execution:
    uint64_t timestamp         # of the command that caused it, nanoseconds since 1970
    uint64_t order_id          # the account's
    uint64_t counter_order_id  # of a fill: the order that it traded with
    uint64_t price             # ticks, with `has_price`
    uint64_t quantity          # lots
    uint64_t open_quantity     # lots open afterwards, of a fill or cancel
    uint32_t back              # how many numbers back the account's last one is; 0: it is its first
    uint32_t on                # how many on its next is; 0: it is the newest
    uint32_t account           # its slot
    uint32_t instrument
    uint8_t kind               # ExecutionCode
    uint8_t command            # CommandKind, of ACCEPTED and REFUSED
    uint8_t side
    uint8_t order_type         # of ACCEPTED
    uint8_t has_price
    uint8_t maker              # of a fill: 1 where the account's order rested
    uint8_t reason             # of CANCELED a CancelCode, of REFUSED a Code


cdef struct ExecutionLog:
    Execution *ring
    uint64_t capacity          # records in the ring
    uint64_t last              # number of the newest, 0 before the first
    uint64_t before            # number of the last one that was never in the ring, which began behind it
    uint64_t place             # where in the ring the next goes
    uint64_t *newest           # per slot of an account: its newest, 0 none
    uint32_t accounts          # slots that there is room for


cdef inline int execution_log_init(ExecutionLog *log, uint64_t capacity) noexcept nogil:
    """Make an empty log for `capacity` executions, 1 to FAR - 1; return 0, or -1 when memory is out."""
    log.ring = <Execution *>pages_grow(NULL, 0, capacity * sizeof(Execution))
    log.capacity = capacity
    return 0 if log.ring != NULL else -1


cdef inline void execution_log_destroy(ExecutionLog *log) noexcept nogil:
    if log.ring != NULL:
        pages_free(log.ring, log.capacity * sizeof(Execution))
    free(log.newest)


cdef inline int execution_log_reserve(ExecutionLog *log, uint32_t account) noexcept nogil:
    """See to it that an account of this slot has a place; return 0, or -1 when memory is out."""
    cdef uint32_t room = log.accounts if log.accounts else 64
    cdef uint64_t *newest
    while room <= account:
        room *= 2
    if room > log.accounts:
        newest = <uint64_t *>realloc(log.newest, room * sizeof(uint64_t))
        if newest == NULL:
            return -1
        memset(newest + log.accounts, 0, (room - log.accounts) * sizeof(uint64_t))
        log.newest = newest
        log.accounts = room
    return 0


cdef inline int execution_log_begin(ExecutionLog *log, uint64_t last, uint32_t account) noexcept nogil:
    """Begin behind a number with an empty ring, with places up to an account's slot; return 0, or -1: memory is out."""
    log.last = log.before = last
    log.place = 0
    return execution_log_reserve(log, account)


cdef inline uint64_t execution_log_oldest(const ExecutionLog *log) noexcept nogil:
    """Return the number of the oldest execution held; one above the last when none is."""
    return log.last - log.capacity + 1 if log.last - log.before > log.capacity else log.before + 1


cdef inline Execution *execution_log_at(const ExecutionLog *log, uint64_t number) noexcept nogil:
    """Return an execution that is held."""
    cdef uint64_t back = log.last + 1 - number
    return log.ring + log.place - back + (0 if log.place >= back else log.capacity)


cdef inline uint32_t distance(uint64_t numbers) noexcept nogil:
    return <uint32_t>numbers if numbers < FAR else <uint32_t>FAR


cdef inline Execution *execution_log_append(ExecutionLog *log, uint32_t account) noexcept nogil:
    """Number a new execution of an account and return its record, to be filled in."""
    cdef uint64_t previous = log.newest[account]
    cdef Execution *execution
    if previous and previous >= execution_log_oldest(log):
        execution_log_at(log, previous).on = distance(log.last + 1 - previous)
    execution = log.ring + log.place
    log.place += 1
    if log.place == log.capacity:
        log.place = 0
    log.last += 1
    log.newest[account] = log.last
    execution.back = distance(log.last - previous) if previous else 0
    execution.on = 0
    execution.account = account
    return execution
