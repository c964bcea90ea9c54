"""Executions as Python sees them."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook_server.sequencer.execution_log cimport Execution as ExecutionRecord


cdef class Execution:
    cdef readonly uint64_t sequence
    cdef ExecutionRecord record


cdef Execution new_execution(const ExecutionRecord *record, uint64_t sequence)
