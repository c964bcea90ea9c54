"""Frames as bytes: whether one is good, and how many records it has. C alone; what is wrong comes as a Fault."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from orderbook_server.journal.checksums cimport (
    Blake2b, blake2b_add, blake2b_begin, blake2b_end, crc32c,
)
from orderbook_server.journal.format cimport (
    FRAME_ALIGNMENT, FRAME_CRC_BEGIN, FRAME_MAGIC, HASH_BYTES, INSTRUMENT_FOLLOWS, INSTRUMENTS, OTHER, PADDING, RAW,
    RAW_BYTES, SESSION, SESSION_ENDED, SESSION_ON, SOURCE, STATE, FrameHeader, width_of,
)


cdef enum:
    FRAME_BYTES_MAX = 64 << 20
    STATE_BYTES = 16


cdef enum Fault:
    # Of bytes that are no whole frame: torn, where they end the journal.
    GOOD = 0
    NO_MAGIC = 1
    BAD_SIZE = 2
    BEYOND_FILE = 3
    BAD_CRC = 4
    # Of a frame that was written as it is: damage wherever it lies.
    BAD_SEQUENCE = 5
    BAD_CHAIN = 6
    BAD_RECORD = 7
    NO_SOURCE = 8
    BAD_PADDING = 9
    NO_RECORD = 10


cdef struct Contents:
    uint64_t numbered          # records with a sequence
    size_t offset              # in the payload: where the Fault is


cdef inline size_t command_size(const uint8_t *p) noexcept nogil:
    """Return the size of a record of the kinds 1 to 6 by its first three bytes."""
    return (
        3 + (4 if (p[2] & INSTRUMENT_FOLLOWS) == INSTRUMENT_FOLLOWS else 0)
        + width_of(p[1] & 3) + width_of(p[1] >> 2 & 3) + width_of(p[1] >> 4 & 3) + width_of(p[1] >> 6)
    )


cdef inline size_t other_size(const uint8_t *p, size_t room) noexcept nogil:
    """Return the size of a record of the kind OTHER, 0 if there is none like it; `room` bytes may be looked at."""
    cdef uint32_t length
    cdef uint8_t kind = p[0] >> 3
    if kind == SOURCE:
        return 10 + width_of(p[1]) if room >= 2 and p[1] <= 3 else 0
    if kind == RAW:
        return 1 + RAW_BYTES
    if kind == SESSION:
        return 10 if room >= 2 and SESSION_ON <= p[1] <= SESSION_ENDED else 0
    if kind == INSTRUMENTS:
        if room < 5:
            return 0
        memcpy(&length, p + 1, sizeof(length))
        return 5 + <size_t>length
    return 1 + STATE_BYTES if kind == STATE else 0


cdef inline size_t record_size(const uint8_t *p, size_t room) noexcept nogil:
    """Return the size of the record at `p`, 0 if there is none that lies within `room` bytes."""
    cdef size_t size
    if p[0] & 7 == OTHER:
        size = other_size(p, room)
    elif p[0] & 7 == PADDING or room < 3:
        return 0
    else:
        size = command_size(p)
    return size if size <= room else 0


cdef inline bint is_other(const uint8_t *p, uint8_t kind) noexcept nogil:
    return p[0] == (<uint8_t>OTHER | kind << 3)


cdef inline bint is_command(const uint8_t *p) noexcept nogil:
    """Tell whether a record is a command or a debit: what has a SOURCE."""
    return p[0] & 7 != OTHER or is_other(p, RAW)


cdef inline bint all_zero(const uint8_t *p, size_t size) noexcept nogil:
    cdef size_t i
    for i in range(size):
        if p[i]:
            return False
    return True


cdef inline Fault count_records(const uint8_t *payload, size_t size, Contents *contents) noexcept nogil:
    """Walk the records of a frame: each must lie within it, be of a known kind, and come from somewhere."""
    cdef size_t at = 0
    cdef size_t step
    cdef bint sourced = False
    contents.numbered = 0
    while at < size and payload[at] & 7 != PADDING:
        contents.offset = at
        step = record_size(payload + at, size - at)
        if step == 0:
            return BAD_RECORD
        if is_other(payload + at, SOURCE):
            sourced = True
        elif not sourced and is_command(payload + at):
            return NO_SOURCE
        else:
            contents.numbered += 1
        at += step
    contents.offset = at
    if size - at >= FRAME_ALIGNMENT or not all_zero(payload + at, size - at):
        return BAD_PADDING
    return GOOD if contents.numbered else NO_RECORD


cdef inline bint possible_size(uint32_t size) noexcept nogil:
    return sizeof(FrameHeader) <= size <= FRAME_BYTES_MAX and size % FRAME_ALIGNMENT == 0


cdef inline bint has_its_crc(const uint8_t *frame, const FrameHeader *header) noexcept nogil:
    return header.crc == crc32c(0, frame + FRAME_CRC_BEGIN, header.size - FRAME_CRC_BEGIN)


cdef inline Fault check_frame(const uint8_t *frame, const FrameHeader *header, uint64_t sequence,
                              const uint8_t *previous, Contents *contents) noexcept nogil:
    """Check a frame of a possible size, which is all there, against what the journal before it says."""
    if not has_its_crc(frame, header):
        return BAD_CRC
    if header.sequence != sequence:
        return BAD_SEQUENCE
    if memcmp(header.previous, previous, HASH_BYTES):
        return BAD_CHAIN
    return count_records(frame + sizeof(FrameHeader), header.size - sizeof(FrameHeader), contents)


cdef inline void hash_frame(const uint8_t *frame, size_t size, uint8_t *digest) noexcept nogil:
    """Write the 16 bytes that the frame behind this one begins with: its place in the chain."""
    cdef Blake2b hash
    blake2b_begin(&hash)
    blake2b_add(&hash, frame, size)
    blake2b_end(&hash, digest)
