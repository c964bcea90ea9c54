"""Bytes to send, as they come together: a growing buffer, and numbers and words put at its end.

Room is reserved first, for a line or a part of one, and then written without a look; `reserve` alone can fail.
"""

from libc.stdint cimport uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy


cdef extern from *:
    """
    static const char orderbook_digit_pairs[201] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    """
    const char *digit_pairs "orderbook_digit_pairs"


cdef enum:
    NUMBER_BYTES_MAX = 20      # of a number; a blank or colon comes beside it
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
    """Write a number in decimal, two digits at a time from the right."""
    cdef char digits[NUMBER_BYTES_MAX]
    cdef char *first = digits + NUMBER_BYTES_MAX
    cdef uint64_t rest
    while number >= 100:
        rest = number // 100
        first -= 2
        memcpy(first, digit_pairs + 2 * (number - 100 * rest), 2)
        number = rest
    if number >= 10:
        first -= 2
        memcpy(first, digit_pairs + 2 * number, 2)
    else:
        first -= 1
        first[0] = <char>(c'0' + number)
    put_text(output, first, digits + NUMBER_BYTES_MAX - first)


cdef inline void put_field(Output *output, uint64_t number) noexcept nogil:
    """Write a blank and a number."""
    put_byte(output, c' ')
    put_number(output, number)


cdef inline void put_after(Output *output, char mark, uint64_t number) noexcept nogil:
    """Write a mark, such as a colon, and a number."""
    put_byte(output, mark)
    put_number(output, number)
