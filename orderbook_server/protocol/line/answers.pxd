"""Answers that show a book or a command's result, as lines without their end."""

from libc.stdint cimport uint32_t, uint64_t

from orderbook.accounts cimport account_find
from orderbook.book cimport Book, order_at, side_of
from orderbook.digits cimport DIGITS_MAX
from orderbook.fills cimport FillBuffer
from orderbook.levels cimport BookSide, level_at, level_find, level_next
from orderbook.matching cimport Matcher
from orderbook.money cimport given
from orderbook.records cimport ASK, BID, Level, Order
from orderbook_server.protocol.line.output cimport (
    Output, put_after, put_byte, put_field, put_text, reserve,
)


cdef enum:
    ITEM_BYTES_MAX = 5 * (DIGITS_MAX + 1) + 16  # of an order, a level, a fill, or a line without any


cdef inline char letter_of(int side) noexcept nogil:
    return c'B' if side == BID else c'A'


cdef inline void put_order(Output *output, const Order *order) noexcept nogil:
    """Write ` id side price quantity`."""
    put_field(output, order.id)
    put_byte(output, c' ')
    put_byte(output, letter_of(order.side))
    put_field(output, order.price)
    put_field(output, order.quantity)


cdef inline int put_result(Output *output, const Matcher *matcher, const FillBuffer *fills) except -1:
    """Write what a new order, or a new price, has come to."""
    cdef uint64_t i
    reserve(output, 2 * <size_t>ITEM_BYTES_MAX + fills.size * <size_t>ITEM_BYTES_MAX)
    put_text(output, b"EXEC", 4)
    put_field(output, matcher.unfilled)
    if matcher.resting:
        put_text(output, b" REST", 5)
        put_order(output, order_at(matcher.book, matcher.resting))
    for i in range(fills.size):
        put_text(output, b" FILL", 5)
        put_field(output, fills.items[i].maker_order_id)
        put_field(output, fills.items[i].price)
        put_field(output, fills.items[i].quantity)
    return 0


cdef inline int put_orders(Output *output, const Book *book, const Level *level, char before, char between) except -1:
    """Write the orders of a level, oldest first."""
    cdef uint32_t slot = level.oldest
    cdef const Order *order
    while slot:
        order = order_at(book, slot)
        reserve(output, ITEM_BYTES_MAX)
        put_after(output, before, order.id)
        put_after(output, between, order.quantity)
        slot = order.younger
    return 0


cdef inline int put_side(Output *output, Book *book, int side, uint64_t levels, bint with_orders) except -1:
    """Write the best levels of a side: with their orders, or with how many these are."""
    cdef const BookSide *half = side_of(book, side)
    cdef uint32_t slot = half.best
    cdef const Level *level
    while slot and levels:
        level = level_at(&book.store, slot)
        reserve(output, ITEM_BYTES_MAX)
        put_byte(output, c' ')
        put_byte(output, letter_of(side))
        put_after(output, c':', level.key ^ half.mask)
        put_after(output, c':', level.total)
        if with_orders:
            put_orders(output, book, level, c':', c'@')
        else:
            put_after(output, c':', level.count)
        slot = level_next(&book.store, slot)
        levels -= 1
    return 0


cdef inline int put_sides(Output *output, const char *word, size_t size, Book *book, uint64_t levels,
                          bint with_orders) except -1:
    """Write a word and the best levels of both sides, bids first."""
    put_text(output, word, size)
    put_side(output, book, BID, levels, with_orders)
    put_side(output, book, ASK, levels, with_orders)
    return 0


cdef inline int put_level(Output *output, Book *book, int side, uint64_t price) except -1:
    """Write the orders at one price, if any."""
    cdef const BookSide *half = side_of(book, side)
    cdef uint32_t slot = level_find(&book.store, half, price ^ half.mask)
    reserve(output, ITEM_BYTES_MAX)
    put_text(output, b"SNAP ", 5)
    put_byte(output, letter_of(side))
    put_field(output, price)
    return put_orders(output, book, level_at(&book.store, slot), c' ', c':') if slot else 0


cdef inline int put_balance(Output *output, const Matcher *matcher, uint64_t account_id) except -1:
    """Write what an account, which exists, has of the instrument's two assets."""
    cdef uint32_t account = account_find(matcher.money.accounts, account_id)
    reserve(output, ITEM_BYTES_MAX + 1)
    put_text(output, b"BAL", 3)
    put_field(output, account_id)
    put_field(output, given(&matcher.money, account, ASK).available)
    put_field(output, given(&matcher.money, account, ASK).reserved)
    put_field(output, given(&matcher.money, account, BID).available)
    put_field(output, given(&matcher.money, account, BID).reserved)
    return 0
