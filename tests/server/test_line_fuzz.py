"""Anything on the wire: the compiled sessions say what the reference says, byte by byte, and end in the same state.

Several connections to one exchange send lines that are valid, nearly valid or nothing of the kind, in packets cut
anywhere. Whatever was sent, a whole line has exactly one answer.
"""

from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbook import Instrument, SelfTradePrevention
from orderbook_server.auth import Access

from ..conftest import PROFILE
from ..engine.helpers import TOP
from .line_flow import Flow
from .line_grammar import LETTERS, MODES, ORDER_TYPES
from .line_implementations import IMPLEMENTATIONS, VERSION, drained

CONNECTIONS = range(3)
MANY = settings(max_examples=settings().max_examples if PROFILE != "default" else 100)
ENDS = st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b" \r\n", b"\t\n"])
BEGINNING = b"A 1 1000 10000\nA 2 1000 10000\nN 2 1 A 11 5\nN 2 2 B 9 5\n"
TOKENS = {
    "boss": Access("admin", "boss"),
    "trader": Access("trader", "trader", frozenset({1, 2})),
    "viewer": Access("viewer", "viewer", frozenset({1})),
}

few = st.integers(0, 4)
numbers = st.one_of(few, few, st.integers(0, 30), st.sampled_from([TOP - 1, TOP, TOP + 1, 2**32, 10**20, 10**30]))
number_words = st.one_of(
    numbers.map(str),
    numbers.map(str),
    numbers.map(str),
    st.sampled_from(["-1", "+1", "", "1a", "007", "x", "0x1", "٣"]),
)
prices = st.one_of(st.integers(8, 12).map(str), st.integers(8, 12).map(str), number_words)
accounts = st.sampled_from(["1", "1", "2", "3", "01", "9"])
ids = st.one_of(st.integers(1, 12).map(str), number_words)
sides = st.sampled_from("BAba")
types = st.sampled_from(["", "", "", *(word.decode() for word in ORDER_TYPES), "gtc"])
modes = st.sampled_from(["", *(word.decode() for word in MODES), "maybe"])
tokens = st.sampled_from([*TOKENS, "nobody"])
symbols = st.sampled_from(["BTC-USD", "ETH-USD", "btc-usd"])
words = st.sampled_from([*LETTERS, *LETTERS.values(), "AUTH"])


def line_of(*fields: Any) -> st.SearchStrategy[str]:
    """Return lines with these fields, each a word or a strategy of words."""
    return st.tuples(*(st.just(part) if isinstance(part, str) else part for part in fields)).map(" ".join)


