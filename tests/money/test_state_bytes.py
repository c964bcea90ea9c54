"""The bytes of a state: what they are, and that none of them is trusted. Compiled engine only."""

import copy
import struct
from dataclasses import dataclass, field

import pytest

from orderbook import Exchange, Instrument

from ..engine.helpers import ASK, BID, LIMIT, POST_ONLY, TOP
from .helpers import ALICE, BOB

BTC = Instrument("BTC-USD", "BTC", "USD", reference_price=100)
ETH = Instrument("ETH-USD", "ETH", "USD", reference_price=5, self_trade_prevention=4)
INSTRUMENTS = (BTC, ETH)
HEADER = struct.Struct("<IIQIIII")
ASSET = struct.Struct("<32sQ")
MARKET = struct.Struct("<32sIIIIQII")
ORDER = struct.Struct("<QQQQIIBBHI")
HALTED, MOVED, REFERRED = 1, 2, 4
MAGIC = int.from_bytes(b"OBST", "little")


@dataclass
class Order:
    """A resting order, field by field."""

    id: int
    price: int
    quantity: int
    session: int
    account: int
    rank: int
    prevention: int = 0
    post_only: int = 0
    spare: int = 0
    spare_too: int = 0


@dataclass
class Market:
    """A market: what it is, how many orders each account has, the orders."""

    symbol: bytes
    base: int
    quote: int
    seats: list[int]
    bids: list[Order] = field(default_factory=list)
    asks: list[Order] = field(default_factory=list)
    reference_price: int = 0
    flags: int = 0
    spare: int = 0


@dataclass
class State:
    """A whole state, to be packed."""

    assets: list[list]  # [name, issued]
    markets: list[Market]
    accounts: list[int]
    holdings: list[list[list[int]]]  # [available, reserved] per account and asset
    last_sequence: int = 0
    magic: int = MAGIC
    format: int = 1
    spare: int = 0

    def packed(self) -> bytes:
        """Return the bytes that the engine writes for it."""
        heads = [
            HEADER.pack(
                *(self.magic, self.format, self.last_sequence),
                *(len(self.assets), len(self.markets), len(self.accounts), self.spare),
            )
        ]
        heads += [ASSET.pack(*asset) for asset in self.assets]
        parts = [struct.pack(f"<{len(self.accounts)}Q", *self.accounts)]
        parts += [struct.pack("<QQ", *holding) for account in self.holdings for holding in account]
        for of in self.markets:
            counts = (of.base, of.quote, len(of.bids), len(of.asks))
            heads.append(MARKET.pack(of.symbol, *counts, of.reference_price, of.flags, of.spare))
            parts.append(struct.pack(f"<{len(of.seats)}I", *of.seats))
            parts += [ORDER.pack(*vars(order).values()) for order in of.bids + of.asks]
        return b"".join(heads + parts)


STATE = State(
    last_sequence=7,
    assets=[[b"BTC", 9], [b"USD", 2000], [b"ETH", 8]],
    markets=[
        Market(
            b"BTC-USD", 0, 1, [3, 1],
            bids=[Order(2, 91, 5, 0, 1, 0), Order(1, 90, 4, 0, 1, 2), Order(3, 90, 3, 0, 1, 1)],
            asks=[Order(4, 95, 6, 0, 2, 0, post_only=1)],
            reference_price=105, flags=MOVED | REFERRED | HALTED,
        ),
        Market(b"ETH-USD", 2, 1, [1, 1], bids=[Order(1, 7, 3, 0, 2, 0, 4)], asks=[Order(2, 8, 8, 0, 1, 0, 4)]),
    ],
    accounts=[BOB, ALICE],
    holdings=[[[0, 0], [830, 1085], [0, 8]], [[3, 6], [64, 21], [0, 0]]],
)  # fmt: skip


