"""The ids of an agent's orders."""

import time

LIFE_BITS = 32  # of an id, below the account's number: where a life's ids begin, by the second in which it began


class OrderIds:
    """Counts up from `start`. next_id: the one that the next order gets."""

    def __init__(self, start: int) -> None:
        self.next_id = start

    def take(self) -> int:
        """Return an id that was not returned before; OverflowError behind 2^64-1."""
        order_id = self.next_id
        if order_id >> 64:
            raise OverflowError("order ids are used up: the last was 2^64-1")
        self.next_id += 1
        return order_id


def first_order_id(account_id: int, seconds: int | None = None) -> int:
    """Return where an account's ids begin in this life; seconds: since 1970, by default now, in a simulation 0.

    The account's number stands above, modulo 2^32, so that accounts do not come into each other's way.
    """
    seconds = int(time.time()) if seconds is None else seconds
    return ((account_id << LIFE_BITS) + seconds) % (1 << 64)
