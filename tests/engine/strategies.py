"""What commands Hypothesis draws: ids collide, prices pile up and touch both ends, quantities come near overflow."""

from hypothesis import strategies as st

from orderbook import OrderType, Side

from .helpers import TOP, Command, Kind, cancel, modify, new

EDGE_PRICES = [0, 1, 63, 64, 65, 4095, 4096, 1 << 32, (1 << 63) - 1, 1 << 63, TOP - 64, TOP - 1, TOP]


def mostly(usual: st.SearchStrategy[int], *others: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    """Draw from the first strategy seven times in eight: what is extreme stays rare, so that a book can fill up."""
    return st.integers(0, 7).flatmap(lambda draw: usual if draw else st.one_of(*others))


ids = mostly(st.integers(0, 15), st.sampled_from([1 << 32, 1 << 63, TOP]))
prices = mostly(st.integers(98, 103), st.sampled_from(EDGE_PRICES), st.integers(0, TOP))
quantities = mostly(st.integers(1, 9), st.sampled_from([0, 1 << 63, (1 << 63) - 1, TOP - 9, TOP]), st.integers(0, TOP))
maybe_prices = st.one_of(prices, prices, prices, st.none())
sides = st.sampled_from(list(Side))
order_types = st.sampled_from([OrderType.LIMIT, OrderType.LIMIT, *OrderType])
timestamps = st.sampled_from([0, 1, 1_700_000_000_000_000_000, TOP])

news = st.builds(new, ids, sides, order_types, maybe_prices, quantities)
modifies = st.builds(modify, ids, quantities, st.one_of(st.none(), prices))
cancels = st.builds(cancel, ids)
other_kinds = st.sampled_from([0, Kind.CREDIT, Kind.CANCEL_ALL, 6, 255])
# An order that rests beside others, so that levels have queues.
makers = st.one_of(
    st.builds(new, ids, st.just(Side.BID), st.just(OrderType.LIMIT), st.integers(98, 100), st.integers(1, 9)),
    st.builds(new, ids, st.just(Side.ASK), st.just(OrderType.LIMIT), st.integers(101, 103), st.integers(1, 9)),
)
invalid = st.one_of(
    st.builds(Command._replace, cancels, kind=other_kinds, price=prices),
    st.builds(new, ids, st.sampled_from([0, 3, 255]), order_types, maybe_prices, quantities),
    st.builds(new, ids, sides, st.sampled_from([0, 6, 255]), maybe_prices, quantities),
    st.builds(new, ids, sides, order_types, prices, quantities, instrument=st.sampled_from([1, 2**32 - 1])),
    st.builds(modify, ids, quantities, instrument=st.just(1)),
    st.builds(cancel, ids, instrument=st.just(1)),
    st.builds(cancel, ids, flags=st.sampled_from([16, 128, 255])),
)


def batches(max_size: int = 60) -> st.SearchStrategy[list[Command]]:
    """Return a strategy of command lists, most of them valid on their own, many refused by the state they meet."""
    return st.lists(st.one_of(makers, makers, news, news, modifies, cancels, invalid), max_size=max_size)