def same_in_the_engine():
    """Return an exchange whose state is STATE."""
    exchange = Exchange(INSTRUMENTS)
    for account, asset, amount in (
        *((BOB, "USD", 1915), (BOB, "ETH", 8)),
        *((ALICE, "BTC", 9), (ALICE, "USD", 85)),
    ):
        exchange.credit(account, asset, amount)
    exchange.submit("BTC-USD", BOB, 2, BID, LIMIT, 91, 5)
    exchange.submit("BTC-USD", BOB, 3, BID, LIMIT, 90, 2)
    exchange.submit("BTC-USD", BOB, 1, BID, LIMIT, 90, 4)
    exchange.modify_order("BTC-USD", BOB, 3, 3)
    exchange.submit("BTC-USD", ALICE, 4, ASK, POST_ONLY, 95, 6)
    exchange.submit("ETH-USD", ALICE, 1, BID, LIMIT, 7, 3)
    exchange.submit("ETH-USD", BOB, 2, ASK, LIMIT, 8, 8)
    exchange.halt("BTC-USD")
    exchange.market("BTC-USD").reference_price = 105
    return exchange


def refused(state, match):
    """Assert that an exchange refuses a state, naming what is wrong, and is as it was."""
    exchange = Exchange(INSTRUMENTS)
    empty = exchange.dump_state()
    with pytest.raises(ValueError, match=match):
        exchange.load_state(state)
    exchange.check()
    assert exchange.dump_state() == empty


def test_what_the_bytes_are():
    exchange = same_in_the_engine()
    assert exchange.dump_state() == STATE.packed()
    other = Exchange(INSTRUMENTS)
    other.load_state(STATE.packed())
    other.check()
    assert other.state_hash() == exchange.state_hash()
    assert [order.id for order in other.open_orders("BTC-USD", BOB)] == [2, 3, 1]


def test_sessions_are_kept():
    state = copy.deepcopy(STATE)
    for session, order in enumerate(state.markets[0].bids):
        order.session = TOP - session
    exchange = Exchange(INSTRUMENTS)
    exchange.load_state(state.packed())
    assert exchange.dump_state() == state.packed()


