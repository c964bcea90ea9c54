"""Blocks of recorded rows as Python sees them: counted, drained, formatted as CSV, or read in place by numpy."""

from typing import NamedTuple

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.memoryview cimport PyMemoryView_FromMemory
from cpython.buffer cimport PyBUF_READ
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from orderbook.digits cimport put_digits

cdef enum:
    CELL_MAX = 32          # bytes that one formatted cell needs at most, its separator included
    CSV_BUFFER = 1 << 20   # bytes formatted between two writes


class Column(NamedTuple):
    """One column of a table: its name and, where its cells are codes, the words that code 1, 2, … stand for.

    A code of 0 is a missing word.
    """

    name: str
    words: tuple[str, ...] = ()


cdef class Block:
    """Rows recorded since the last `clear`, for one table whose columns are `columns`."""

    def __cinit__(self, columns):
        self.columns = tuple(columns)
        self.cells.width = len(self.columns)

    def __dealloc__(self):
        free(self.cells.values)
        free(self.cells.missing)

    def __len__(self):
        return self.cells.count

    def clear(self):
        """Forget all rows; the memory stays."""
        self.cells.count = 0

    def check(self):
        """Raise MemoryError if rows were lost because there was no memory for them."""
        if self.cells.failed:
            raise MemoryError("no memory for the recorded rows")

    cdef object view(self, void *start, size_t bytes):
        if bytes == 0:
            return memoryview(b"")
        return PyMemoryView_FromMemory(<char *>start, bytes, PyBUF_READ)

    def values(self):
        """Return the cells, row after row, as a buffer of native u8 × 8; it is valid until the next recording."""
        return self.view(self.cells.values, self.cells.count * self.cells.width * sizeof(uint64_t))

    def missing(self):
        """Return one byte per cell, 1 where there is no value, in the order of `values`."""
        return self.view(self.cells.missing, self.cells.count * self.cells.width)

    def write_csv(self, file):
        """Write all rows as lines of comma-separated values to a binary file; a missing cell is empty."""
        cdef size_t row = 0, used
        cdef size_t width = self.cells.width
        cdef size_t capacity = CSV_BUFFER + width * CELL_MAX
        cdef char *out = <char *>malloc(capacity)
        words = [[word.encode() for word in ("", *column.words)] if column.words else None for column in self.columns]
        if out == NULL:
            raise MemoryError("no memory for formatting CSV")
        try:
            while row < self.cells.count:
                used = 0
                while row < self.cells.count and used < CSV_BUFFER:
                    used = self.put_row(out, used, row, words)
                    row += 1
                file.write(PyBytes_FromStringAndSize(out, used))
        finally:
            free(out)

    cdef size_t put_row(self, char *out, size_t used, size_t row, list words) except 0:
        """Format one row behind the `used` bytes of `out`; return the bytes used then."""
        cdef size_t column, cell = row * self.cells.width
        cdef bytes word
        for column in range(self.cells.width):
            if words[column] is not None:
                word = (<list>words[column])[self.cells.values[cell]]
                memcpy(out + used, <char *>word, len(word))
                used += len(word)
            elif not self.cells.missing[cell]:
                used += put_digits(out + used, self.cells.values[cell])
            out[used] = c','
            used += 1
            cell += 1
        out[used - 1] = c'\n'
        return used
