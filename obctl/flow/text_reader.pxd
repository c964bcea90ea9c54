"""What the readers of text formats share: blocks of whole lines, and a bad row told in words."""

from obctl.flow.lines cimport LineBlocks
from obctl.flow.rows cimport RowReader


cdef struct Failure:   # the bad row that ended a parse
    int reason         # OK: there was none; else a Reason
    int column         # the column it is about, from 0; -1 when it is about the whole row
    const char *start  # the field's text, inside the block
    const char *end


cdef class TextReader(RowReader):
    cdef LineBlocks lines

    cdef void parse(self, Py_ssize_t max_rows, Failure *failure) noexcept nogil
    cdef str column_name(self, int column)
    cdef str explain(self, int reason, int column)
    cdef object row_error(self, const Failure *failure)


cdef inline void fail(Failure *failure, int reason, int column, const char *start, const char *end) noexcept nogil:
    failure.reason = reason
    failure.column = column
    failure.start = start
    failure.end = end
