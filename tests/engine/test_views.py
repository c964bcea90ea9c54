"""The records that engines hand out: immutable, comparable, hashable, printable, picklable."""

import copy
import pickle

import pytest

from orderbook import (
    AccountSnapshot,
    Balance,
    BookAdded,
    BookRemoved,
    BookSnapshot,
    BookUpdated,
    Fill,
    LevelDepth,
    LevelSnapshot,
    MatchResult,
    OrderType,
    OrderView,
    Rejection,
    RejectReason,
    RemoveReason,
    Side,
    Trade,
)

from .helpers import ASK, BID, LIMIT, MARKET, TOP

ORDER = OrderView(1, BID, 100, 5)
LEVEL = LevelSnapshot(100, 5, (ORDER,))

# Per record: its fields with values, and another value for each.
RECORDS = {
    OrderView: {"id": (1, 2), "side": (BID, ASK), "price": (100, 0), "quantity": (5, TOP)},
    LevelDepth: {"price": (100, 0), "total_quantity": (5, TOP), "order_count": (1, 2)},
    LevelSnapshot: {"price": (100, 0), "total_quantity": (5, TOP), "orders": ((ORDER,), ())},
    BookSnapshot: {"bids": ((LEVEL,), ()), "asks": ((), (LEVEL,)), "sequence": (1, TOP)},
    Fill: {"maker_id": (1, TOP), "price": (100, 0), "quantity": (5, TOP)},
    MatchResult: {"fills": ((Fill(1, 100, 5),), ()), "resting": (ORDER, None), "unfilled": (0, TOP)},
    AccountSnapshot: {
        "available_base": (1, TOP),
        "reserved_base": (2, 0),
        "available_quote": (3, TOP),
        "reserved_quote": (4, 0),
    },
    Balance: {"available": (1, TOP), "reserved": (2, 0)},
}
EVENT = {"sequence": (1, TOP), "timestamp": (0, TOP)}
ON_BOOK = {**EVENT, "order_id": (1, TOP), "side": (BID, ASK), "price": (100, 0), "quantity": (5, TOP)}
RECORDS |= {
    BookAdded: ON_BOOK,
    BookUpdated: ON_BOOK,
    BookRemoved: {**ON_BOOK, "reason": (RemoveReason.FILLED, RemoveReason.CANCELED)},
    Trade: {
        **EVENT,
        "taker_order_id": (1, TOP),
        "maker_order_id": (2, TOP),
        "taker_side": (BID, ASK),
        "order_type": (LIMIT, MARKET),
        "price": (100, 0),
        "quantity": (5, TOP),
    },
    Rejection: {
        **EVENT,
        "order_id": (1, TOP),
        "side": (BID, ASK),
        "order_type": (LIMIT, MARKET),
        "price": (100, None),
        "quantity": (5, 0),
        "reason": (RejectReason.DUPLICATE, RejectReason.CROSSED),
    },
}

every_record = pytest.mark.parametrize(("cls", "fields"), RECORDS.items(), ids=[cls.__name__ for cls in RECORDS])
every_event = pytest.mark.parametrize(
    ("cls", "fields"),
    [pytest.param(cls, fields, id=cls.__name__) for cls, fields in RECORDS.items() if "timestamp" in fields],
)


def make(cls, fields, **changes):
    return cls(**{name: value for name, (value, _) in fields.items()} | changes)


@every_record
def test_fields(cls, fields):
    record = make(cls, fields)
    for name, (value, _) in fields.items():
        assert getattr(record, name) == value
        assert type(getattr(record, name)) is type(value)
    assert tuple(record) == tuple(value for value, _ in fields.values())
    assert cls(*record) == record


@every_record
def test_immutable(cls, fields):
    record = make(cls, fields)
    for name, (_, other) in fields.items():
        with pytest.raises(AttributeError):
            setattr(record, name, other)
        with pytest.raises(AttributeError):
            delattr(record, name)
    with pytest.raises(AttributeError):
        record.another = 1
    assert record == make(cls, fields)


@every_record
def test_comparable_and_hashable(cls, fields):
    record, same = make(cls, fields), make(cls, fields)
    assert record == same
    assert hash(record) == hash(same)
    for name, (_, other) in fields.items():
        assert record != make(cls, fields, **{name: other})
    assert record != tuple(record)
    assert record != object()
    assert {record: 1}[same] == 1


