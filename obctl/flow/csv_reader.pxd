"""CSV with a header, in the spellings of spellings.py."""

from libc.stdint cimport uint64_t

from obctl.flow.rows cimport Row
from obctl.flow.scan cimport Unit
from obctl.flow.text_reader cimport Failure, TextReader


cdef enum:            # the roles: what a column means; NO_ROLE columns are read past
    NO_ROLE
    TIME
    KIND
    ORDER_ID
    SIDE
    PRICE
    QUANTITY
    ORDER_TYPE
    ACCOUNT
    SYMBOL
    ROLE_COUNT


cdef enum:
    COLUMNS_MAX = 256


cdef struct Field:
    const char *start
    const char *end


cdef class CsvReader(TextReader):
    cdef readonly list header             # the columns as the file spells them
    cdef char delimiter
    cdef int column_count
    cdef int roles[COLUMNS_MAX]           # the role of each column
    cdef int columns[ROLE_COUNT]          # the column of each role, -1 when there is none
    cdef Field fields[ROLE_COUNT]         # of the row in hand
    cdef Unit tick
    cdef Unit lot
    cdef object tick_size                 # as they were given, for messages
    cdef object lot_size
    cdef int time_unit
    cdef int found_columns                # of a row with the wrong number
    cdef uint64_t numbered                # orders that had no id so far, those of the files before included
    cdef char *symbol                     # the one that is read; NULL until a first row has said it
    cdef Py_ssize_t symbol_size
    cdef bint skip_other_symbols

    cdef int resolve(self, bytes header) except -1
    cdef int pick_symbol(self, str symbol) except -1
    cdef int follow(self, CsvReader before) except -1
    cdef int split(self, char *line, char **newline) noexcept nogil
    cdef bint other_symbol(self) noexcept nogil
    cdef bint keep_symbol(self, const char *start, Py_ssize_t size) noexcept nogil
    cdef bint good_row(self, Row *row, Failure *failure) noexcept nogil
    cdef int parse_kind(self, Row *row) noexcept nogil
    cdef int parse_type(self, Row *row) noexcept nogil
    cdef int parse_id(self, Row *row) noexcept nogil
    cdef int parse_side(self, Row *row) noexcept nogil
    cdef int parse_price(self, Row *row) noexcept nogil
    cdef int parse_quantity(self, Row *row) noexcept nogil
    cdef void parse_account(self, Row *row) noexcept nogil
