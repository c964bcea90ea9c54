"""Fields of a line: where one ends, which word it is, which number."""

from libc.stdint cimport uint64_t

from orderbook.records cimport unlikely
from orderbook_server.protocol.line.output cimport Text


cdef struct Word:              # one spelling
    const char *text           # in capitals
    size_t size
    int meaning                # never 0


cdef inline bint is_blank(char byte) noexcept nogil:
    return byte == c' ' or byte == c'\t'


cdef inline bint next_field(Text *rest, Text *field) noexcept nogil:
    """Take the next field off what is left of a line; return False where there is none."""
    cdef const char *end = rest.bytes + rest.size
    cdef const char *p = rest.bytes
    while p < end and is_blank(p[0]):
        p += 1
    field.bytes = p
    while p < end and not is_blank(p[0]):
        p += 1
    field.size = p - field.bytes
    rest.bytes = p
    rest.size = end - p
    return field.size != 0


cdef inline char capital(char byte) noexcept nogil:
    return byte - 32 if c'a' <= byte <= c'z' else byte


cdef inline int meaning_of(const Text *field, const Word *words) noexcept nogil:
    """Return the meaning of a field among some words, in either case; 0 where it is none of them. size 0 ends them."""
    cdef const Word *word = words
    cdef size_t i
    while word.size:
        if word.size == field.size:
            i = 0
            while i < word.size and capital(field.bytes[i]) == word.text[i]:
                i += 1
            if i == word.size:
                return word.meaning
        word += 1
    return 0


cdef inline bint read_number(const Text *field, uint64_t *number) noexcept nogil:
    """Read decimal digits; return False where there is anything else, or the number is above 2^64-1."""
    cdef const char *p = field.bytes
    cdef const char *end = p + field.size
    cdef uint64_t value = 0
    cdef uint64_t tenth = <uint64_t>-1 // 10  # of the highest number, whose last digit is 5
    cdef unsigned int digit
    while p < end:
        digit = <unsigned char>p[0] - <unsigned int>c'0'
        if unlikely(digit > 9):
            return False
        if unlikely(value > tenth or value == tenth and digit > 5):
            return False
        value = 10 * value + digit
        p += 1
    number[0] = value
    return True
