"""Records as Python sees them: for those who look at a journal, not for those who run it."""

from enum import IntEnum

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcpy

from orderbook.records cimport CREDIT, HAS_PRICE, NEW, PREVENTION_SHIFT, Command
from orderbook_server.journal.format cimport (
    DEBIT, INSTRUMENTS, OTHER, PADDING, RAW, RAW_BYTES, SESSION, SOURCE, take_command, take_number, take_source,
)
from orderbook_server.journal.frames cimport STATE_BYTES, record_size


class RecordKind(IntEnum):
    """What a record is.

    Those that are no commands are 256 and more, so that no kind of a RAW command, which may be any byte, is theirs.
    """

    NEW = 1
    CANCEL = 2
    MODIFY = 3
    CREDIT = 4
    CANCEL_ALL = 5
    DEBIT = 6
    SESSION = 258
    INSTRUMENTS = 259
    STATE = 260


cdef enum:
    OTHERS_BEGIN = 256

cdef dict KINDS = {int(kind): kind for kind in RecordKind}


cdef class Record:
    """One numbered record of a journal.

    Fields that its kind does not have are 0, None or False. Prices are in ticks, quantities in lots (of CREDIT and
    DEBIT: units of base and quote), times in nanoseconds since 1970.
    """

    def __init__(self):
        raise TypeError("records come from JournalReader.records")

    @property
    def kind(self):
        """A RecordKind; of a RAW command that was refused for its kind, an int."""
        return KINDS.get(self.kind_number, self.kind_number)

    @property
    def time(self):
        """When a command came in; of the others, when their frame was written."""
        return self.command.timestamp

    @property
    def instrument(self):
        """The position of its instrument in the configuration."""
        return self.command.instrument

    @property
    def account_id(self):
        """The account of a command."""
        return self.command.account_id

    @property
    def order_id(self):
        """The order of a command."""
        return self.command.order_id

    @property
    def side(self):
        """Of NEW: the side, as int."""
        return self.command.side

    @property
    def order_type(self):
        """Of NEW: the order type, as int."""
        return self.command.order_type

    @property
    def price(self):
        """Of a command that gives one: the price; of CREDIT and DEBIT: base."""
        if self.command.flags & HAS_PRICE or self.kind_number == CREDIT or self.kind_number == DEBIT:
            return self.command.price
        return None

    @property
    def quantity(self):
        """The quantity of a command; of CREDIT and DEBIT: quote."""
        return self.command.quantity

    @property
    def prevention(self):
        """Of NEW: its self-trade prevention, as int; 0 what the instrument says."""
        return self.command.flags >> PREVENTION_SHIFT if self.command.kind == NEW else 0

    def __bytes__(self):
        """Return a command as the 48 bytes of a COMMAND record, its time included."""
        return (<const char *>&self.command)[:sizeof(Command)]


cdef Record new_record(object frame, uint64_t sequence, uint64_t time):
    cdef Record record = Record.__new__(Record)
    record.frame = frame
    record.sequence = sequence
    record.command.timestamp = time
    return record


cdef int take_other(Record record, const char *p, size_t size) except -1:
    """Fill in a numbered record that is no command."""
    cdef uint8_t kind = <uint8_t>p[0] >> 3
    record.kind_number = OTHERS_BEGIN + kind
    if kind == SESSION:
        record.code = p[1]
        take_number(p + 2, &record.session, 3)
    elif kind == INSTRUMENTS:
        record.data = p[5:size]
    else:
        record.data = p[1:1 + STATE_BYTES]
    return 0


cdef list frame_records(object frame, const char *payload, size_t size, uint64_t sequence, uint64_t time):
    """Make the records of a frame that was checked; behind `payload`, RECORD_BYTES_MAX more bytes may be looked at."""
    cdef const char *p = payload
    cdef const char *end = payload + size
    cdef uint64_t source_time = 0
    cdef uint64_t session = 0
    cdef size_t step
    cdef uint8_t other
    cdef Record record
    cdef list records = []
    while p < end and p[0] & 7 != PADDING:
        step = record_size(<const uint8_t *>p, end - p)
        other = <uint8_t>p[0] >> 3
        if p[0] & 7 == OTHER and other == SOURCE:
            take_source(p, &source_time, &session)
            p += step
            continue
        record = new_record(frame, sequence, time)
        if p[0] & 7 == OTHER and other != RAW:
            take_other(record, p, step)
        else:
            if p[0] & 7 == OTHER:
                record.raw = True
                memcpy(&record.command, p + 1, RAW_BYTES)
            else:
                take_command(p, &record.command)
            record.kind_number = record.command.kind
            record.session = session
            record.command.timestamp = source_time
        records.append(record)
        sequence += 1
        p += step
    return records
