"""The reader that every format's reader extends: see rows.pxd."""

from libc.stdlib cimport free, realloc
from libc.string cimport memset

from typing import NamedTuple

from obctl.flow.errors import RowError


class FlowRow(NamedTuple):
    """One row as Python sees it; the fields of the C struct `Row` (rows.pxd says what they mean)."""

    line: int
    timestamp: int
    order_id: int
    price: int
    quantity: int
    account_id: int
    action: int
    side: int
    order_type: int
    flags: int


cdef class RowReader:
    """Read a file of order flow, some rows at a time. Use `obctl.flow.open_rows` to get one.

    It is a context manager. It is used by one thread at a time.
    """

    def __dealloc__(self):
        free(self.rows)

    cpdef Py_ssize_t read(self, Py_ssize_t max_rows) except -1:
        """Parse up to `max_rows` rows, and return how many; 0 at the end of the file.

        Fewer than `max_rows` are no sign of the end. A bad row ends the rows before it; the call after that raises its
        RowError, and the call after that goes on behind it. Raise FlowError when the compressed data is damaged.
        """
        if max_rows < 1:
            raise ValueError(f"max_rows {max_rows} is not positive")
        self.count = 0
        if self.pending is not None:
            error, self.pending = self.pending, None
            raise error
        self.reserve(max_rows)
        try:
            self.fill(max_rows)
        except RowError as error:
            if self.count == 0:
                raise
            self.pending = error
        return self.count

    cdef int fill(self, Py_ssize_t max_rows) except -1:
        """Parse up to `max_rows` rows into `rows` and count them. A bad row raises, behind the rows before it."""
        raise NotImplementedError

    cdef int reserve(self, Py_ssize_t max_rows) except -1:
        """Make room for `max_rows` rows."""
        cdef Row *rows
        if max_rows <= self.capacity:
            return 0
        rows = <Row *>realloc(self.rows, max_rows * sizeof(Row))
        if rows == NULL:
            raise MemoryError
        memset(rows + self.capacity, 0, (max_rows - self.capacity) * sizeof(Row))
        self.rows = rows
        self.capacity = max_rows
        return 0

    def rows_as_tuples(self):
        """Return the rows of the last `read` as a list of FlowRow."""
        cdef Row *row
        cdef Py_ssize_t i
        result = []
        for i in range(self.count):
            row = &self.rows[i]
            result.append(FlowRow(row.line, row.timestamp, row.order_id, row.price, row.quantity, row.account_id,
                                  row.action, row.side, row.order_type, row.flags))
        return result

    @property
    def bytes_read(self):
        """How far the file has been read, in bytes as they lie on the disk."""
        return self.source.bytes_read

    @property
    def bytes_total(self):
        """The file's size in bytes as it lies on the disk, or None when it is unknown (a pipe)."""
        return self.source.bytes_total

    def close(self):
        """Close the file."""
        self.source.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