def test_records_of_two_classes_are_never_equal():
    fields = (1, 0, 1, BID, 100, 5)
    assert BookAdded(*fields) != BookUpdated(*fields)
    assert Fill(1, 100, 5) != LevelDepth(1, 100, 5)


@every_record
def test_printable(cls, fields):
    """What is printed reads like the call that makes it."""
    record = make(cls, fields)
    text = repr(record)
    assert text.startswith(f"{cls.__name__}({next(iter(fields))}=")
    for name, (value, _) in fields.items():
        assert f"{name}={value!r}" in text
    assert str(record) == text


@every_record
def test_picklable_and_copyable(cls, fields):
    for changes in [{}, {name: other for name, (_, other) in fields.items()}]:
        record = make(cls, fields, **changes)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(record, protocol)) == record
        assert copy.copy(record) == copy.deepcopy(record) == record


@every_record
def test_matches_patterns_by_position(cls, fields):
    assert cls.__match_args__ == tuple(fields)


@every_record
def test_arguments_are_checked(cls, fields):
    """What goes into a record is checked as strictly as what goes into the engine."""
    for name, (value, _) in fields.items():
        wrong = [(1.5, TypeError), (True, TypeError), ("1", TypeError)]
        if isinstance(value, (Side, OrderType, RemoveReason, RejectReason)):
            wrong += [(0, ValueError), (99, ValueError), (None, TypeError)]
        elif isinstance(value, tuple):
            wrong += [((1,), TypeError), (None, TypeError)]
        elif isinstance(value, int):
            wrong += [(-1, OverflowError), (TOP + 1, OverflowError)]
        for other, error in wrong:
            with pytest.raises(error):
                make(cls, fields, **{name: other})
    with pytest.raises(TypeError):
        cls()


@every_event
def test_an_event_has_an_instrument(cls, fields):
    """It is 0 where none is given, and the last argument, by place or by name."""
    values = tuple(value for value, _ in fields.values())
    assert cls(*values).instrument == 0
    assert cls(*values, 7).instrument == cls(*values, instrument=7).instrument == 7
    assert type(cls(*values, 7).instrument) is int
    with pytest.raises(AttributeError):
        cls(*values, 7).instrument = 8
    for wrong, error in [(1.5, TypeError), (True, TypeError), ("1", TypeError), (-1, OverflowError), (None, TypeError)]:
        with pytest.raises(error):
            cls(*values, wrong)
    with pytest.raises(OverflowError):
        cls(*values, 2**32)  # the field of a command record has 32 bits


@every_event
def test_an_events_instrument_takes_part_in_all_but_unpacking(cls, fields):
    first, second, same = make(cls, fields), make(cls, fields, instrument=2), make(cls, fields, instrument=2)
    assert first != second == same
    assert hash(second) == hash(same)
    assert len({first, second, same}) == 2
    assert tuple(first) == tuple(second)
    assert "instrument" not in cls.__match_args__
    assert "instrument" not in repr(first)
    assert repr(second) == f"{repr(first)[:-1]}, instrument=2)"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(second, protocol)) == second
    assert copy.copy(second) == copy.deepcopy(second) == second


def test_engines_hand_out_these_records(api):
    """The records are the same classes whichever engine made them, with plain ints and the enumerations' members."""
    engine = api.MatchingEngine()
    engine.submit(1, 1, 2, 100, 5)
    result = engine.submit(2, 2, 2, 100, 7)
    assert type(result) is MatchResult
    assert type(result.fills) is tuple
    assert type(result.resting) is OrderView
    assert result.resting.side is ASK
    snapshot = engine.order_book.snapshot()
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot
    assert type(snapshot.bids) is type(snapshot.asks[0].orders) is tuple
    assert [type(event) for event in engine.events()] == [BookAdded, Trade, BookRemoved, BookAdded]
    assert engine.events()[1].order_type is LIMIT
    assert engine.events()[2].reason is RemoveReason.FILLED


def test_a_record_is_made_once():
    """Calling `__init__` again changes nothing: a record may be the key of a dictionary."""
    order = OrderView(1, BID, 100, 5)
    orders = {order: "first"}
    with pytest.raises((TypeError, AttributeError)):
        order.__init__(2, ASK, 200, 6)
    assert orders[OrderView(1, BID, 100, 5)] == "first"
