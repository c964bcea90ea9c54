"""Batches: the buffers that commands come in and results go out by, without a Python object per command."""

from libc.stdint cimport uint8_t, uint64_t

from orderbook.fills cimport FillBuffer


cdef struct ResultBuffers:
    uint8_t *status        # a Code per command
    uint64_t *unfilled     # per command
    uint64_t capacity      # commands they have room for
    FillBuffer fills


cdef class ResultPool:
    cdef ResultBuffers idle          # of the last result that nobody holds any more
    cdef ResultBuffers take(self, uint64_t commands) except *
    cdef void give_back(self, ResultBuffers *buffers) noexcept


cdef class BatchResult:
    cdef ResultPool pool
    cdef ResultBuffers buffers
    cdef readonly Py_ssize_t commands

cdef BatchResult new_batch_result(ResultPool pool, Py_ssize_t commands)


cdef class CommandBuffer:
    # Holds a caller's buffer of COMMAND records while a batch reads it.
    cdef Py_buffer view
    cdef bint held
