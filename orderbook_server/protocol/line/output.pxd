"""Bytes to send, as they come together: a growing buffer, and numbers and words put at its end.

Room is reserved first, for a line or a part of one, and then written without a look; `reserve` alone can fail.
"""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from orderbook.digits cimport put_digits


cdef enum:
    OUTPUT_FIRST_BYTES = 4096


cdef struct Output:
    char *bytes
    size_t size
    size_t capacity


cdef struct Text:              # some bytes of somebody else's
    const char *bytes
    size_t size


cdef inline void output_destroy(Output *output) noexcept nogil:
    free(output.bytes)


cdef inline int grow(Output *output, size_t room) except -1:
    """Make room, doubling what there is; raise MemoryError."""
    cdef size_t capacity = output.capacity if output.capacity else <size_t>OUTPUT_FIRST_BYTES
    cdef char *bytes
    while capacity - output.size < room:
        capacity *= 2
    bytes = <char *>realloc(output.bytes, capacity)
    if bytes == NULL:
        raise MemoryError(f"no memory for {capacity} bytes of answers")
    output.bytes = bytes
    output.capacity = capacity
    return 0


cdef inline int reserve(Output *output, size_t room) except -1:
    """See to it that `room` more bytes fit."""
    return 0 if output.capacity - output.size >= room else grow(output, room)


cdef inline void put_byte(Output *output, char byte) noexcept nogil:
    output.bytes[output.size] = byte
    output.size += 1


cdef inline void put_text(Output *output, const char *text, size_t size) noexcept nogil:
    memcpy(output.bytes + output.size, text, size)
    output.size += size


cdef inline void put_number(Output *output, uint64_t number) noexcept nogil:
    output.size += put_digits(output.bytes + output.size, number)


cdef inline void put_field(Output *output, uint64_t number) noexcept nogil:
    """Write a blank and a number."""
    put_byte(output, c' ')
    put_number(output, number)


cdef inline void put_after(Output *output, char mark, uint64_t number) noexcept nogil:
    """Write a mark, such as a colon, and a number."""
    put_byte(output, mark)
    put_number(output, number)
