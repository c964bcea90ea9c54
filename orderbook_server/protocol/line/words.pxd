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


cdef inline bint skip_blanks(Text *rest) noexcept nogil:
    """Go to where the next field begins; return False where the line ends before one does."""
    while rest.size and is_blank(rest.bytes[0]):
        rest.bytes += 1
        rest.size -= 1
    return rest.size != 0


cdef inline void take_word(Text *rest, Text *field) noexcept nogil:
    """Take a field off what is left of a line, which begins with it."""
    field.bytes = rest.bytes
    while rest.size and not is_blank(rest.bytes[0]):
        rest.bytes += 1
        rest.size -= 1
    field.size = rest.bytes - field.bytes


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


cdef inline bint take_number(Text *rest, uint64_t *number) noexcept nogil:
    """Take a field off what is left of a line, which begins with it; return False where it is no number up to 2^64-1.

    Behind the line stands its end, which is no digit.
    """
    cdef const char *p = rest.bytes
    cdef uint64_t tenth = <uint64_t>-1 // 10  # of the highest number, whose last digit is 5
    cdef uint64_t value = 0
    cdef unsigned int digit
    cdef size_t size
    while True:
        digit = <unsigned char>p[0] - <unsigned int>c'0'
        if digit > 9:
            break
        if unlikely(value >= tenth) and (value > tenth or digit > 5):
            return False
        value = 10 * value + digit
        p += 1
    size = p - rest.bytes
    if unlikely(size == 0 or size < rest.size and not is_blank(p[0])):
        return False
    rest.bytes = p
    rest.size -= size
    number[0] = value
    return True
