"""From bytes to an exchange, every byte of them under distrust: state.pxd has the layout.

What finds a fault returns it as a sentence about `Source.id`, NULL when all is well.
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc
from libc.string cimport memcpy

from orderbook.accounts cimport Accounts, Holding, account_id, account_open, holding_at, holding_offset
from orderbook.book cimport Book, OrderBook, book_crosses, book_reserve, book_rest, order_at, side_of
from orderbook.events cimport event_log_go_on, event_log_last
from orderbook.index cimport index_fit, index_hash, index_holds
from orderbook.ledger cimport Ledger
from orderbook.levels cimport BookSide
from orderbook.limits cimport Limits
from orderbook.matching cimport Matcher
from orderbook.money cimport given, needed, seat_of
from orderbook.records cimport ASK, BID, DECREMENT, Order, prefetch, unlikely
from orderbook.seats cimport SEAT_FIRST_CAPACITY, Seat
from orderbook.state cimport (
    STATE_FORMAT, STATE_HALTED, STATE_MAGIC, STATE_MOVED, STATE_NAME, STATE_REFERRED, StateAsset, StateHeader,
    StateMarket, StateOrder,
)
from orderbook.venue cimport new_venue
from orderbook.wide cimport fits, value_of


cdef enum:
    AHEAD = 16                 # orders: so far ahead, the index entry that an id will have is fetched

cdef extern from *:
    """
    static const char orderbook_no_memory[] = "memory is out";
    """
    const char *NO_MEMORY "orderbook_no_memory"


cdef struct Source:            # a state under distrust
    StateHeader header
    const char *assets         # its parts, in which nothing is aligned
    const char *markets
    const char *ids
    const char *holdings
    const char *orders         # of the market at hand, its seats first
    uint32_t *offsets          # per asset: where in a row its holding is; 0: the exchange lacks it
    uint64_t *unheld           # per asset: issued, less what accounts hold that were read
    uint64_t id                # of the account or order at hand


cdef const char *load_holdings(Source *source, Accounts *accounts, uint32_t slot, const char *at) noexcept nogil:
    """Give an account what it has available. What it has reserved comes with its orders."""
    cdef uint32_t asset
    cdef Holding holding
    for asset in range(source.header.assets):
        memcpy(&holding, at + asset * sizeof(holding), sizeof(holding))
        if holding.available > source.unheld[asset]:
            return "accounts up to {} hold more of an asset than was issued"
        source.unheld[asset] -= holding.available
        if holding.reserved > source.unheld[asset]:
            return "accounts up to {} hold more of an asset than was issued"
        source.unheld[asset] -= holding.reserved
        if source.offsets[asset]:
            holding_at(accounts, slot, source.offsets[asset]).available = holding.available
    return NULL


cdef const char *load_accounts(Source *source, Accounts *accounts) noexcept nogil:
    """Open all accounts, in the same slots."""
    cdef uint32_t slot, opened, asset
    cdef size_t row = source.header.assets * sizeof(Holding)
    cdef const char *wrong
    for slot in range(1, source.header.accounts + 1):
        memcpy(&source.id, source.ids + (slot - 1) * sizeof(source.id), sizeof(source.id))
        opened = account_open(accounts, source.id)
        if opened == 0:
            return NO_MEMORY
        if opened != slot:
            return "account {} comes twice"
        wrong = load_holdings(source, accounts, slot, source.holdings + (slot - 1) * row)
        if wrong != NULL:
            return wrong
    for asset in range(source.header.assets):
        if source.unheld[asset] != 0:
            return "accounts hold less of an asset than was issued"
    return NULL


cdef const char *load_seats(Source *source, const Matcher *market, uint64_t orders) noexcept nogil:
    """Make room at the seats for all orders of a market."""
    cdef uint32_t slot, open_orders, capacity
    cdef Seat *seat
    for slot in range(1, source.header.accounts + 1):
        memcpy(&open_orders, source.orders, sizeof(open_orders))
        source.orders += sizeof(open_orders)
        if open_orders > orders:
            return "accounts have more orders than there are"
        orders -= open_orders
        if open_orders == 0:
            continue
        capacity = SEAT_FIRST_CAPACITY
        while capacity < open_orders:
            capacity *= 2
        seat = seat_of(&market.money, slot)
        seat.entries = <uint32_t *>calloc(capacity, sizeof(uint32_t))
        if seat.entries == NULL:
            return NO_MEMORY
        seat.capacity = capacity
        seat.size = seat.open = open_orders
    if orders:
        return "accounts have fewer orders than there are"
    return NULL


cdef const char *order_fault(const Matcher *market, int side, const StateOrder *record, uint32_t hash,
                             uint64_t key_before) noexcept nogil:
    """Return what is wrong with an order behind those that rest already; its account and rank are looked at later."""
    cdef Book *book = market.book
    cdef const BookSide *into = side_of(book, side)
    if record.quantity == 0:
        return "order {} has no quantity"
    if record.prevention > DECREMENT or record.post_only > 1 or record.spare or record.spare_too:
        return "order {} has flags that there are not"
    if index_holds(&book.index, book.orders.items, sizeof(Order), record.id, hash):
        return "order {} comes twice"
    if record.price ^ into.mask < key_before:
        return "order {} comes behind a worse price"
    if book_crosses(book, side, record.price):
        return "order {} crosses the book"
    if not fits(value_of(record.price, record.quantity)):
        return "the value of order {} is above 2^64-1"
    if into.total + record.quantity < record.quantity:
        return "the orders up to {} are more than 2^64-1 lots"
    return NULL


cdef const char *load_order(const Matcher *market, int side, const StateOrder *record, uint32_t hash) noexcept nogil:
    """Put an order without fault into its book and its account's seat."""
    cdef Book *book = market.book
    cdef uint64_t need = needed(side, record.price, record.quantity)
    cdef uint32_t slot
    cdef Seat *seat
    cdef Holding *holding
    cdef Order *order
    if not 0 < record.account < market.money.accounts.used:
        return "order {} belongs to no account"
    seat = seat_of(&market.money, record.account)
    if record.rank >= seat.size or seat.entries[record.rank] != 0:
        return "order {} has a place among its account's orders that is not free"
    holding = given(&market.money, record.account, side)
    if holding.reserved + need < need:
        return "the orders up to {} need more than 2^64-1"
    if book_reserve(book, side, record.price, 0, False):
        return NO_MEMORY
    slot = book_rest(book, record.id, hash, side, record.price, record.quantity, record.post_only, False)
    order = order_at(book, slot)
    order.session = record.session
    order.account = record.account
    order.prevention = record.prevention
    order.entry = record.rank
    seat.entries[record.rank] = slot
    holding.reserved += need
    return NULL


