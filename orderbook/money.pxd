"""Money: where the accounts of one market have theirs, and what the taker at hand moves.

An order of a side gives one of the market's two assets and gets the other: a bid gives quote, an ask base. What it
gives is reserved while it rests. A taker reserves nothing: that it has enough was checked, and what it paid, got and
now needs for its rest is booked in one go when it has traded. Its makers are booked fill by fill.

In the middle of a taker's trades a holding may stand above 2^64-1 in truth, where it trades with itself; unsigned
numbers wrap, and are right again when it has paid.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from orderbook.accounts cimport Accounts, Holding, account_row, holding_at, seat_at
from orderbook.canary cimport CANARY_RELEASE, CANARY_SETTLEMENT
from orderbook.limits cimport Limits
from orderbook.records cimport BID
from orderbook.seats cimport Seat


cdef struct Money:
    Accounts *accounts
    char *row              # the taker's, good until its command ends
    uint32_t base          # position among the assets
    uint32_t quote
    uint32_t gives[2]      # where in a row is what a BID, an ASK gives: the offset of quote, of base
    uint32_t seat          # where in a row is the seat in this market
    uint32_t account       # the taker's slot
    uint32_t own           # the same where the taker has orders that it must not trade with, else 0
    uint8_t prevention     # PreventionCode of the taker, 0 none
    uint8_t usual          # the instrument's, 0 none
    bint halted
    bint met_own           # trading stopped at an order of the taker's account
    uint64_t paid          # by the taker, of what its side gives
    uint64_t gained        # by it, of the other asset
    uint64_t prevented     # lots that it lost to self-trade prevention
    uint64_t session       # where commands come from, which whoever runs them may say; orders that rest keep it
    Limits limits


cdef inline uint64_t needed(int side, uint64_t price, uint64_t quantity) noexcept nogil:
    """Return what an order reserves: ticks × lots of quote, or lots of base. It was checked that the value fits.

    Sides come in no order, so price or 1 is picked without a branch that would often be guessed wrong.
    """
    cdef uint64_t asks = -<uint64_t>(side - BID)  # all ones for an ask
    return (price ^ (price ^ 1) & asks) * quantity


cdef inline Holding *given(const Money *money, uint32_t account, int side) noexcept nogil:
    """Return the account's holding of what orders of `side` give."""
    return holding_at(money.accounts, account, money.gives[side - 1])


cdef inline Holding *gotten(const Money *money, uint32_t account, int side) noexcept nogil:
    """Return the account's holding of what orders of `side` get."""
    return holding_at(money.accounts, account, money.gives[2 - side])


cdef inline Seat *seat_of(const Money *money, uint32_t account) noexcept nogil:
    return seat_at(money.accounts, account, money.seat)


cdef inline Holding *taker_gives(const Money *money, int side) noexcept nogil:
    """Return the taker's holding of what orders of `side` give."""
    return <Holding *>(money.row + money.gives[side - 1])


cdef inline Seat *taker_seat(const Money *money) noexcept nogil:
    return <Seat *>(money.row + money.seat)


cdef inline void money_begin(Money *money, uint32_t account, uint8_t sent) noexcept nogil:
    """Make an account the taker, of an order sent with a PreventionCode of its own, or 0."""
    money.account = account
    money.row = account_row(money.accounts, account)
    money.prevention = sent if sent else money.usual
    money.own = account if money.prevention and taker_seat(money).open else 0
    money.met_own = False
    money.paid = money.gained = money.prevented = 0


cdef inline void settle_maker(Money *money, uint32_t maker, int taker_side, uint64_t price,
                              uint64_t quantity) noexcept nogil:
    """Book one fill for the maker, and note it for the taker."""
    cdef uint64_t paid = needed(taker_side, price, quantity)
    cdef uint64_t gained = needed(3 - taker_side, price, quantity)
    gotten(money, maker, taker_side).reserved -= gained
    given(money, maker, taker_side).available += paid + CANARY_SETTLEMENT
    money.paid += paid
    money.gained += gained


cdef inline void settle_taker(const Money *money, int side, uint64_t for_rest) noexcept nogil:
    """Book all that the taker traded, and reserve what its rest needs."""
    cdef Holding *holding = taker_gives(money, side)
    holding.available -= money.paid + for_rest
    holding.reserved += for_rest
    taker_gives(money, 3 - side).available += money.gained


cdef inline void release(const Money *money, uint32_t account, int side, uint64_t amount) noexcept nogil:
    """Give back what an order of `side` had reserved. An amount below 0, modulo 2^64, reserves more."""
    cdef Holding *holding = given(money, account, side)
    holding.available += amount - CANARY_RELEASE
    holding.reserved -= amount
