"""Words of a fixed list, such as BUY or CANCEL, looked up without regard to case and without an allocation."""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memset


cdef enum:
    WORD_PARTS = 3  # a word as 64-bit integers
    WORD_MAX = 24   # bytes of them: enough for the longest word
    WORDS_MAX = 64


cdef struct Word:
    uint64_t text[WORD_PARTS]  # upper case, zeros behind it
    uint8_t value
    uint8_t detail


cdef struct WordTable:
    Word words[WORDS_MAX]
    int count


cdef int add_word(WordTable *table, str text, int value, int detail) except -1


cdef inline bint pack_word(const char *start, const char *end, uint64_t *text) noexcept nogil:
    """Write the word in upper case. Return False when it is longer than any."""
    cdef char *upper = <char *>text
    cdef Py_ssize_t i
    if end - start > WORD_MAX:
        return False
    memset(text, 0, WORD_MAX)
    for i in range(end - start):
        upper[i] = start[i] - 32 if c'a' <= start[i] <= c'z' else start[i]
    return True


cdef inline const Word *find_word(const WordTable *table, const char *start, const char *end) noexcept nogil:
    """Return the word's entry, or NULL."""
    cdef uint64_t text[WORD_PARTS]
    cdef const Word *word = &table.words[0]
    cdef const Word *last = &table.words[table.count]
    if not pack_word(start, end, text):
        return NULL
    while word < last:
        if word.text[0] == text[0] and word.text[1] == text[1] and word.text[2] == text[2]:
            return word
        word += 1
    return NULL
