"""Files of raw COMMAND records (`.bin`)."""

from libc.stdint cimport uint64_t

from obctl.flow.rows cimport RowReader
from orderbook.records cimport Command


cdef class BinaryReader(RowReader):
    cdef Command *commands        # the records of the block in hand
    cdef Py_ssize_t block_size    # bytes
    cdef Py_ssize_t size          # bytes held
    cdef Py_ssize_t position      # the next record, in records
    cdef Py_ssize_t whole         # whole records held
    cdef uint64_t record          # number of the record at `position`, from 1
    cdef bint finished
    cdef bytearray block          # owns `commands`
    cdef object view              # of the block

    cdef bint refill(self) except -1
    cdef Py_ssize_t take(self, Py_ssize_t max_records) except -1
    cdef object record_error(self, const Command *command)
