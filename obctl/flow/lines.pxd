"""Whole lines out of a stream of bytes, through one buffer of fixed size.

The buffer always ends in a newline: the parsers stop at newlines and need no other bound. What is behind the last
newline waits at the front of the buffer for the next block. A line may have LINE_MAX bytes, so memory stays flat
whatever the file holds.
"""

from libc.stdint cimport uint64_t


cdef enum:
    LINE_MAX = 1 << 16  # bytes in a line, without its newline


cdef class LineBlocks:
    cdef char *data
    cdef Py_ssize_t block_size  # bytes asked for at a time
    cdef Py_ssize_t position    # where the next line begins
    cdef Py_ssize_t whole       # behind the newline of the last whole line
    cdef Py_ssize_t size        # bytes held
    cdef uint64_t line          # number of the line at `position`, from 1
    cdef bint begun             # the place of a byte order mark is behind us
    cdef bint dropping          # inside a line that is too long
    cdef bint finished          # the source has ended
    cdef readonly object source

    cdef bint refill(self) except -1
    cdef void keep_rest(self) noexcept
    cdef bint read_block(self) except -1
    cdef bytes next_line(self)
    cdef object too_long_error(self, uint64_t line)


cdef inline bint too_long(const char *start, const char *newline) noexcept nogil:
    return newline - start > LINE_MAX


cdef inline Py_ssize_t empty_line(const char *line) noexcept nogil:
    """Return how long the line that begins here is, newline included, if it is empty; else 0."""
    if line[0] == c'\n':
        return 1
    return 2 if line[0] == c'\r' and line[1] == c'\n' else 0
