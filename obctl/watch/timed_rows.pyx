"""TimedRows: the rows of a reader, each held back until its place on a timeline has come."""

from libc.stdint cimport uint64_t

from obctl.flow.binary_reader cimport BinaryReader
from obctl.flow.rows cimport Row, RowReader
from obctl.flow.text_reader cimport TextReader
from obctl.watch.timeline cimport Timeline
from orderbook.records cimport Command

cdef enum:
    ROWS_AHEAD = 1024


cdef class TimedRows(RowReader):
    """Read the rows of `inner`, which nobody else reads from now on, as far as `until` lets them go.

    `read` returns 0 also where the next row is not due; whether there is one, and when, `look_ahead` says.
    """

    cdef readonly RowReader inner
    cdef readonly Timeline timeline
    cdef public uint64_t until     # the place on the timeline up to which rows are given
    cdef Py_ssize_t given          # of the rows that `inner` read last
    cdef double share_before       # of the file, in front of those rows
    cdef double share_behind

    def __init__(self, RowReader inner not None, Timeline timeline not None):
        self.inner = inner
        self.timeline = timeline
        self.source = inner.source
        self.format = inner.format
        self.name = inner.name

    @property
    def holds_rows(self):
        """Whether `look_ahead` can tell without reading on."""
        return self.given < self.inner.count

    def look_ahead(self):
        """Return the place of the next row, None at the end of the file; read on where that is needed.

        Raise RowError where the next row is wrong, with all before it given; the next call looks behind it.
        """
        if self.given == self.inner.count:
            self.given = 0
            self.share_before = self.share_behind
            self.inner.read(ROWS_AHEAD)
            self.share_behind = self.share_parsed()
        if self.inner.count == 0:
            return None
        return self.timeline.due(self.inner.rows[self.given].timestamp)

    cdef int fill(self, Py_ssize_t max_rows) except -1:
        cdef const Row *row
        while self.count < max_rows and self.given < self.inner.count:
            row = &self.inner.rows[self.given]
            if self.timeline.due(row.timestamp) > self.until:
                break
            self.timeline.go_on(row.timestamp)
            self.rows[self.count] = row[0]
            self.count += 1
            self.given += 1
        return 0

    @property
    def share(self):
        """How much of the file has been given, 0 to 1; None where its size is unknown."""
        if self.bytes_total is None:
            return None
        if self.inner.count == 0:
            return self.share_behind
        return self.share_before + (self.share_behind - self.share_before) * self.given / self.inner.count

    cdef double share_parsed(self):
        """Return how much of the file has become rows; of a compressed one, as if all of it were as dense as so far."""
        cdef double decoded = self.source.bytes_decoded
        cdef double total = self.bytes_total or 0
        if not decoded or not total:
            return 0
        return min(1.0, self.bytes_read / total) * (decoded - bytes_held(self.inner)) / decoded


cdef Py_ssize_t bytes_held(RowReader reader):
    """Return how many bytes a reader has in its block that it has not made rows of."""
    if isinstance(reader, TextReader):
        return (<TextReader>reader).lines.size - (<TextReader>reader).lines.position
    return (<BinaryReader?>reader).size - (<BinaryReader>reader).position * <Py_ssize_t>sizeof(Command)
