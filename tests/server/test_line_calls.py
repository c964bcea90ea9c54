"""What one call of a session may take, and what a session keeps: time and memory that belong to all connections."""

import pytest

from orderbook import Exchange, Instrument
from orderbook_server.metrics.histogram import Histogram
from orderbook_server.protocol.line.event_lines import EventLines
from orderbook_server.protocol.line.session import LineSession
from orderbook_server.sequencer.sequencer import Sequencer

from .test_tcp_limits import MEGABYTE, memory_bytes

LEVELS = 40_000
COSTLY = b"N 2 1 B 0 %d MARKET\n" % LEVELS  # all levels are added up before it is refused


def sequencer():
    return Sequencer(Exchange([Instrument("BTC-USD", "BTC", "USD")]), execution_capacity=1024)


@pytest.fixture(scope="module")
def busy():
    """Return a sequencer with a book of many levels; account 2 can pay none of them."""
    market = sequencer()
    maker = LineSession(market, version="1")
    maker.receive(b"A 1 1000000 0\nA 2 0 1\n")
    maker.receive(b"".join(b"N 1 %d A %d 1\n" % (price, price) for price in range(100, 100 + LEVELS)))
    while maker.waiting:
        maker.advance()
    assert maker.lines == 2 + LEVELS
    return market


def test_lines_wait_when_a_call_has_gone_on_for_long(busy):
    """Seconds of work fit into a packet, and its answers into a buffer."""
    session = LineSession(busy, version="1", call_ns_max=1_000_000)
    outputs = [session.receive(COSTLY * 400 + b"P\nQ\n")]
    calls = [session.lines]
    while session.waiting:
        outputs.append(session.advance())
        calls.append(session.lines)
    assert len(calls) > 3
    assert max(after - before for before, after in zip([0, *calls], calls, strict=False)) < 400
    assert b"".join(outputs) == b"ERR insufficient_quote\n" * 400 + b"PONG %d\nBYE\n" % LEVELS
    assert (session.lines, session.closed) == (402, "quit")


def test_lines_that_waited_are_counted(busy):
    handling, batches = Histogram(), Histogram()
    session = LineSession(busy, version="1", output_bytes_max=100, handling=handling, batches=batches)
    session.receive(b"P\n" * 50)
    calls = 1
    while session.waiting:
        session.advance()
        calls += 1
    assert calls > 3
    assert (batches.total, sum(batches.counts()), sum(handling.counts())) == (50, calls, calls)
    session.advance()  # nothing to do
    assert sum(handling.counts()) == calls


def test_a_call_goes_on_for_any_time_where_nothing_is_said(busy):
    session = LineSession(busy, version="1")
    assert session.receive(COSTLY * 400) == b"ERR insufficient_quote\n" * 400
    assert not session.waiting


def test_a_session_keeps_no_room_for_a_large_answer(busy):
    sessions = [LineSession(busy, version="1") for _ in range(60)]
    size = len(sessions[0].receive(b"S\n"))
    before = memory_bytes()
    for session in sessions:
        assert len(session.receive(b"S\n")) == size
    assert memory_bytes() - before < 60 * size / 4
    assert memory_bytes() - before < 16 * MEGABYTE


@pytest.mark.parametrize(
    "make",
    [
        lambda: LineSession.__new__(LineSession),
        lambda: EventLines.__new__(EventLines),
        lambda: LineSession.__new__(LineSession, None, version="1"),
        lambda: EventLines.__new__(EventLines, None),
    ],
)
def test_nothing_is_made_by_halves(make):
    with pytest.raises(TypeError):
        make()


def test_the_feed_of_another_sequencer():
    with pytest.raises(ValueError, match="another sequencer"):
        LineSession(sequencer(), version="1", feed=EventLines(sequencer()))