valid = st.one_of(
    line_of("N", accounts, ids, sides, prices, number_words, types),
    line_of("N", accounts, ids, sides, prices, st.sampled_from("123456789"), types),
    line_of("n", accounts, ids, sides, prices, st.sampled_from("123456789")),
    line_of("M", accounts, ids, st.sampled_from("0123456789")),
    line_of("M", accounts, ids, st.sampled_from("123456789"), prices),
    line_of("C", accounts, ids),
    line_of("X", accounts),
    line_of("A", accounts, number_words, number_words),
    line_of("A", accounts, st.just("1000"), st.just("10000")),
    line_of("W", accounts, number_words, number_words),
    line_of("B", accounts),
    st.sampled_from(["S", "L", "P", "V", "I", "L 2", "snapshot", "F", "F", "F OFF", "D", "D", "D off"]),
    line_of("S", sides, prices),
    line_of("L", number_words),
    line_of("O", ids),
    line_of("F", modes),
    line_of("F FROM", st.one_of(few.map(str), number_words)),
    line_of("D", modes),
    line_of("U", symbols),
    line_of("AUTH", tokens),
).map(str.encode)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Draw a line that was valid until something happened to it."""
    line = draw(valid)
    place = draw(st.integers(0, len(line)))
    junk = draw(st.sampled_from([b"", b" ", b"\t", b"\x00", b"\xff", b"\r", b"9", b"B", b" 1 2 3", b"-", b"x" * 70]))
    return line[:place] + junk + line[place + draw(st.integers(0, 2)) :]


lines = st.one_of(
    valid,
    valid,
    valid,
    mutated(),
    st.builds(lambda word, rest: " ".join([word, *rest]).encode(), words, st.lists(number_words, max_size=7)),
    st.binary(max_size=12),
    st.sampled_from([b"", b" ", b"\r", b"0" * 64, b"x" * 64, b"x" * 65, b"P" + b" " * 64, b"Q", b"Q 1"]),
)
streams = st.lists(st.tuples(lines, ENDS), min_size=1, max_size=8).map(lambda sent: b"".join(map(b"".join, sent)))


@dataclass(frozen=True)
class Packets:
    """What a connection sends, in packets. None: it ends instead, and comes back as a new one."""

    connection: int
    packets: list[bytes] | None


@st.composite
def sendings(draw: st.DrawFn, data: st.SearchStrategy[bytes]) -> Packets:
    """Draw what a connection does next."""
    connection = draw(st.sampled_from(CONNECTIONS))
    if draw(st.integers(0, 15)) == 15:
        return Packets(connection, None)
    stream = draw(data)
    if draw(st.booleans()):
        stream = stream[: draw(st.integers(0, len(stream)))]
    cuts = sorted({0, len(stream), *draw(st.lists(st.integers(0, len(stream)), max_size=3))})
    return Packets(connection, [stream[a:b] for a, b in pairwise(cuts)])


@dataclass(frozen=True)
class Setting:
    """How the server of an example is set."""

    instruments: int
    prevention: SelfTradePrevention | None
    event_capacity: int
    with_tokens: bool
    output_bytes_max: int


server_settings = st.builds(
    Setting,
    st.integers(1, 2),
    st.sampled_from([None, None, *SelfTradePrevention]),
    st.sampled_from([6, 40, 4096]),
    st.sampled_from([False, False, True]),
    st.sampled_from([0, 50, 262144]),
)


class Server:
    """An exchange of one implementation with its connections."""

    def __init__(self, name: str, setting: Setting) -> None:
        self.implementation = IMPLEMENTATIONS[name]
        symbols = ("BTC-USD", "ETH-USD")[: setting.instruments]
        modes = {"self_trade_prevention": setting.prevention}
        instruments = [Instrument(symbol, *symbol.split("-"), **modes) for symbol in symbols]
        self.exchange = self.implementation.exchange(instruments, event_capacity=setting.event_capacity)
        self.sequencer = self.implementation.sequencer(self.exchange)
        self.settings = {
            "version": VERSION,
            "authenticate": TOKENS.get if setting.with_tokens else None,
            "line_bytes_max": 64,
            "output_bytes_max": setting.output_bytes_max,
        }
        self.sessions = [self.connection() for _ in CONNECTIONS]
        if setting.with_tokens:
            for session in self.sessions:
                session.receive(b"AUTH boss\n")
        drained(self.sessions[0], self.sessions[0].receive(BEGINNING))

    def connection(self) -> Any:
        """Return a new connection."""
        return self.implementation.session(self.sequencer, **self.settings)

    def take(self, sending: Packets) -> list[Any]:
        """Let a connection do something and return what everybody reads, packet by packet."""
        if sending.packets is None:
            session, self.sessions[sending.connection] = self.sessions[sending.connection], self.connection()
            return [session.end(), *self.read_by_all()]
        session, read = self.sessions[sending.connection], []
        for packet in sending.packets:
            read += [drained(session, session.receive(packet)), *self.read_by_all()]
        return read

    def read_by_all(self) -> list[bytes]:
        """Return what the connections read that sent nothing."""
        return [drained(session) for session in self.sessions]

    def told(self) -> list[tuple[Any, ...]]:
        """Return what the connections tell of themselves; of a subscription only as long as they are open."""
        return [
            (s.closed, s.authenticated, s.lines, s.waiting, *(() if s.closed else (s.subscribed, s.lag)))
            for s in self.sessions
        ]


def answers(output: bytes) -> int:
    """Return how many answers there are."""
    return sum(not line.startswith(b"EVENT ") for line in output.splitlines())


class Servers:
    """One server of every implementation, which must do the same."""

    def __init__(self, setting: Setting) -> None:
        self.servers = {name: Server(name, setting) for name in IMPLEMENTATIONS}
        self.reference = self.servers["reference"]
        self.sent = dict.fromkeys(CONNECTIONS, b"")
        self.heard = dict.fromkeys(CONNECTIONS, b"")

    def take(self, sending: Packets) -> list[Any]:
        """Let a connection do something on all, compare all that can be seen, and return what everybody reads."""
        read = {name: server.take(sending) for name, server in self.servers.items()}
        for name, server in self.servers.items():
            assert (name, read[name]) == (name, read["reference"])
            assert server.told() == self.reference.told()
            assert server.exchange.last_sequence == self.reference.exchange.last_sequence
        self._count_answers(sending, read["reference"])
        return read["reference"]

    def _count_answers(self, sending: Packets, read: list[Any]) -> None:
        """Assert that every whole line had one answer, as long as the connection is open."""
        connection = sending.connection
        if sending.packets is None:
            self.sent[connection] = self.heard[connection] = b""
            return
        self.sent[connection] += b"".join(sending.packets)
        self.heard[connection] += b"".join(read[:: 1 + len(CONNECTIONS)])
        if not self.reference.sessions[connection].closed:
            assert answers(self.heard[connection]) == self.sent[connection].count(b"\n")

    def check(self) -> None:
        """Assert that all is in order, and in the same state."""
        for server in self.servers.values():
            server.exchange.check()
            assert server.exchange.state_hash() == self.reference.exchange.state_hash()


def run(setting: Setting, script: list[Packets]) -> None:
    """Run a script on all implementations."""
    servers = Servers(setting)
    for sending in script:
        servers.take(sending)
    servers.check()


def random_setting(random: Random) -> Setting:
    """Return how a server may be set."""
    modes = (None, None, *SelfTradePrevention)
    capacity, output = random.choice((6, 40, 4096, 4096)), random.choice((0, 50, 262144))
    return Setting(random.choice((1, 2)), random.choice(modes), capacity, random.random() < 0.2, output)


@settings(max_examples=settings().max_examples if PROFILE != "default" else 60)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_day_of_trading(seed):
    random = Random(seed)
    servers, flow = Servers(random_setting(random)), Flow(random)
    for _ in range(80):
        ends = random.random() < 0.06
        packets = None if ends else flow.packets(servers.reference.exchange.last_sequence)
        servers.take(Packets(random.choice(CONNECTIONS), packets))
    servers.check()


def kinds(output: bytes) -> set[str]:
    """Return what kinds of lines were read: first words, with the kind of an event and the code of a refusal."""
    second = {"EVENT": 2, "ERR": 1}
    lines = [line.split() for line in output.decode().splitlines()]
    return {" ".join([line[0], *([line[second[line[0]]]] if line[0] in second else [])]) for line in lines}


def test_a_day_of_trading_has_all_that_can_happen():
    """Other tests would find nothing where nothing is."""
    seen, canceled = set(), 0
    for seed in range(12):
        random = Random(seed)
        server, flow = Server("reference", random_setting(random)), Flow(random)
        for _ in range(80):
            read = server.take(Packets(random.choice(CONNECTIONS), flow.packets(server.exchange.last_sequence)))
            seen |= kinds(b"".join(read))
        canceled += sum(server.take(Packets(connection, None))[0] for connection in CONNECTIONS)
    assert canceled > 10
    events = ("BOOK_ADD", "BOOK_UPDATE", "BOOK_REMOVE", "TRADE", "REJECT")
    refusals = (
        "missing_field invalid_field too_many_fields unknown_command unauthenticated permission_denied unknown_symbol "
        "sequence_gone slow_consumer duplicate_order unknown_order invalid_quantity crossed_order unknown_account "
        "insufficient_base insufficient_quote account_mismatch numeric_overflow"
    )
    answers = "EXEC OK CANCELED CANCELED_ALL BOOKSNAP SNAP DEPTH ORDER BAL SUBSCRIBED UNSUBSCRIBED INSTRUMENTS PONG"
    assert seen >= {f"EVENT {kind}" for kind in events}
    assert seen >= {f"ERR {code}" for code in refusals.split()}
    assert seen >= set(answers.split())


@MANY
@given(server_settings, st.lists(sendings(streams), min_size=1, max_size=12))
def test_lines_of_all_kinds(setting, script):
    run(setting, script)


@MANY
@given(server_settings, st.lists(sendings(st.binary(max_size=200)), max_size=5))
def test_raw_bytes(setting, script):
    run(setting, script)


SCRAPS = [b"N", b"M", b"C", b"X", b"S", b"F", b"FROM", b"D", b"A", b"B", b"1", b"2", b"9", b"\n", b"\r\n", b" ", b"\t"]


@MANY
@given(
    server_settings,
    st.lists(sendings(st.lists(st.sampled_from(SCRAPS), max_size=60).map(b"".join)), max_size=6),
)
def test_scraps_of_lines(setting, script):
    run(setting, script)


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
@given(data=st.binary(max_size=400), cuts=st.lists(st.integers(0, 400), max_size=5))
def test_the_packets_do_not_matter(name, data, cuts):
    """The same bytes lead to the same bytes however they are cut, and to one answer for every line."""
    setting = Setting(1, None, 40, False, 262144)
    whole, pieces = (Server(name, setting) for _ in range(2))
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    packets = [data[a:b] for a, b in pairwise(edges)]
    first = whole.take(Packets(0, [data]))[0]
    assert first == b"".join(pieces.take(Packets(0, packets))[:: 1 + len(CONNECTIONS)])
    session = whole.sessions[0]
    if not session.closed:
        assert answers(first) == data.count(b"\n")
    assert whole.exchange.state_hash() == pieces.exchange.state_hash()
