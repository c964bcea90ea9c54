"""A journal as its reader gives it: frames, checked, one after the other."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook_server.journal.format cimport HASH_BYTES, FrameHeader, SegmentHeader
from orderbook_server.journal.frames cimport Contents, Fault
from orderbook_server.journal.segment_file cimport SegmentFile


cdef class Frame:
    cdef readonly uint64_t sequence        # of its first numbered record
    cdef readonly uint64_t last_sequence   # of its last one
    cdef readonly uint64_t time            # nanoseconds since 1970
    cdef readonly uint64_t offset          # in its segment
    cdef readonly uint32_t epoch
    cdef readonly uint32_t size            # bytes, its header and padding included
    cdef readonly object segment
    cdef readonly bytes payload            # its records, then RECORD_BYTES_MAX zeros for parsers to look at
    cdef uint8_t[HASH_BYTES] chain         # hash of the frame before
    cdef uint8_t[HASH_BYTES] own           # its own


cdef class JournalReader:
    cdef readonly object folder
    cdef readonly object tail
    cdef uint64_t after
    cdef uint64_t until
    cdef bint live
    cdef list paths
    cdef Py_ssize_t place                  # of the next segment in `paths`
    cdef SegmentFile file                  # the one that is read
    cdef bint begun                        # the first segment was opened, or could not be
    cdef bint ended
    # The position behind the last frame that was passed:
    cdef uint64_t sequence
    cdef uint64_t offset
    cdef uint32_t epoch
    cdef uint8_t[HASH_BYTES] hash

    cdef int choose_segment(self) except -1
    cdef int begin_at(self, start) except -1
    cdef int seek(self) except -1
    cdef bint find(self, FrameHeader *header, Contents *contents) except -1
    cdef Frame pass_frame(self, const FrameHeader *header, const Contents *contents)
    cdef Fault look(self, FrameHeader *header, Contents *contents) except? <Fault>-1
    cdef int pass_end(self, Fault fault, const FrameHeader *header, const Contents *contents) except -1
    cdef bint open_next(self) except -1
    cdef bint open_segment(self, path) except -1
    cdef str join_fault(self, const SegmentHeader *header)
    cdef int end(self, uint64_t torn_bytes) except -1
