"""The order of the checks, pair by pair, and that whatever is refused leaves nothing but the event that is due."""

from itertools import combinations

import pytest

from orderbook import (
    AccountMismatch,
    CrossedOrder,
    DuplicateOrder,
    Halted,
    InsufficientBase,
    InsufficientQuote,
    InvalidQuantity,
    MissingPrice,
    NumericOverflow,
    OrderType,
    PriceOutOfBand,
    Rejection,
    RejectReason,
    UnknownAccount,
    UnknownOrder,
)

from ..engine.helpers import ASK, BID, FOK, IOC, LIMIT, MARKET, POST_ONLY, TOP, Command, Kind, process
from .helpers import ACCOUNTS, ALICE, BASE_EACH, BOB, QUOTE_EACH, STRANGER, funded, limit, refused, trace

HUGE = 1 << 40
REASONS = {
    "missing price": RejectReason.MISSING_PRICE,
    "quantity": RejectReason.INVALID_QUANTITY,
    "duplicate": RejectReason.DUPLICATE,
    "crossing": RejectReason.CROSSED,
}
NEW_CHECKS = {
    "missing price": MissingPrice,
    "account": UnknownAccount,
    "halted": Halted,
    "notional": NumericOverflow,
    "funds": InsufficientQuote,
    "quantity": InvalidQuantity,
    "duplicate": DuplicateOrder,
    "total": NumericOverflow,
    "band": PriceOutOfBand,
    "crossing": CrossedOrder,
}
MODIFY_CHECKS = {
    "order": UnknownOrder,
    "account": AccountMismatch,
    "halted": Halted,
    "notional": NumericOverflow,
    "funds": InsufficientQuote,
    "quantity": InvalidQuantity,
    "total": NumericOverflow,
    "band": PriceOutOfBand,
    "crossing": CrossedOrder,
}
NEVER_BOTH = [  # no order can fail both checks
    {"missing price", "notional"},
    {"missing price", "band"},
    {"missing price", "crossing"},
    {"notional", "quantity"},
    {"funds", "quantity"},
    {"quantity", "total"},
]


def pairs(checks, *never):
    """Return all (first, second) of the checks that one command can fail both, and each check alone as a pair."""
    alone = [(check, check) for check in checks]
    return alone + [pair for pair in combinations(checks, 2) if set(pair) not in [*NEVER_BOTH, *never]]


def price_failing(wrong):
    """Return a price that fails the checks named; 91 fails none."""
    if "missing price" in wrong:
        return None
    return HUGE if "notional" in wrong else 5000 if "band" in wrong else 101 if "crossing" in wrong else 91


def quantity_failing(wrong):
    """Return a quantity that fails the checks named; 6 fails none."""
    return 0 if "quantity" in wrong else HUGE if "notional" in wrong else 6


def prepared(api, wrong):
    """Return an engine with an ask at 101 and a band of 1000, halted and with its bids full to the brim where asked."""
    engine = funded(api, reference_price=100, price_band=1000)
    limit(engine, BOB, 11, ASK, 101, 5)
    if "total" in wrong:
        limit(engine, BOB, 12, BID, 0, TOP - 5)
    return engine


@pytest.mark.parametrize(("first", "second"), pairs(NEW_CHECKS, {"account", "funds"}))
def test_a_new_orders_checks(api, first, second):
    wrong = {first, second}
    engine = prepared(api, wrong)
    if "funds" in wrong:
        engine.debit_account(ALICE, 0, QUOTE_EACH)
    elif "notional" not in wrong:
        engine.credit_account(ALICE, 0, HUGE)
    if "halted" in wrong:
        engine.halt()
    account = STRANGER if "account" in wrong else ALICE
    order_id = 11 if "duplicate" in wrong else 1
    order_type = POST_ONLY if "crossing" in wrong else LIMIT
    price, quantity = price_failing(wrong), quantity_failing(wrong)
    last = engine.last_sequence
    with refused(engine, NEW_CHECKS[first], REASONS.get(first)):
        engine.submit(account, order_id, BID, order_type, price, quantity)
    if first in REASONS:
        rejection = Rejection(last + 1, 0, order_id, BID, order_type, price, quantity, REASONS[first])
        assert engine.events(last) == [rejection]


@pytest.mark.parametrize(("first", "second"), pairs(MODIFY_CHECKS))
def test_a_modifys_checks(api, first, second):
    wrong = {first, second}
    engine = prepared(api, wrong)
    engine.submit(ALICE, 1, BID, POST_ONLY, 90, 5)
    if "funds" in wrong:
        engine.debit_account(ALICE, 0, QUOTE_EACH - 450)
    if "halted" in wrong:
        engine.halt()
    account = BOB if "account" in wrong else ALICE
    order_id = 404 if "order" in wrong else 1
    price, quantity = price_failing(wrong), quantity_failing(wrong)
    last = engine.last_sequence
    with refused(engine, MODIFY_CHECKS[first], REASONS.get(first)):
        engine.modify_order(account, order_id, quantity, price)
    if first in REASONS:
        rejection = Rejection(last + 1, 0, 1, BID, POST_ONLY, price, quantity, REASONS[first])
        assert engine.events(last) == [rejection]


