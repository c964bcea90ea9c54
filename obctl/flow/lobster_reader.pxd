"""LOBSTER message files: six numbers per line, no header."""

from obctl.flow.rows cimport Row
from obctl.flow.text_reader cimport Failure, TextReader


cdef enum:
    LOBSTER_COLUMNS = 6


cdef struct Column:
    const char *start
    const char *end


cdef class LobsterReader(TextReader):
    cdef int found_columns  # of a row with the wrong number

    cdef bint good_row(self, const Column *columns, Row *row, Failure *failure) noexcept nogil
