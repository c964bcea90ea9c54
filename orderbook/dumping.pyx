"""From an exchange to bytes: state.pxd has the layout."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset

from orderbook.accounts cimport Accounts, Holding, account_id, holding_at, holding_offset
from orderbook.book cimport Book, order_at, side_of
from orderbook.events cimport event_log_last
from orderbook.ledger cimport Ledger
from orderbook.levels cimport level_at, level_next
from orderbook.limits cimport Limits
from orderbook.matching cimport Matcher
from orderbook.money cimport seat_of
from orderbook.records cimport ASK, BID, Order, assert_size, prefetch
from orderbook.seats cimport Seat, seat_pack
from orderbook.state cimport (
    STATE_FORMAT, STATE_HALTED, STATE_MAGIC, STATE_MOVED, STATE_NAME, STATE_REFERRED, StateAsset, StateHeader,
    StateMarket, StateOrder,
)


cdef int put_name(char *field, str name) except -1:
    cdef bytes letters = name.encode()
    if len(letters) > STATE_NAME:
        raise ValueError(f"the name {name!r} has more than {STATE_NAME} bytes")
    memcpy(field, PyBytes_AS_STRING(letters), len(letters))
    return 0


cdef char *put_header(char *at, Venue venue):
    cdef StateHeader header
    memset(&header, 0, sizeof(header))
    header.magic = STATE_MAGIC
    header.format = STATE_FORMAT
    header.last_sequence = event_log_last(&venue.ring.log)
    header.assets = venue.ledger.accounts.assets
    header.markets = venue.count
    header.accounts = venue.ledger.accounts.used - 1
    memcpy(at, &header, sizeof(header))
    return at + sizeof(header)


cdef char *put_assets(char *at, Ledger ledger):
    cdef StateAsset asset
    cdef uint32_t position
    for position in range(ledger.accounts.assets):
        memset(&asset, 0, sizeof(asset))
        put_name(asset.name, ledger.assets[position])
        asset.issued = ledger.accounts.issued[position]
        memcpy(at, &asset, sizeof(asset))
        at += sizeof(asset)
    return at


cdef char *put_market(char *at, const Matcher *market, object instrument):
    cdef StateMarket record
    cdef const Limits *limits = &market.money.limits
    memset(&record, 0, sizeof(record))
    put_name(record.symbol, instrument.symbol)
    record.base = market.money.base
    record.quote = market.money.quote
    record.bids = side_of(market.book, BID).order_count
    record.asks = side_of(market.book, ASK).order_count
    if market.money.halted:
        record.flags |= STATE_HALTED
    if instrument.reference_price != (limits.reference_price if limits.referred else None):
        record.flags |= STATE_MOVED
        if limits.referred:
            record.flags |= STATE_REFERRED
            record.reference_price = limits.reference_price
    memcpy(at, &record, sizeof(record))
    return at + sizeof(record)


cdef char *put_accounts(char *at, const Accounts *accounts) noexcept nogil:
    """Write ids and holdings."""
    cdef uint32_t slot
    cdef size_t size = accounts.assets * sizeof(Holding)
    cdef uint64_t id
    for slot in range(1, accounts.used):
        id = account_id(accounts, slot)
        memcpy(at, &id, sizeof(id))
        at += sizeof(id)
    for slot in range(1, accounts.used):
        memcpy(at, holding_at(accounts, slot, holding_offset(accounts, 0)), size)
        at += size
    return at


cdef char *put_seats(char *at, const Matcher *market) noexcept nogil:
    """Write how many orders each account has, and close the gaps in its seat: an order's place becomes its rank."""
    cdef uint32_t slot
    cdef Seat *seat
    for slot in range(1, market.money.accounts.used):
        seat = seat_of(&market.money, slot)
        if seat.size != seat.open:
            seat_pack(seat, market.book)
        memcpy(at, &seat.open, sizeof(seat.open))
        at += sizeof(seat.open)
    return at


cdef char *put_orders(char *at, Book *book, int side) noexcept nogil:
    cdef StateOrder record
    cdef uint32_t level = side_of(book, side).best
    cdef uint32_t slot
    cdef const Order *order
    memset(&record, 0, sizeof(record))
    while level:
        slot = level_at(&book.store, level).oldest
        while slot:
            order = order_at(book, slot)
            slot = order.younger
            prefetch(order_at(book, slot))
            record.id = order.id
            record.price = order.price
            record.quantity = order.quantity
            record.session = order.session
            record.account = order.account
            record.rank = order.entry
            record.prevention = order.prevention
            record.post_only = order.post_only
            memcpy(at, &record, sizeof(record))
            at += sizeof(record)
        level = level_next(&book.store, level)
    return at


cdef size_t dump_size(Venue venue):
    """Return how many bytes the state takes."""
    cdef const Accounts *accounts = &venue.ledger.accounts
    cdef size_t account = sizeof(uint64_t) + accounts.assets * sizeof(Holding) + venue.count * sizeof(uint32_t)
    cdef size_t size = sizeof(StateHeader) + (accounts.used - 1) * account
    cdef uint32_t position
    size += accounts.assets * sizeof(StateAsset) + venue.count * sizeof(StateMarket)
    for position in range(venue.count):
        size += venue.markets[position].book.index.count * sizeof(StateOrder)
    return size


cdef bytes state_dump(Venue venue):
    """Return the state of a venue; MemoryError where there is none for it."""
    cdef bytes state = PyBytes_FromStringAndSize(NULL, dump_size(venue))
    cdef char *at = PyBytes_AS_STRING(state)
    cdef const Matcher *markets = venue.markets
    cdef const Accounts *accounts = &venue.ledger.accounts
    cdef uint32_t position
    cdef uint32_t count = venue.count
    at = put_header(at, venue)
    at = put_assets(at, venue.ledger)
    for position in range(count):
        at = put_market(at, &markets[position], venue.instruments[position])
    with nogil:
        at = put_accounts(at, accounts)
        for position in range(count):
            at = put_seats(at, &markets[position])
            at = put_orders(at, markets[position].book, BID)
            at = put_orders(at, markets[position].book, ASK)
    return state


cdef void check_layout() noexcept nogil:
    assert_size(sizeof(StateHeader), 32)
    assert_size(sizeof(StateAsset), 40)
    assert_size(sizeof(StateMarket), 64)
    assert_size(sizeof(StateOrder), 48)