@pytest.mark.parametrize("order_type", [LIMIT, IOC, FOK, POST_ONLY])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_missing_price_is_an_event_whoever_sends_it(engine, order_type, account):
    engine.halt()
    with refused(engine, MissingPrice, RejectReason.MISSING_PRICE):
        engine.submit(account, 1, ASK, order_type, None, TOP)
    assert engine.events() == [Rejection(1, 0, 1, ASK, order_type, None, TOP, RejectReason.MISSING_PRICE)]


@pytest.mark.parametrize("order_type", list(OrderType))
def test_lack_of_funds_is_seen_before_the_matchers_checks(engine, order_type):
    """So an order that nobody could pay never tells that its id is taken, or that it would cross."""
    limit(engine, BOB, 11, ASK, 100, 5)
    limit(engine, BOB, 12, BID, 90, 5)
    with refused(engine, InsufficientBase):
        engine.submit(ALICE, 11, ASK, order_type, 80, BASE_EACH + 1)
    engine.debit_account(ALICE, 0, QUOTE_EACH)
    with refused(engine, InsufficientQuote):
        engine.submit(ALICE, 11, BID, order_type, 100, 1)


@pytest.mark.parametrize("order_type", list(OrderType))
@pytest.mark.parametrize(
    ("order_id", "quantity", "error", "reason"),
    [
        (11, 0, InvalidQuantity, RejectReason.INVALID_QUANTITY),
        (1, 0, InvalidQuantity, RejectReason.INVALID_QUANTITY),
        (11, 1, DuplicateOrder, RejectReason.DUPLICATE),
    ],
)
def test_the_matchers_refusals_of_every_type(engine, order_type, order_id, quantity, error, reason):
    limit(engine, ALICE, 11, BID, 100, 5)
    for side in (BID, ASK):
        price = 50 if side is BID else 150
        with refused(engine, error, reason):
            engine.submit(BOB, order_id, side, order_type, price, quantity)
        shown = None if order_type is MARKET else price
        assert tuple(engine.events()[-1])[2:] == (order_id, side, order_type, shown, quantity, reason)


def test_a_killed_order_is_an_event_and_no_error(engine):
    limit(engine, BOB, 11, ASK, 100, 5)
    before = trace(engine)
    assert engine.submit(ALICE, 1, BID, FOK, 100, 6).unfilled == 6
    assert trace(engine) == before
    assert engine.events(1) == [Rejection(2, 0, 1, BID, FOK, 100, 6, RejectReason.INSUFFICIENT_LIQUIDITY)]


@pytest.mark.parametrize("account", [BOB, STRANGER])
def test_whose_order_it_is(engine, account):
    """The order is looked for first; an account that nobody knows owns none either."""
    limit(engine, ALICE, 1, BID, 100, 5)
    with refused(engine, AccountMismatch):
        engine.cancel_order(account, 1)
    with refused(engine, AccountMismatch):
        engine.modify_order(account, 1, 3)
    with refused(engine, UnknownOrder):
        engine.cancel_order(account, 2)
    with refused(engine, UnknownOrder):
        engine.modify_order(account, 2, 0)
    assert engine.cancel_order(ALICE, 1) == 5
    with refused(engine, UnknownOrder):
        engine.cancel_order(ALICE, 1)


@pytest.mark.parametrize(("quantity", "price"), [(0, None), (0, 100), (0, 101), (0, TOP)])
def test_a_modify_to_nothing(engine, quantity, price):
    limit(engine, ALICE, 1, BID, 100, 5)
    with refused(engine, InvalidQuantity, RejectReason.INVALID_QUANTITY):
        engine.modify_order(ALICE, 1, quantity, price)
    assert tuple(engine.events()[-1])[2:] == (1, BID, LIMIT, price, quantity, RejectReason.INVALID_QUANTITY)


def test_refused_commands_of_a_batch_change_nothing_either(api):
    """Everything that is refused one by one, as records this time."""
    engine = funded(api, reference_price=100, price_band=1000)
    limit(engine, BOB, 11, ASK, 101, 5)
    before = trace(engine)
    make = {"kind": Kind.NEW, "side": BID, "order_type": LIMIT, "flags": 1, "account_id": ALICE, "order_id": 1}
    records = [
        (Command(**make | {"flags": 0}), 5),
        (Command(**make | {"account_id": STRANGER}, price=1, quantity=1), 6),
        (Command(**make, price=HUGE, quantity=HUGE), 10),
        (Command(**make, price=QUOTE_EACH, quantity=2), 8),
        (Command(**make | {"side": ASK}, price=1, quantity=BASE_EACH + 1), 7),
        (Command(**make, price=100), 3),
        (Command(**make | {"order_id": 11}, price=100, quantity=1), 1),
        (Command(**make, price=5000, quantity=1), 12),
        (Command(**make | {"order_type": POST_ONLY}, price=101, quantity=1), 4),
        (Command(Kind.CANCEL, account_id=ALICE, order_id=11), 9),
        (Command(Kind.CANCEL, account_id=ALICE, order_id=1), 2),
        (Command(Kind.MODIFY, account_id=ALICE, order_id=11, quantity=1), 9),
        (Command(Kind.CANCEL_ALL, account_id=STRANGER), 6),
        (Command(Kind.CREDIT, account_id=STRANGER, price=TOP, quantity=1), 10),
    ]
    status, unfilled, fills = process(engine, [record for record, _ in records])
    assert status == [number for _, number in records]
    assert set(unfilled) == {0}
    assert fills == []
    assert trace(engine) == before
    assert engine.last_sequence == 1 + 4  # the missing price, the quantity, the duplicate, the crossing
