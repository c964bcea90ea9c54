"""Rows of numbers that compiled code records without the GIL, on their way to a table file.

Row-major cells of 64 bits with one byte beside each that tells whether it is missing. Between two drains the array
grows as needed, so nothing is lost however much one command causes; where memory runs out that is remembered and
raised at the next drain.
"""

from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport realloc


cdef struct Cells:
    uint64_t *values
    uint8_t *missing     # 1 where there is no value
    size_t width         # cells in a row
    size_t count         # rows in use
    size_t capacity      # rows there is room for
    bint failed          # memory ran out: rows were lost


cdef inline int cells_grow(Cells *cells) noexcept nogil:
    cdef size_t rows = 2 * cells.capacity if cells.capacity else 1024
    cdef void *values = realloc(cells.values, rows * cells.width * sizeof(uint64_t))
    if values != NULL:
        cells.values = <uint64_t *>values
    cdef void *missing = realloc(cells.missing, rows * cells.width)
    if missing != NULL:
        cells.missing = <uint8_t *>missing
    if values == NULL or missing == NULL:
        cells.failed = True
        return -1
    cells.capacity = rows
    return 0


cdef inline uint64_t *cells_append(Cells *cells) noexcept nogil:
    """Return a new row, whose cells the caller sets (none is missing), or NULL when memory is out."""
    cdef size_t cell, first
    if cells.count == cells.capacity and cells_grow(cells):
        return NULL
    first = cells.count * cells.width
    for cell in range(first, first + cells.width):
        cells.missing[cell] = 0
    cells.count += 1
    return cells.values + first


cdef inline void cells_leave_out(Cells *cells, size_t column) noexcept nogil:
    """Mark one cell of the newest row as missing."""
    cdef size_t cell = (cells.count - 1) * cells.width + column
    cells.missing[cell] = 1
    cells.values[cell] = 0


cdef class Block:
    cdef Cells cells
    cdef readonly tuple columns
    cdef object view(self, void *start, size_t bytes)
    cdef size_t put_row(self, char *out, size_t used, size_t row, list words) except 0
