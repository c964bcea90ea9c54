"""A segment's file, read in pieces.

It is read, never mapped: a server cuts a segment that is full to its length while others read it, and to touch a
mapped page behind the end of its file kills the process.
"""

import os

from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrnoWithFilenameObject
from libc.errno cimport EINTR, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memmove
from posix.unistd cimport close, pread

from orderbook_server.journal.format cimport FRAME_ALIGNMENT, FRAME_MAGIC, HASH_BYTES, RECORD_BYTES_MAX, FrameHeader
from orderbook_server.journal.frames cimport Contents, count_records, has_its_crc, possible_size

from orderbook_server.journal.position import Found

cdef enum:
    PIECE_BYTES = 4 << 20


cdef inline size_t zeros_behind(const uint8_t *p, size_t size) noexcept nogil:
    """Return how many of some bytes remain without the zeros at their end."""
    cdef uint64_t word
    while size >= 8:
        memcpy(&word, p + size - 8, 8)
        if word:
            break
        size -= 8
    while size and p[size - 1] == 0:
        size -= 1
    return size


cdef inline size_t find_magic(const uint8_t *p, size_t size) noexcept nogil:
    """Return where the first frame may begin, at a multiple of its alignment; `size` if nowhere."""
    cdef size_t i = 0
    cdef uint32_t word
    while i + sizeof(word) <= size:
        memcpy(&word, p + i, sizeof(word))
        if word == FRAME_MAGIC:
            return i
        i += FRAME_ALIGNMENT
    return size


cdef class SegmentFile:
    """Bytes of a file by their offset. Raises OSError."""

    def __cinit__(self, path):
        self.descriptor = -1
        self.path = path
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __dealloc__(self):
        if self.descriptor >= 0:
            close(self.descriptor)
        free(self.buffer)

    @property
    def size(self):
        """The size of the file, in bytes."""
        return os.fstat(self.descriptor).st_size

    def good_frames(self, uint64_t after=0, uint64_t offset=0):
        """Return all frames from `offset` on that are good by their magic, size and CRC, and begin behind a record.

        As a list of Found, whatever else lies between them.
        """
        cdef uint64_t end = self.end_of_data(offset)
        cdef FrameHeader header
        cdef Contents contents
        cdef list found = []
        offset = self.good_frame(offset, end)
        while offset:
            memcpy(&header, self.at(offset), sizeof(header))
            count_records(self.at(offset) + sizeof(header), header.size - sizeof(header), &contents)
            if header.sequence > after:
                found.append(Found(offset, header.sequence, contents.numbered, (<char *>header.previous)[:HASH_BYTES]))
            offset = self.good_frame(offset + header.size, end)
        return found

    def data_end(self, uint64_t offset):
        """Return where the zeros at the end of the file begin, `offset` if there is nothing else from there on."""
        return self.end_of_data(offset)

    cdef size_t load(self, uint64_t offset, size_t size) except? 0:
        """Have `size` bytes from `offset` on in the buffer; return how many there are, fewer at the end of the file."""
        cdef size_t kept = self.loaded(offset)
        cdef size_t capacity = max(size, <size_t>PIECE_BYTES)
        cdef void *grown
        if kept >= size:
            return size
        if self.capacity < capacity:
            grown = realloc(self.buffer, capacity)
            if grown == NULL:
                raise MemoryError
            self.buffer = <uint8_t *>grown
            self.capacity = capacity
        if kept:
            memmove(self.buffer, self.at(offset), kept)
        self.begin = offset
        self.filled = kept
        self.fill()
        return min(size, self.filled)

    cdef size_t loaded(self, uint64_t offset) noexcept:
        """Return how many bytes from `offset` on are in the buffer."""
        return self.begin + self.filled - offset if self.begin <= offset < self.begin + self.filled else 0

    cdef const uint8_t *at(self, uint64_t offset) noexcept:
        """Return where in the buffer the bytes from `offset` on are."""
        return self.buffer + (offset - self.begin)

    cdef int fill(self) except -1:
        """Read until the buffer is full or the file ends."""
        cdef Py_ssize_t count = 1
        while count and self.filled < self.capacity:
            with nogil:
                count = pread(
                    self.descriptor, self.buffer + self.filled, self.capacity - self.filled, self.begin + self.filled
                )
            if count >= 0:
                self.filled += count
            elif errno != EINTR:
                PyErr_SetFromErrnoWithFilenameObject(OSError, str(self.path))
            else:
                PyErr_CheckSignals()
        return 0

    cdef uint64_t end_of_data(self, uint64_t offset) except? 0:
        """Return where the zeros at the end of the file begin, `offset` if there is nothing else from there on."""
        cdef uint64_t end = offset
        cdef size_t count = self.load(offset, 1)
        cdef size_t data
        while count:
            count = self.loaded(offset)
            data = zeros_behind(self.at(offset), count)
            if data:
                end = offset + data
            offset += count
            count = self.load(offset, 1)
        return end

    cdef uint64_t good_frame(self, uint64_t offset, uint64_t end) except? 0:
        """Return where the first good frame from `offset` on begins, 0 if there is none; it is in the buffer.

        `end` is where the file's data ends: a frame has hardly more zeros behind it than a record has bytes, so one
        that says so need not be looked at.
        """
        cdef FrameHeader header
        cdef size_t step
        while offset < end and self.load(offset, sizeof(header)) == sizeof(header):
            step = find_magic(self.at(offset), self.loaded(offset) - (self.loaded(offset) % FRAME_ALIGNMENT))
            offset += step
            if self.load(offset, sizeof(header)) < sizeof(header):
                return 0
            memcpy(&header, self.at(offset), sizeof(header))
            if header.magic != FRAME_MAGIC:
                continue  # the end of the piece
            if possible_size(header.size) and offset + header.size <= end + RECORD_BYTES_MAX:
                if self.load(offset, header.size) == header.size and has_its_crc(self.at(offset), &header):
                    return offset
            offset += FRAME_ALIGNMENT
        return 0
