"""Filling the word tables: see words.pxd."""


cdef int add_word(WordTable *table, str text, int value, int detail) except -1:
    """Put a word into a table. Raise ValueError when it does not fit."""
    cdef bytes spelling = text.encode("ascii")
    cdef const char *start = spelling
    cdef Word *word = &table.words[table.count]
    if table.count == WORDS_MAX or not pack_word(start, start + len(spelling), word.text):
        raise ValueError(f"no room for the word {text!r}")
    word.value = value
    word.detail = detail
    table.count += 1
    return 0
