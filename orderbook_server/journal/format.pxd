"""The journal's format, as docs/journal.md describes it: headers, and records as bytes."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from orderbook.records cimport ASK, BID, CANCEL_ALL, HAS_PRICE, MARKET, NEW, POST_ONLY, PREVENTION_SHIFT, Command


cdef enum:
    FORMAT_VERSION = 1
    FRAME_MAGIC = 0x4D415246   # "FRAM"
    FRAME_ALIGNMENT = 8
    HASH_BYTES = 16
    RECORD_BYTES_MAX = 64      # of a record without data, more than any has


cdef enum Kind:                # of records, beside the engine's CommandKind
    PADDING = 0
    DEBIT = 6
    OTHER = 7


cdef enum OtherKind:           # of records of the kind OTHER
    SOURCE = 0
    RAW = 1
    SESSION = 2
    INSTRUMENTS = 3
    STATE = 4


cdef enum SessionCode:
    SESSION_ON = 1             # its orders are cancelled when it ends
    SESSION_OFF = 2
    SESSION_ENDED = 3


cdef struct SegmentHeader:     # 64 bytes
    uint8_t magic[8]           # OBJOURNL
    uint32_t version
    uint32_t crc               # of the header, with this field 0
    uint64_t sequence          # of the first record to come
    uint64_t time              # nanoseconds since 1970
    uint32_t epoch
    uint8_t spare[12]
    uint8_t previous[HASH_BYTES]


cdef struct FrameHeader:       # 48 bytes
    uint32_t magic
    uint32_t size              # bytes, header and padding included
    uint32_t crc               # of all behind this field
    uint32_t epoch
    uint64_t sequence          # of its first numbered record
    uint64_t time              # nanoseconds since 1970
    uint8_t previous[HASH_BYTES]


cdef enum:
    FRAME_CRC_BEGIN = 12       # where the bytes that the CRC covers begin
    RAW_BYTES = 40             # of a Command, without its time
    INSTRUMENT_FOLLOWS = 31


cdef inline uint64_t width_code(uint64_t number) noexcept nogil:
    """Return the code of the width that a number needs: 0, 2, 4 or 8 bytes."""
    return <uint64_t>(number != 0) + <uint64_t>(number > 0xFFFF) + <uint64_t>(number > <uint64_t>0xFFFFFFFF)


cdef inline size_t width_of(uint64_t code) noexcept nogil:
    return (1 << code) & ~1


cdef inline char *put_number(char *out, uint64_t number, uint64_t code) noexcept nogil:
    """Write a number in its width, and whatever behind it: the next one comes there."""
    memcpy(out, &number, sizeof(number))
    return out + width_of(code)


cdef inline const char *take_number(const char *p, uint64_t *number, uint64_t code) noexcept nogil:
    """Read a number of a width; up to 8 bytes are looked at."""
    cdef size_t width = width_of(code)
    cdef uint64_t word
    memcpy(&word, p, sizeof(word))
    number[0] = word if code == 3 else word & ((<uint64_t>1 << 8 * width) - 1)
    return p + width


cdef inline bint fits(const Command *command) noexcept nogil:
    """Tell whether a command, or a debit, can be written short: all that is not refused for its form."""
    if command.kind == NEW:
        return (
            BID <= command.side <= ASK and MARKET <= command.order_type <= POST_ONLY
            and command.flags >> PREVENTION_SHIFT <= 7
        )
    return command.flags & ~HAS_PRICE == 0


cdef inline size_t put_command(char *out, const Command *command) noexcept nogil:
    """Write a command or a debit, without its time; return its size. RECORD_BYTES_MAX bytes may be written to."""
    cdef uint64_t account = width_code(command.account_id)
    cdef uint64_t order = width_code(command.order_id)
    cdef uint64_t price = width_code(command.price)
    cdef uint64_t quantity = width_code(command.quantity)
    cdef char *end = out + 3
    cdef bint new = command.kind == NEW
    if not fits(command):
        out[0] = <char>(<uint8_t>OTHER | <uint8_t>RAW << 3)
        memcpy(out + 1, command, RAW_BYTES)
        return 1 + RAW_BYTES
    out[0] = <char>(command.kind | (command.flags & HAS_PRICE) << 7)
    if new:
        out[0] |= <char>((command.side - BID) << 3 | command.order_type << 4)
    out[1] = <char>(account | order << 2 | price << 4 | quantity << 6)
    out[2] = <char>(min(command.instrument, <uint32_t>INSTRUMENT_FOLLOWS))
    if new:
        out[2] |= <char>(command.flags >> PREVENTION_SHIFT << 5)
    if command.instrument >= INSTRUMENT_FOLLOWS:
        end = put_number(end, command.instrument, 2)
    end = put_number(end, command.account_id, account)
    end = put_number(end, command.order_id, order)
    end = put_number(end, command.price, price)
    end = put_number(end, command.quantity, quantity)
    return end - out


cdef inline const char *take_command(const char *p, Command *command) noexcept nogil:
    """Read a record of the kinds 1 to 6, without its time; return where the next one begins.

    Up to RECORD_BYTES_MAX bytes are looked at. Whether the record lies within its frame is the caller's to see.
    """
    cdef uint8_t head = <uint8_t>p[0]
    cdef uint8_t widths = <uint8_t>p[1]
    cdef uint8_t third = <uint8_t>p[2]
    cdef uint64_t instrument = third & INSTRUMENT_FOLLOWS
    p += 3
    memset(command, 0, sizeof(Command))
    command.kind = head & 7
    command.flags = head >> 7
    if command.kind == NEW:
        command.side = BID + (head >> 3 & 1)
        command.order_type = head >> 4 & 7
        command.flags |= third >> 5 << PREVENTION_SHIFT
    if instrument == INSTRUMENT_FOLLOWS:
        p = take_number(p, &instrument, 2)
    command.instrument = <uint32_t>instrument
    p = take_number(p, &command.account_id, widths & 3)
    p = take_number(p, &command.order_id, widths >> 2 & 3)
    p = take_number(p, &command.price, widths >> 4 & 3)
    return take_number(p, &command.quantity, widths >> 6)


cdef inline size_t put_source(char *out, uint64_t time, uint64_t session) noexcept nogil:
    """Write where and when the commands that follow came from; return its size."""
    cdef uint64_t code = width_code(session)
    out[0] = <char>(<uint8_t>OTHER | <uint8_t>SOURCE << 3)
    out[1] = <char>code
    put_number(out + 2, time, 3)
    return put_number(out + 10, session, code) - out


cdef inline const char *take_source(const char *p, uint64_t *time, uint64_t *session) noexcept nogil:
    """Read a SOURCE; return where the next record begins. Up to RECORD_BYTES_MAX bytes are looked at."""
    take_number(p + 2, time, 3)
    return take_number(p + 10, session, p[1] & 3)
