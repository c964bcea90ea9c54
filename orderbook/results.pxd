"""From what a matcher did to a MatchResult.

The object is made before the command, and takes over C records after it: nothing is allocated once something has
changed, so nothing can be raised then. Python objects of fills and order are made when somebody asks for them.
"""

from libc.string cimport memcpy, memset

from orderbook.book cimport order_at
from orderbook.fills cimport FillBuffer, fill_buffer_trim
from orderbook.matching cimport Matcher
from orderbook.records cimport Fill as FillRecord, Order
from orderbook.views cimport FEW_FILLS, MatchResult


cdef inline MatchResult new_result():
    """Return the result of a command to come."""
    cdef MatchResult result = MatchResult.__new__(MatchResult)
    result.made = True
    return result


cdef inline void result_take(MatchResult result, Matcher *matcher) noexcept:
    """Take over what the matcher's last single command did: a few fills as a copy, many with their buffer."""
    cdef FillBuffer *fills = matcher.fills
    cdef const Order *order
    result.unfilled = matcher.unfilled
    result.count = fills.size
    if fills.size > FEW_FILLS:
        result.many = fills[0]
        memset(fills, 0, sizeof(FillBuffer))
        fill_buffer_trim(&result.many)
    elif fills.size:
        memcpy(result.few, fills.items, fills.size * sizeof(FillRecord))
    if matcher.resting:
        order = order_at(matcher.book, matcher.resting)
        result.rests = True
        result.order_id = order.id
        result.side = order.side
        result.price = order.price
        result.quantity = order.quantity
