"""What a sequencer knows beside its exchange, as bytes: the numbers that must go on, and what sessions asked for.

Layout, little-endian: the header, the newest execution of each account in the order of their slots, and the numbers of
the sessions that cancel at their end.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from orderbook_server.sequencer.execution_log cimport execution_log_begin, execution_log_reserve

cdef enum:
    LAYOUT = 1


cdef struct Header:
    uint64_t layout
    uint64_t now               # nanoseconds since 1970, of the last command
    uint64_t sessions          # opened so far
    uint64_t last              # execution
    uint64_t accounts          # whose newest execution follows
    uint64_t canceling         # sessions that follow


cdef bytes dump(Sequencer sequencer):
    """Return the state of a sequencer."""
    cdef uint32_t accounts = sequencer.markets.money.accounts.used - 1
    cdef Header header
    if execution_log_reserve(&sequencer.recorder.log, accounts):
        raise MemoryError("no memory for executions of more accounts")
    header.layout = LAYOUT
    header.now = sequencer.now
    header.sessions = sequencer.sessions
    header.last = sequencer.recorder.log.last
    header.accounts = accounts
    header.canceling = len(sequencer.canceling)
    cdef bytes newest = (<char *>(sequencer.recorder.log.newest + 1))[:accounts * sizeof(uint64_t)]
    cdef list sessions = []
    for number in sorted(sequencer.canceling):
        sessions.append(int(number).to_bytes(8, "little"))
    return (<char *>&header)[:sizeof(Header)] + newest + b"".join(sessions)


cdef int load(Sequencer sequencer, bytes data) except -1:
    """Take over a state; ValueError where it is none, or not one of this exchange."""
    cdef const char *p = data
    cdef size_t size = len(data)
    cdef uint32_t accounts = sequencer.markets.money.accounts.used - 1
    cdef Header header
    if size < sizeof(Header):
        raise ValueError("the sequencer's state is cut off")
    memcpy(&header, p, sizeof(Header))
    if header.layout != LAYOUT:
        raise ValueError(f"the sequencer's state has the layout {header.layout}, not {LAYOUT}")
    if header.accounts != accounts:
        raise ValueError(f"the sequencer's state is of {header.accounts} accounts, not of {accounts}")
    if header.canceling > size or size != sizeof(Header) + 8 * (accounts + header.canceling):
        raise ValueError("the sequencer's state has another length than it says")
    if execution_log_begin(&sequencer.recorder.log, header.last, accounts):
        raise MemoryError("no memory for executions of more accounts")
    p += sizeof(Header)
    memcpy(sequencer.recorder.log.newest + 1, p, 8 * <size_t>accounts)
    p += 8 * <size_t>accounts
    for place in range(header.canceling):
        sequencer.canceling[int.from_bytes(p[8 * place:8 * place + 8], "little")] = None
    sequencer.unended = header.canceling != 0
    sequencer.now = header.now
    sequencer.sessions = header.sessions
    return 0
