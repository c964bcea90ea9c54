"""The accounts of an exchange, by their ids."""

from libc.stdint cimport uint32_t

from orderbook.accounts cimport account_id
from orderbook.exchange cimport Exchange
from orderbook.ledger cimport Ledger


def account_ids(Exchange exchange not None):
    """Return the ids of all accounts that ever had anything, in order."""
    cdef Ledger ledger = exchange.venue.ledger
    cdef uint32_t slot
    cdef list ids = []
    for slot in range(1, ledger.accounts.used):
        ids.append(account_id(&ledger.accounts, slot))
    ids.sort()
    return ids
