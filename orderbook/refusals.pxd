"""From a C code to the exception that Python sees."""

from libc.stdint cimport uint64_t

cdef int refuse(int code, uint64_t order_id) except -1

cdef int refuse_account(int code, uint64_t account_id) except -1

cdef int refuse_funds(int code, uint64_t order_id, uint64_t account_id, uint64_t available, str asset) except -1