cdef const char *load_side(Source *source, const Matcher *market, int side, uint32_t count) noexcept nogil:
    """Let the orders of one side rest."""
    cdef Book *book = market.book
    cdef StateOrder record
    cdef uint64_t key_before = 0
    cdef uint64_t id
    cdef uint32_t number, hash
    cdef const char *wrong
    for number in range(count):
        if number + <uint32_t>AHEAD < count:
            memcpy(&id, source.orders + AHEAD * sizeof(record), sizeof(id))
            prefetch(&book.index.entries[index_hash(&book.index, id) >> book.index.shift])
        memcpy(&record, source.orders, sizeof(record))
        source.orders += sizeof(record)
        source.id = record.id
        hash = index_hash(&book.index, record.id)
        wrong = order_fault(market, side, &record, hash, key_before)
        if wrong == NULL:
            wrong = load_order(market, side, &record, hash)
        if unlikely(wrong != NULL):
            return wrong
        key_before = record.price ^ side_of(book, side).mask
    return NULL


cdef const char *load_market(Source *source, const Matcher *market, const StateMarket *record) noexcept nogil:
    """Fill a market, its seats first."""
    cdef uint64_t orders = <uint64_t>record.bids + record.asks
    cdef const char *wrong = load_seats(source, market, orders)
    if wrong == NULL and index_fit(&market.book.index, orders):
        wrong = NO_MEMORY
    if wrong == NULL:
        wrong = load_side(source, market, BID, record.bids)
    if wrong == NULL:
        wrong = load_side(source, market, ASK, record.asks)
    return wrong


cdef const char *reservations_fault(Source *source, const Accounts *accounts) noexcept nogil:
    """See that each account has reserved what its orders need, now that all are there."""
    cdef const char *at = source.holdings
    cdef uint32_t slot, asset
    cdef uint64_t needs
    cdef Holding holding
    for slot in range(1, accounts.used):
        source.id = account_id(accounts, slot)
        for asset in range(source.header.assets):
            memcpy(&holding, at, sizeof(holding))
            at += sizeof(holding)
            needs = holding_at(accounts, slot, source.offsets[asset]).reserved if source.offsets[asset] else 0
            if holding.reserved != needs:
                return "account {} has reserved other than what its orders need"
    return NULL


