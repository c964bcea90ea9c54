"""Planted bugs, for the tests to prove that they would notice. All are 0 in every build but one made for that purpose.

`ORDERBOOK_CANARY=priority` puts new orders at the head of their level; `ORDERBOOK_CANARY=total` counts one lot too many
out of a level's total when an order leaves it; `ORDERBOOK_CANARY=settlement` pays a maker one unit too much;
`ORDERBOOK_CANARY=release` makes an order that goes give back one unit too few.
"""


cdef extern from *:
    """
    #ifndef ORDERBOOK_CANARY_PRIORITY
    #define ORDERBOOK_CANARY_PRIORITY 0
    #endif
    #ifndef ORDERBOOK_CANARY_TOTAL
    #define ORDERBOOK_CANARY_TOTAL 0
    #endif
    #ifndef ORDERBOOK_CANARY_SETTLEMENT
    #define ORDERBOOK_CANARY_SETTLEMENT 0
    #endif
    #ifndef ORDERBOOK_CANARY_RELEASE
    #define ORDERBOOK_CANARY_RELEASE 0
    #endif
    """
    const int CANARY_PRIORITY "ORDERBOOK_CANARY_PRIORITY"
    const int CANARY_TOTAL "ORDERBOOK_CANARY_TOTAL"
    const int CANARY_SETTLEMENT "ORDERBOOK_CANARY_SETTLEMENT"
    const int CANARY_RELEASE "ORDERBOOK_CANARY_RELEASE"
