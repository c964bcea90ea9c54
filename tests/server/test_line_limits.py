"""What a session of the line protocol tells of itself, and its limits: output held back, slow consumers, the rate."""

import time
from types import SimpleNamespace

import pytest

from orderbook import Instrument, OrderType, Side

from .line_implementations import IMPLEMENTATIONS, VERSION, drained

ORDERS = 20
ADDED = "".join(f"EVENT {number} BOOK_ADD {number} B 10 1\n" for number in range(1, ORDERS + 1)).encode()


@pytest.fixture(params=IMPLEMENTATIONS)
def make(request):
    """Return what makes connections to one exchange, which holds as many events as there are orders."""
    implementation = IMPLEMENTATIONS[request.param]
    exchange = implementation.exchange([Instrument("BTC-USD", "BTC", "USD")], event_capacity=ORDERS)
    sequencer = implementation.sequencer(exchange)

    def connect(**settings):
        return implementation.session(sequencer, version=VERSION, **settings)

    connect.exchange, connect.sequencer = exchange, sequencer
    return connect


def orders(first: int, last: int) -> bytes:
    """Return lines that submit these orders for account 1."""
    return b"".join(b"N 1 %d B 10 1\n" % number for number in range(first, last + 1))


@pytest.fixture
def trader(make):
    """Return a connection after it credited account 1."""
    session = make()
    session.receive(b"A 1 0 1000000\n")
    return session


def test_a_session_tells_what_became_of_it(make):
    session = make()
    assert (session.waiting, session.subscribed, session.authenticated) == (False, False, True)
    assert (session.lag, session.lines, session.closed) == (0, 0, "")
    session.receive(b"A 1 0 1000\nnonsense\n\nF\nP")
    assert (session.waiting, session.subscribed, session.lag, session.lines) == (False, True, 0, 4)
    session.receive(b"\nF off\nQ\n")
    assert (session.subscribed, session.lines, session.closed) == (False, 7, "quit")
    assert (session.receive(b"P\n"), session.advance()) == (b"", b"")
    assert (session.waiting, session.closed) == (False, "quit")


def test_authenticated_is_told(make):
    session = make(authenticate={"secret": SimpleNamespace(may_credit=lambda: True)}.get)
    session.receive(b"AUTH wrong\n")
    assert not session.authenticated
    session.receive(b"AUTH secret\n")
    assert session.authenticated


def test_an_idle_session_has_nothing_to_say(make, trader):
    assert trader.advance() == b""
    make().receive(orders(1, 3))
    assert trader.advance() == b""  # no subscription


def test_the_lag_counts_events_not_handed_out(make, trader):
    reader = make()
    assert reader.receive(b"F\n") == b"SUBSCRIBED\n"
    trader.receive(orders(1, 5))
    assert (reader.lag, trader.lag) == (5, 0)
    assert reader.advance() == ADDED[: len(ADDED.split(b"EVENT 6")[0])]
    assert (reader.lag, reader.waiting, reader.advance()) == (0, False, b"")


@pytest.mark.parametrize("question", ["S", "S B 10", "L", "P", "O 3"])
def test_events_up_to_an_answer_come_before_it(make, trader, question):
    """Nobody called `advance` after another connection's command: what a reader asks shows no future."""
    reader = make()
    reader.receive(b"F\n")
    trader.receive(orders(1, 3))
    output = reader.receive(f"{question}\n".encode())
    assert output.startswith(ADDED.split(b"EVENT 4")[0])
    assert output.count(b"\n") == 4


def test_much_output_is_held_back_and_goes_on(make, trader):
    """Lines wait that were received, and are not carried out before there is room for their answers."""
    trader.receive(orders(1, ORDERS))
    session = make(output_bytes_max=100)
    answer = b"SNAP B 10 " + b" ".join(b"%d:1" % number for number in range(1, ORDERS + 1)) + b"\n"
    first = session.receive(b"S B 10\n" * 5 + b"C 1 1\n")
    assert first == answer
    assert session.waiting
    assert session.lines == 1
    assert make.exchange.market("BTC-USD").order_book.order(1)
    chunks = [first]
    while session.waiting:
        chunks.append(session.advance())
        assert 0 < len(chunks[-1]) <= 100 + len(answer)
    assert b"".join(chunks) == answer * 5 + b"CANCELED 1\n"
    assert session.lines == 6
    assert session.advance() == b""