cdef int refuse_fault(const Source *source, const char *wrong, str where) except -1:
    """Raise what a fault stands for, if there is one."""
    if wrong == NO_MEMORY:
        raise MemoryError("no memory for the state of an exchange")
    if wrong != NULL:
        raise ValueError(where + wrong.decode().format(source.id))
    return 0


cdef str name_of(const char *field):
    """Return a name; one that nothing can have where the bytes are none."""
    return field[:STATE_NAME].rstrip(b"\0").decode("latin-1")


cdef StateAsset asset_of(const Source *source, uint32_t position) noexcept nogil:
    cdef StateAsset asset
    memcpy(&asset, source.assets + position * sizeof(asset), sizeof(asset))
    return asset


cdef StateMarket market_of(const Source *source, uint32_t position) noexcept nogil:
    cdef StateMarket market
    memcpy(&market, source.markets + position * sizeof(market), sizeof(market))
    return market


cdef class StateReader:
    """A state that is being read, and what its assets are in the exchange."""

    cdef Source source

    def __dealloc__(self):
        PyMem_Free(self.source.offsets)
        PyMem_Free(self.source.unheld)

    cdef int begin(self, const char *state, size_t size) except -1:
        """Find the parts of a state; ValueError unless they are exactly as long as it is."""
        cdef Source *source = &self.source
        cdef uint32_t position
        if size < sizeof(StateHeader):
            raise ValueError(f"a state has {sizeof(StateHeader)} bytes or more, not {size}")
        memcpy(&source.header, state, sizeof(StateHeader))
        if source.header.magic != STATE_MAGIC:
            raise ValueError("the bytes are no state of an exchange")
        if source.header.format != STATE_FORMAT:
            raise ValueError(f"the state has format {source.header.format}, not {STATE_FORMAT}")
        if source.header.spare or source.header.last_sequence >> 63 or source.header.accounts >> 31:
            raise ValueError("the header of the state is not right")
        assets, markets, accounts = source.header.assets, source.header.markets, source.header.accounts
        heads = sizeof(StateHeader) + assets * <object>sizeof(StateAsset) + markets * <object>sizeof(StateMarket)
        account = sizeof(uint64_t) + assets * <object>sizeof(Holding) + markets * <object>sizeof(uint32_t)
        whole = heads + accounts * account
        if whole <= size:
            source.assets = state + sizeof(StateHeader)
            source.markets = source.assets + source.header.assets * sizeof(StateAsset)
            source.ids = state + <size_t>heads
            source.holdings = source.ids + source.header.accounts * sizeof(uint64_t)
            source.orders = source.holdings + source.header.accounts * (source.header.assets * sizeof(Holding))
            for position in range(source.header.markets):
                market = market_of(source, position)
                whole += (<object>market.bids + market.asks) * sizeof(StateOrder)
        if whole != size:
            raise ValueError(f"by its numbers the state has {whole} bytes, not {size}")
        return 0

    cdef int map_assets(self, Ledger ledger) except -1:
        """Find the exchange's place for each asset, and issue it; ValueError where one is lacking that is in use."""
        cdef Source *source = &self.source
        cdef Accounts *accounts = &ledger.accounts
        cdef uint32_t number
        cdef StateAsset asset
        source.offsets = <uint32_t *>PyMem_Calloc(source.header.assets, sizeof(uint32_t))
        source.unheld = <uint64_t *>PyMem_Calloc(source.header.assets, sizeof(uint64_t))
        if source.offsets == NULL or source.unheld == NULL:
            raise MemoryError("no memory for the assets of a state")
        names = set()
        for number in range(source.header.assets):
            asset = asset_of(source, number)
            name = name_of(asset.name)
            if name in names:
                raise ValueError(f"the asset {name!r} comes twice")
            names.add(name)
            source.unheld[number] = asset.issued
            position = ledger.positions.get(name)
            if position is not None:
                source.offsets[number] = holding_offset(accounts, position)
                accounts.issued[<uint32_t>position] = asset.issued
            elif asset.issued:
                raise ValueError(f"the exchange lacks the asset {name!r}, of which {asset.issued} are issued")
        return 0

    cdef int load_accounts(self, Accounts *accounts) except -1:
        cdef const char *wrong
        with nogil:
            wrong = load_accounts(&self.source, accounts)
        return refuse_fault(&self.source, wrong, "")

    cdef int load_markets(self, Venue venue) except -1:
        """Fill the markets of a venue that the state has; ValueError where one with orders is lacking."""
        cdef uint32_t number
        cdef StateMarket record
        positions, symbols = {}, set()
        for position, instrument in enumerate(venue.instruments):
            positions[instrument.symbol] = position
        for number in range(self.source.header.markets):
            record = market_of(&self.source, number)
            symbol = name_of(record.symbol)
            if symbol in symbols:
                raise ValueError(f"the instrument {symbol!r} comes twice")
            symbols.add(symbol)
            if symbol in positions:
                self.load_market(&venue.markets[<uint32_t>positions[symbol]], &record, symbol)
            elif record.bids or record.asks:
                raise ValueError(f"the exchange lacks the instrument {symbol!r}, which has orders")
            else:
                self.source.orders += self.source.header.accounts * sizeof(uint32_t)
        return 0

    cdef int load_market(self, Matcher *market, const StateMarket *record, str symbol) except -1:
        """Fill one market."""
        cdef Source *source = &self.source
        cdef const char *wrong
        if record.base >= source.header.assets or record.quote >= source.header.assets:
            raise ValueError(f"{symbol}: its assets are not in the state")
        if (record.bids or record.asks) and (
            source.offsets[record.base] != market.money.gives[ASK - 1]
            or source.offsets[record.quote] != market.money.gives[BID - 1]
        ):
            raise ValueError(f"{symbol}: it has orders, and trades other assets in the exchange")
        if record.spare or record.flags & ~<uint32_t>(STATE_HALTED | STATE_MOVED | STATE_REFERRED):
            raise ValueError(f"{symbol}: it has flags that there are not")
        if record.flags & STATE_REFERRED and not record.flags & STATE_MOVED:
            raise ValueError(f"{symbol}: its reference price was not moved, and yet there is one")
        if record.reference_price and not record.flags & STATE_REFERRED:
            raise ValueError(f"{symbol}: it has no reference price, and yet there is one")
        market.money.halted = record.flags & STATE_HALTED != 0
        load_reference(&market.money.limits, record)
        with nogil:
            wrong = load_market(source, market, record)
        return refuse_fault(source, wrong, f"{symbol}: ")

    cdef int check_reservations(self, Accounts *accounts) except -1:
        """Raise ValueError where reservations are not what the orders need."""
        cdef const char *wrong
        with nogil:
            wrong = reservations_fault(&self.source, accounts)
        return refuse_fault(&self.source, wrong, "")


