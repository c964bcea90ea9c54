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
ids = st.integers(0, 11)
prices = mostly(st.integers(7, 13), st.sampled_from([0, 1, 1 << 32, 1 << 63, TOP - 1, TOP]))
quantities = mostly(st.integers(1, 9), st.sampled_from([0, 20, 1 << 32, 1 << 63, TOP]))
maybe_prices = st.one_of(prices, prices, prices, st.none())
rich = mostly(st.integers(100, 1000), st.integers(0, 50), st.just(TOP // 4))
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


no_bits = st.just(0)
any_bits = st.integers(0, 7)  # 5 to 7 are no mode


def owned(commands, bits=no_bits):
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
lots = st.integers(1, 9)
takers = st.builds(new, ids, sides, order_types, st.integers(8, 12), lots)
news = st.builds(new, ids, sides, order_types, maybe_prices, quantities)
modifies = st.builds(modify, ids, quantities, st.one_of(st.none(), prices))
cancels = st.builds(cancel, ids)
credits_given = st.builds(credit, st.integers(1, 5), amounts, amounts)
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
mode_bits = st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4])
# What is mostly accepted: whose order it is follows from the id, so that modifies and cancels find their own.
lively = st.builds(
    lambda command, instrument, bits: of(
        1 + command.order_id % 4, command, bits if command.kind == Kind.NEW else 0
    )._replace(instrument=instrument),
    st.one_of(
        makers, makers, makers, takers, takers, st.builds(modify, ids, lots, st.integers(8, 12)), modifies, cancels
    ),
    instruments,
    mode_bits,
)
commands = st.one_of(
    lively,
    lively,
    lively,
    lively,
    owned(news, any_bits),
    owned(modifies),
    owned(cancels),
    owned(st.just(Command(Kind.CANCEL_ALL))),
    st.builds(Command._replace, credits_given, instrument=instruments),
    invalid,
)


def batches(instrument_count: int, max_size: int) -> st.SearchStrategy[list[Command]]:
    """Return a strategy of lists of records for an exchange of so many instruments, most of them accepted."""

    def existing(command: Command) -> Command:
        known = command.instrument < len(SYMBOLS)
        return command._replace(instrument=command.instrument % instrument_count) if known else command

    return st.lists(st.builds(Command._replace, commands.map(existing), timestamp=timestamps), max_size=max_size)
