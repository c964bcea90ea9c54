"""The state of an exchange as bytes: all that decides what it will do and say from here on.

dumping.pyx writes it, and loading.pyx reads it.

    StateHeader
    StateAsset × assets
    StateMarket × markets       in the order of the instruments
    u64 × accounts              their ids, in the order in which they were opened
    Holding × accounts × assets
    and per market:
        u32 × accounts          how many orders each has resting there
        StateOrder × bids       best price first, each price's oldest first
        StateOrder × asks

Everything is little-endian and without padding. Equal states make equal bytes, if accounts were opened in the same
order. Events are not in it, only the number of the last; nor is what instruments are described by: limits, sizes.

Loading distrusts every byte. What is read is built up in a venue of its own, checked on the way, and taken over whole
at the end, so a state that is refused changes nothing. Memory grows with the bytes that are there, whatever counts say.

A place in the order of entry is stored as the rank among the account's open orders in the market, so that a seat is
filled without gaps, in whatever order its orders come.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t


cdef enum:
    STATE_FORMAT = 1
    STATE_MAGIC = 0x5453424F   # "OBST"
    STATE_NAME = 32            # bytes of a name, as many as NAME_LENGTH_MAX in instruments.py


cdef enum StateFlag:
    STATE_HALTED = 1
    STATE_MOVED = 2            # the reference price is no longer that of the instrument's description, but
    STATE_REFERRED = 4         # this one; without this bit: none


cdef struct StateHeader:
    uint32_t magic
    uint32_t format
    uint64_t last_sequence     # of events
    uint32_t assets
    uint32_t markets
    uint32_t accounts
    uint32_t spare             # 0, here and below


cdef struct StateAsset:
    char name[32]              # ASCII, then zeros
    uint64_t issued


cdef struct StateMarket:
    char symbol[32]            # ASCII, then zeros
    uint32_t base              # positions among the assets of the state
    uint32_t quote
    uint32_t bids              # orders
    uint32_t asks
    uint64_t reference_price
    uint32_t flags             # StateFlag
    uint32_t spare


cdef struct StateOrder:
    uint64_t id
    uint64_t price
    uint64_t quantity
    uint64_t session
    uint32_t account           # 1 for the first
    uint32_t rank              # in order of entry, among its account's orders in the market; 0 for the oldest
    uint8_t prevention         # PreventionCode, 0 none
    uint8_t post_only
    uint16_t spare
    uint32_t spare_too
