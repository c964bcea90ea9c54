"""Executions as Python sees them."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook_server.sequencer.execution_log cimport Execution as ExecutionRecord, ExecutionLog


cdef class Execution:
    cdef readonly uint64_t sequence
    cdef ExecutionRecord record


cdef Execution new_execution(const ExecutionRecord *record, uint64_t sequence)

cdef uint64_t first_after(const ExecutionLog *log, uint32_t account, uint64_t after) except? 0