cdef void load_reference(Limits *limits, const StateMarket *record) noexcept:
    """Take over a reference price that was moved. A band needs one: it keeps the description's where there is none."""
    if record.flags & STATE_REFERRED or (record.flags & STATE_MOVED and not limits.banded):
        limits.referred = record.flags & STATE_REFERRED != 0
        limits.reference_price = record.reference_price


cdef int refuse_used(Venue venue) except -1:
    """Raise RuntimeError where a venue has something already."""
    if venue.ledger.accounts.used > 1:
        raise RuntimeError("a state is loaded into an exchange without accounts: this one has some")
    if event_log_last(&venue.ring.log):
        raise RuntimeError("a state is loaded into an exchange without events: this one has had some")
    return 0


cdef void take_over(Venue venue, Venue filled) noexcept:
    """Exchange what two venues of the same instruments have, so that the one ends with what the other was filled with.

    Nothing moves that anybody may point to: the structs stay, their contents change places.
    """
    cdef uint32_t position
    cdef OrderBook book, filled_book
    cdef Book state
    cdef Accounts accounts = venue.ledger.accounts
    venue.ledger.accounts = filled.ledger.accounts
    filled.ledger.accounts = accounts
    for position in range(venue.count):
        book = venue.books[position]
        filled_book = filled.books[position]
        state = book.state
        book.state = filled_book.state
        filled_book.state = state
        venue.markets[position].money.halted = filled.markets[position].money.halted
        venue.markets[position].money.limits = filled.markets[position].money.limits


cdef int state_load(Venue venue, object data) except -1:
    """Put a state into a venue that has none yet.

    Raise RuntimeError where it has, ValueError naming what is wrong, MemoryError: then nothing has changed.
    """
    cdef StateReader reader = StateReader()
    cdef Venue filled
    cdef Py_buffer view
    refuse_used(venue)
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        reader.begin(<const char *>view.buf, view.len)
        filled = new_venue(venue.instruments, 0)
        reader.map_assets(filled.ledger)
        reader.load_accounts(&filled.ledger.accounts)
        reader.load_markets(filled)
        reader.check_reservations(&filled.ledger.accounts)
    finally:
        PyBuffer_Release(&view)
    take_over(venue, filled)
    event_log_go_on(&venue.ring.log, reader.source.header.last_sequence)
    return 0
