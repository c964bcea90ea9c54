"""Exchange: several markets over one ledger."""

from orderbook.events cimport EventSource
from orderbook.risk cimport RiskEngine
from orderbook.venue cimport Venue


cdef class Exchange(EventSource):
    cdef Venue venue
    cdef readonly tuple instruments
    cdef dict markets          # a RiskEngine per symbol
    cdef RiskEngine market_of(self, object symbol)