def test_events_are_held_back_as_well(make, trader):
    trader.receive(orders(1, ORDERS))
    session = make(output_bytes_max=60)
    first = session.receive(b"F FROM 0\nP\n")
    assert len(first) < 150
    assert session.waiting
    assert 0 < session.lag < ORDERS
    chunks = [first]
    while session.waiting:
        chunks.append(session.advance())
        assert 0 < len(chunks[-1]) < 150
    assert b"".join(chunks) == b"SUBSCRIBED\n" + ADDED + b"PONG %d\n" % ORDERS


def test_what_comes_while_lines_wait_comes_after_them(make, trader):
    session = make(output_bytes_max=1)
    output = session.receive(b"V\nV\n")
    assert output == b"VERSION 1.2.3\n"
    output += session.receive(b"P\nQ\nV\n")
    assert drained(session, output) == b"VERSION 1.2.3\n" * 2 + b"PONG 0\nBYE\n"
    assert session.closed == "quit"


def test_quit_counts_when_its_turn_comes(make):
    session = make(output_bytes_max=1)
    session.receive(b"P\nQ\n")
    assert (session.closed, session.waiting) == ("", True)
    assert session.advance() == b"BYE\n"
    assert (session.closed, session.waiting) == ("quit", False)


def test_a_reader_whose_events_are_gone_is_told(make, trader):
    reader = make()
    reader.receive(b"F\n")
    trader.receive(orders(1, ORDERS))
    assert (reader.lag, reader.closed) == (ORDERS, "")
    trader.receive(orders(ORDERS + 1, ORDERS + 1))
    assert drained(reader) == b"ERR slow_consumer\n"
    assert (reader.closed, reader.waiting) == ("slow_consumer", False)
    assert (reader.receive(b"P\n"), reader.advance()) == (b"", b"")


def test_a_reader_at_the_very_end_of_what_is_held_goes_on(make, trader):
    reader = make()
    reader.receive(b"F\n")
    trader.receive(orders(1, ORDERS))
    assert drained(reader) == ADDED
    assert reader.closed == ""


def test_a_command_with_more_events_than_are_held_ends_its_own_feed(make, trader):
    trader.receive(orders(1, ORDERS + 1) + b"F\n")
    assert drained(trader, trader.receive(b"X 1\nP\n")) == b"CANCELED_ALL %d\nERR slow_consumer\n" % (ORDERS + 1)
    assert trader.closed == "slow_consumer"


def test_a_connection_that_ended_leaves_the_others_alone(make, trader):
    other = make()
    other.receive(b"D\n" + orders(1, 2) + b"N 1 3 B 10 1")
    trader.receive(orders(4, 4) + b"F\n")
    assert other.end() == 2
    assert drained(trader) == b"EVENT 4 BOOK_REMOVE 1 B 10 1 CANCELED\nEVENT 5 BOOK_REMOVE 2 B 10 1 CANCELED\n"
    assert trader.receive(b"S\n") == b"BOOKSNAP B:10:1:4@1\n"
    make.exchange.check()


def test_an_order_that_came_through_no_connection_stays(make, trader):
    """Also where its id was that of an order of the connection that ends."""
    session = make()
    session.receive(b"D\n" + orders(1, 3))
    trader.receive(b"C 1 2\nM 1 3 1 11\n")
    make.sequencer.submit(0, 1, 2, Side.BID, OrderType.LIMIT, 10, 1)
    assert session.end() == 2
    assert trader.receive(b"S\n") == b"BOOKSNAP B:10:1:2@1\n"


def test_lines_over_the_rate_are_refused(make, trader):
    """Other refusals come before; what is refused changes nothing, and a second later all goes on."""
    session = make(messages_per_second=3)
    start = time.monotonic()
    output = session.receive(b"P\nP\nA 1 0 5\nA 1 0 5\nQ\nP 1\nZ\n\nAUTH x\n")
    assert output == (
        b"PONG 0\nPONG 0\nBAL 1 0 0 1000005 0\nERR rate_limited\nERR rate_limited\n"
        b"ERR too_many_fields\nERR unknown_command\nERR missing_field command\nERR rate_limited\n"
    )
    assert session.closed == ""
    assert trader.receive(b"P\n") == b"PONG 0\n"  # a rate of its own
    while time.monotonic() < start + 1.05:  # time itself is what is waited for
        time.sleep(0.05)
    assert session.receive(b"B 1\n") == b"BAL 1 0 0 1000005 0\n"


def test_the_rate_comes_before_authorisation(make):
    session = make(messages_per_second=2, authenticate={}.get)
    expected = b"ERR unauthenticated\n" * 2 + b"ERR rate_limited\n" * 2 + b"ERR invalid_field side\n"
    assert session.receive(b"P\nAUTH x\nP\nAUTH x\nS x\n") == expected
