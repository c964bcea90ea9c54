"""Limits: from an Instrument to C, and the band."""

from libc.stdint cimport uint64_t


cdef uint64_t most(object limit) except? 0xDEADBEEFDEADBEEF:
    return <uint64_t>-1 if limit is None else limit


cdef int limits_set(Limits *limits, object instrument) except -1:
    """Take over the limits of an Instrument."""
    limits.referred = instrument.reference_price is not None
    limits.reference_price = instrument.reference_price or 0
    limits.banded = instrument.price_band is not None
    limits.price_band = most(instrument.price_band)
    limits.quantity_max = most(instrument.quantity_max)
    limits.notional_max = most(instrument.notional_max)
    limits.open_orders_max = most(instrument.open_orders_max)
    limits.any = limits.banded or not (
        instrument.quantity_max is None and instrument.notional_max is None and instrument.open_orders_max is None
    )
    return 0


cdef bint out_of_band(const Limits *limits, uint64_t price) noexcept nogil:
    """Tell whether a price lies further from the reference price than the band is wide."""
    cdef uint64_t reference = limits.reference_price
    return limits.banded and (price - reference if price > reference else reference - price) > limits.price_band
