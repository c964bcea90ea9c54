"""Planted bugs, for the tests to prove that they would notice. Both are 0 in every build but one made for that purpose.

`ORDERBOOK_CANARY=priority` puts new orders at the head of their level; `ORDERBOOK_CANARY=total` counts one lot too many
out of a level's total when an order leaves it.
"""


cdef extern from *:
    """
    #ifndef ORDERBOOK_CANARY_PRIORITY
    #define ORDERBOOK_CANARY_PRIORITY 0
    #endif
    #ifndef ORDERBOOK_CANARY_TOTAL
    #define ORDERBOOK_CANARY_TOTAL 0
    #endif
    """
    const int CANARY_PRIORITY "ORDERBOOK_CANARY_PRIORITY"
    const int CANARY_TOTAL "ORDERBOOK_CANARY_TOTAL"
