"""Tally: what the frames of a journal hold, counted without making a Python object per record."""

from libc.stdint cimport uint8_t, uint64_t

from orderbook_server.journal.format cimport OTHER, PADDING, SOURCE, FrameHeader, take_source
from orderbook_server.journal.frames cimport is_command, is_other, record_size
from orderbook_server.journal.reader cimport Frame

cdef enum:
    NS = 1_000_000_000
    KINDS = 8 + 32             # of records by bits 0–2 of their first byte; those of the kind OTHER by bits 3–7, behind

cdef dict PLACES = {
    "NEW": 1, "CANCEL": 2, "MODIFY": 3, "CREDIT": 4, "CANCEL_ALL": 5, "DEBIT": 6,
    "RAW": 8 + 1, "SESSION": 8 + 2, "INSTRUMENTS": 8 + 3, "STATE": 8 + 4,
}


cdef class Tally:
    """Counts of frames, bytes and records.

    first_time, last_time: of commands, nanoseconds since 1970, 0 without one. busiest_second: since 1970, the one in
    which the most commands came in, and how many those are; a second that the clock goes through again is another one.
    """

    cdef readonly uint64_t frames
    cdef readonly uint64_t bytes
    cdef readonly uint64_t records
    cdef readonly uint64_t commands
    cdef readonly uint64_t frame_commands_max
    cdef readonly uint64_t first_time
    cdef readonly uint64_t last_time
    cdef readonly uint64_t busiest_second
    cdef readonly uint64_t busiest_commands
    cdef uint64_t counts[KINDS]
    cdef uint64_t second       # in which the last command came
    cdef uint64_t in_second    # commands in it so far

    @property
    def kinds(self):
        """The records by their kinds, {name: count} of those there are; RAW are commands refused for their form."""
        cdef dict kinds = {}
        for name, place in PLACES.items():
            if self.counts[<size_t>place]:
                kinds[name] = self.counts[<size_t>place]
        return kinds

    def add(self, Frame frame not None):
        """Count a frame, which was checked."""
        cdef const uint8_t *p = <const uint8_t *>(<const char *>frame.payload)
        cdef const uint8_t *end = p + frame.size - sizeof(FrameHeader)
        cdef uint64_t before = self.commands
        with nogil:
            while p < end and p[0] & 7 != PADDING:
                self.count(p)
                p += record_size(p, end - p)
        self.frames += 1
        self.bytes += frame.size
        self.frame_commands_max = max(self.frame_commands_max, self.commands - before)

    cdef void count(self, const uint8_t *p) noexcept nogil:
        """Count a record."""
        cdef uint64_t session
        if is_other(p, SOURCE):
            take_source(<const char *>p, &self.last_time, &session)
            return
        self.records += 1
        self.counts[8 + (p[0] >> 3) if p[0] & 7 == OTHER else p[0] & 7] += 1
        if is_command(p):
            self.count_command()

    cdef void count_command(self) noexcept nogil:
        """Count a command that came in at `last_time`."""
        cdef uint64_t second = self.last_time // NS
        if self.commands == 0:
            self.first_time = self.last_time
        if second != self.second:
            self.second = second
            self.in_second = 0
        self.commands += 1
        self.in_second += 1
        if self.in_second > self.busiest_commands:
            self.busiest_commands = self.in_second
            self.busiest_second = second