WRONG = {  # statements about a state, and what is said of it then
    "s.magic = 0": "no state of an exchange",
    "s.format = 2": "format 2, not 1",
    "s.spare = 1": "header of the state",
    "s.last_sequence = 1 << 63": "header of the state",
    "s.assets[1][0] = b'BTC'": "the asset 'BTC' comes twice",
    "s.assets[1][0] = b'EUR'": "lacks the asset 'EUR', of which 2000 are issued",
    "s.assets[0][0] = b'B\\0C'": "lacks the asset",
    "s.assets[0][0] = b'\\xff' * 32": "lacks the asset",
    "s.assets[1][1] -= 1": "hold more of an asset than was issued",
    "s.assets[1][1] += 1": "hold less of an asset than was issued",
    "s.holdings[0][1][0] = TOP": "accounts up to 2 hold more",
    "s.holdings[1][0][1] = TOP - 1": "accounts up to 1 hold more",
    "s.holdings[0][1] = [831, 1084]": "account 2 has reserved other",
    "s.holdings[1][1] = [85, 0]": "account 1 has reserved other",
    "s.accounts[1] = s.accounts[0]": "account 2 comes twice",
    "s.markets[1].symbol = b'BTC-USD'": "the instrument 'BTC-USD' comes twice",
    "s.markets[1].symbol = b'ETH-EUR'": "lacks the instrument 'ETH-EUR', which has orders",
    "s.markets[1].base = 3": "ETH-USD: its assets are not in the state",
    "s.markets[1].quote = 1 << 31": "ETH-USD: its assets are not in the state",
    "s.markets[1].base = 0": "ETH-USD: it has orders, and trades other assets",
    "s.markets[1].quote = 0": "ETH-USD: it has orders, and trades other assets",
    "s.markets[1].flags = 8": "ETH-USD: it has flags",
    "s.markets[1].spare = 1": "ETH-USD: it has flags",
    "s.markets[1].flags = 4": "ETH-USD: its reference price was not moved",
    "s.markets[1].reference_price = 5": "ETH-USD: it has no reference price",
    "s.markets[0].seats = [4, 1]": "accounts have more orders than there are",
    "s.markets[0].seats = [(1 << 32) - 1, 1]": "accounts have more orders than there are",
    "s.markets[0].seats = [3, 0]": "accounts have fewer orders than there are",
    "s.markets[0].seats = [2, 2]": "order 1 has a place .* not free",
    "s.markets[0].bids[2].rank = 2": "order 3 has a place .* not free",
    "s.markets[0].bids[1].rank = 3": "order 1 has a place .* not free",
    "s.markets[0].bids[1].account = 0": "order 1 belongs to no account",
    "s.markets[0].bids[1].account = 3": "order 1 belongs to no account",
    "s.markets[0].bids[1].account = (1 << 32) - 1": "order 1 belongs to no account",
    "s.markets[0].bids[1].id = 2": "BTC-USD: order 2 comes twice",
    "s.markets[0].asks[0].id = 2": "BTC-USD: order 2 comes twice",
    "s.markets[0].bids[1].quantity = 0": "order 1 has no quantity",
    "s.markets[0].bids[1].quantity = TOP": "value of order 1 is above",
    "s.markets[0].asks[0].quantity = TOP // 94": "value of order 4 is above",
    "s.markets[0].bids[1].prevention = 5": "order 1 has flags",
    "s.markets[0].bids[1].post_only = 2": "order 1 has flags",
    "s.markets[0].bids[1].spare = 1": "order 1 has flags",
    "s.markets[0].bids[1].spare_too = 1": "order 1 has flags",
    "s.markets[0].bids[0].price = 89": "order 1 comes behind a worse price",
    "s.markets[0].bids[2].__dict__.update(price=0, quantity=TOP)": "orders up to 3 are more than 2.64-1 lots",
    "s.markets[0].bids[2].__dict__.update(price=1, quantity=TOP - 20)": "orders up to 3 need more than 2.64-1",
    "s.markets[0].asks.append(Order(9, 94, 1, 0, 1, 3)); s.markets[0].seats[0] = 4": "order 9 comes behind a worse",
    "s.markets[0].asks[0].price = 91": "order 4 crosses",
    "s.markets[0].asks[0].price = 0": "order 4 crosses",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named(text):
    state = copy.deepcopy(STATE)
    exec(text, {"s": state, "TOP": TOP, "Order": Order})
    refused(state.packed(), WRONG[text])


def test_every_byte_changed():
    """A state that is taken all the same is a right one, and the very one that the bytes tell."""
    state = STATE.packed()
    taken = 0
    for place in range(len(state)):
        for flip in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            changed = bytearray(state)
            changed[place] ^= flip
            exchange = Exchange(INSTRUMENTS)
            try:
                exchange.load_state(changed)
            except ValueError:
                assert exchange.last_sequence == exchange.total("USD") == 0
                continue
            exchange.check()
            assert exchange.dump_state() == changed
            taken += 1
    assert 100 < taken < 9 * len(state) / 2  # ids, sessions, the last sequence may be any


def test_every_length():
    state = STATE.packed()
    for size in range(len(state)):
        refused(state[:size], f"not {size}$")
        if size % 16 == 0:
            refused(state[:size] + state[size + 16 :], ".")
    refused(state + b"\0", f"has {len(state)} bytes, not {len(state) + 1}")
    refused(state + state, f"not {2 * len(state)}")


@pytest.mark.parametrize("offset", [16, 20, 24, 32 + 3 * 40 + 40, 32 + 3 * 40 + 44])
@pytest.mark.parametrize("count", [0, 1, 1000, (1 << 16) + 1, 1 << 26, (1 << 31) - 1, 1 << 31, (1 << 32) - 1])
def test_counts_that_are_not_true(offset, count):
    """Of assets, markets, accounts, bids and asks: memory is not asked for what is not there."""
    state = bytearray(STATE.packed())
    assert struct.unpack_from("<I", state, offset)[0] in (1, 2, 3)
    if struct.unpack_from("<I", state, offset)[0] != count:
        struct.pack_into("<I", state, offset, count)
        refused(state, ".")


def test_a_bad_state_leaves_room_for_a_good_one():
    exchange = Exchange(INSTRUMENTS)
    state = STATE.packed()
    with pytest.raises(ValueError, match="has flags that there are not"):
        exchange.load_state(state[:-1] + b"\1")
    exchange.load_state(state)
    exchange.check()
    assert exchange.dump_state() == state
