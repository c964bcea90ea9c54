"""Ledger: what accounts have, as Python sees it."""

from libc.stdint cimport uint32_t

from orderbook.accounts cimport Accounts
from orderbook.guard cimport Guard


cdef class Ledger:
    cdef Accounts accounts
    cdef Guard guard           # its own, or that of the exchange that it belongs to
    cdef readonly tuple assets  # their names, in the order of their positions
    cdef dict positions        # by name
    cdef frozenset quotes      # positions of those that the first pair to name them calls the quote


cdef uint32_t asset_position(Ledger ledger, object asset) except? 0xFFFFFFFF
