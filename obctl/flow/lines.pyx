"""Whole lines out of a stream of bytes: see lines.pxd."""

from cpython.buffer cimport PyBUF_WRITE
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdlib cimport free, malloc
from libc.string cimport memchr, memcmp, memmove

from obctl.flow.errors import RowError


cdef class LineBlocks:
    """The lines of one source. The owner parses `data[position:whole]` and moves `position` and `line` along."""

    def __cinit__(self, source, Py_ssize_t block_size):
        if block_size < 1:
            raise ValueError(f"block_size {block_size} is not positive")
        self.source = source
        self.block_size = block_size
        self.line = 1
        self.data = <char *>malloc(block_size + LINE_MAX + 1)
        if self.data == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.data)

    cdef bint refill(self) except -1:
        """Get the next whole lines, once all before are consumed. Return False at the end of the source.

        Raise RowError for a line that is too long; the next call goes on behind it.
        """
        cdef char *newline
        while True:
            self.keep_rest()
            if self.size > LINE_MAX and not self.dropping:
                self.dropping = True
                raise self.too_long_error(self.line)
            if not self.read_block():
                return False
            self.whole = self.size
            while self.whole > 0 and self.data[self.whole - 1] != c'\n':
                self.whole -= 1
            if self.whole == 0:
                continue
            if self.dropping:
                newline = <char *>memchr(self.data, c'\n', self.size)
                self.position = newline + 1 - self.data
                self.dropping = False
                self.line += 1
            if self.position < self.whole:
                return True

    cdef void keep_rest(self) noexcept:
        """Move what is behind the last whole line to the front; of a line that is dropped, keep nothing."""
        self.size = 0 if self.dropping and self.whole == 0 else self.size - self.whole
        memmove(self.data, self.data + self.whole, self.size)
        self.position = self.whole = 0

    cdef bint read_block(self) except -1:
        """Read a block behind what is held, and close the last line at the end of the source. Return False there."""
        cdef Py_ssize_t got
        if self.finished:
            return False
        got = self.source.readinto(PyMemoryView_FromMemory(self.data + self.size, self.block_size, PyBUF_WRITE))
        self.size += got
        if got == 0:
            self.finished = True
            if self.size == 0 and not self.dropping:
                return False
            self.data[self.size] = c'\n'
            self.size += 1
        if not self.begun and self.size >= 3:
            self.begun = True
            if memcmp(self.data, b"\xef\xbb\xbf", 3) == 0:
                self.size -= 3
                memmove(self.data, self.data + 3, self.size)
        return True

    cdef bytes next_line(self):
        """Return the next line that has text in it, stripped of blanks and line end; None at the end of the source."""
        cdef char *start
        cdef char *newline
        while self.position < self.whole or self.refill():
            start = self.data + self.position
            newline = <char *>memchr(start, c'\n', self.whole - self.position)
            self.position = newline + 1 - self.data
            self.line += 1
            if too_long(start, newline):
                raise self.too_long_error(self.line - 1)
            line = start[:newline - start].strip()
            if line:
                return line
        return None

    cdef object too_long_error(self, uint64_t line):
        """Return the refusal of a line that has more than LINE_MAX bytes."""
        return RowError(self.source.name, line, None, None, f"the line has more than {LINE_MAX} bytes")
