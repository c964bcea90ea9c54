"""What Hypothesis draws about money: few accounts, sums that just suffice or just fail, and some near 2^64-1."""

from hypothesis import strategies as st

from orderbook import Instrument, OrderType, SelfTradePrevention, Side

from ..engine.helpers import TOP, Command, Kind, cancel, modify, new
from ..engine.strategies import mostly, order_types, sides, timestamps
from .helpers import credit, of

ASSETS = ("X", "Y", "Z")
SYMBOLS = ("X-Z", "Y-Z", "X-Y")  # Z is the quote of two, X the base of two, Y both a base and a quote
REFERENCE = 10

accounts = mostly(st.integers(1, 4), st.just(5), st.just(404))  # the last is never credited
ids = st.integers(0, 15)
prices = mostly(st.integers(7, 13), st.sampled_from([0, 1, 1 << 32, 1 << 63, TOP - 1, TOP]))
quantities = mostly(st.integers(1, 9), st.sampled_from([0, 20, 1 << 32, 1 << 63, TOP]))
maybe_prices = st.one_of(prices, prices, prices, st.none())
amounts = mostly(st.integers(0, 120), st.sampled_from([0, 1000, 1 << 63, TOP - 1000, TOP - 1, TOP]))
preventions = st.one_of(st.none(), st.none(), st.sampled_from(SelfTradePrevention))
instruments = st.integers(0, 2)

limits = st.fixed_dictionaries(
    {},
    optional={
        "self_trade_prevention": st.sampled_from(SelfTradePrevention),
        "price_band": st.integers(1, 4),
        "quantity_max": st.integers(4, 9),
        "notional_max": st.integers(40, 100),
        "open_orders_max": st.integers(1, 5),
    },
)


@st.composite
def configurations(draw):
    """Return one to three instruments over the three assets, half of them without limits."""
    chosen = draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, max_size=3, unique=True))
    return [
        Instrument(symbol, *symbol.split("-"), reference_price=REFERENCE, **draw(st.one_of(st.just({}), limits)))
        for symbol in chosen
    ]


def owned(commands, bits=st.just(0)):
    """Return these records as sent by some account to some instrument."""
    return st.builds(
        lambda account, command, instrument, prevention: of(account, command, prevention)._replace(
            instrument=instrument
        ),
        accounts,
        commands,
        instruments,
        bits,
    )


makers = st.one_of(
    st.builds(new, ids, st.just(Side.BID), st.just(OrderType.LIMIT), st.integers(8, 10), st.integers(1, 9)),
    st.builds(new, ids, st.just(Side.ASK), st.just(OrderType.LIMIT), st.integers(10, 12), st.integers(1, 9)),
)
news = st.builds(new, ids, sides, order_types, maybe_prices, quantities)
modifies = st.builds(modify, ids, quantities, st.one_of(st.none(), prices))
cancels = st.builds(cancel, ids)
credits_given = st.builds(credit, accounts.filter(lambda account: account != 404), amounts, amounts)
any_bits = st.integers(0, 7)  # 5 to 7 are no mode
invalid = st.one_of(
    owned(modifies, st.integers(1, 7)),
    owned(cancels, st.integers(1, 7)),
    st.builds(Command._replace, credits_given, flags=st.integers(0, 255)),
    st.builds(Command._replace, owned(news), flags=st.integers(0, 255)),
    st.builds(Command._replace, owned(news), side=st.sampled_from([0, 3])),
    st.builds(Command._replace, owned(news), order_type=st.sampled_from([0, 6])),
    st.builds(Command._replace, owned(news), kind=st.sampled_from([0, 6, 255])),
    st.builds(Command._replace, owned(cancels), instrument=st.sampled_from([3, 1 << 31, (1 << 32) - 1])),
)
commands = st.one_of(
    owned(makers),
    owned(makers),
    owned(makers),
    owned(news, any_bits),
    owned(news),
    owned(modifies),
    owned(cancels),
    owned(st.just(Command(Kind.CANCEL_ALL))),
    credits_given,
    credits_given,
    st.builds(Command._replace, credits_given, instrument=instruments),
    invalid,
)
timed = st.builds(Command._replace, commands, timestamp=timestamps)


def batches(max_size: int = 60) -> st.SearchStrategy[list[Command]]:
    """Return a strategy of lists of records for an exchange."""
    return st.lists(timed, max_size=max_size)
