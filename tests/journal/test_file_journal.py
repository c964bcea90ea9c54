"""FileJournal behind a sequencer: what comes back is what was carried out, whatever the order of calls and threads."""

import contextlib
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orderbook import Exchange, OrderBookError
from orderbook.errors import BY_NUMBER
from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.layout import segments
from orderbook_server.journal.reader import JournalReader, RecordKind
from orderbook_server.sequencer.sequencer import Sequencer

from ..engine.helpers import BID, LIMIT, RECORD, TOP, Command, Kind, new, packed
from ..money.flow import flow
from ..money.helpers import ACCOUNTS, credit, of
from ..server.stories import process, send
from .writing import DEBIT, Kept, many_instruments, meaning, read, records, replayed, settle

INSTRUMENTS = 40  # more than a record has bits for
ON, OFF, ENDED = 1, 2, 3
MODES = [{"sync": "always"}, {"sync": "interval", "interval_ms": 1}, {"sync": "never"}]
modes = pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode["sync"])


class Twin:
    """The same exchange in memory, given commands one by one: it tells which of them are to be kept."""

    def __init__(self, instruments: int) -> None:
        self.sequencer = Sequencer(Exchange(many_instruments(instruments), event_capacity=1 << 16))

    def news(self) -> tuple[int, int]:
        return self.sequencer.exchange.last_sequence, self.sequencer.last_execution

    def keeps(self, command: Command) -> bool:
        """Run a command; tell whether it changed something or made an event."""
        before = self.news()
        (status,), _, _ = process(self.sequencer, [command])
        return status == 0 or self.news() != before

    def keeps_debit(self, *debit: int) -> bool:
        try:
            self.sequencer.debit_account(*debit)
        except OrderBookError:
            return False
        return True


def come_out(folder: Path) -> list[Any]:
    """Return the records of a journal but the first, which says what the instruments are, in the form of `Script`."""
    first, *others = records(folder)
    assert first.kind is RecordKind.INSTRUMENTS
    assert [record.sequence for record in others] == list(range(2, 2 + len(others)))
    return [
        ("session", record.session, record.code)
        if record.kind is RecordKind.SESSION
        else (record.session, meaning(Command(*RECORD.unpack(bytes(record)))))
        for record in others
    ]


class Script:
    """Random calls of a sequencer, and what its journal must then contain."""

    def __init__(self, kept: Kept, seed: int, instruments: int) -> None:
        self.kept = kept
        self.chance = random.Random(seed)
        self.twin = Twin(instruments)
        self.commands = flow(seed, 1 << 30, instruments)
        self.numbers: dict[Any, int] = {None: 0}  # of sessions
        self.sessions = [None, *(self.open_session() for _ in range(5))]
        self.expected: list[Any] = []

    def open_session(self) -> Any:
        session = self.kept.sequencer.open_session()
        self.numbers[session] = len(self.numbers)
        return session

    def expect(self, commands: list[Command], session: Any) -> None:
        self.expected += [(self.numbers[session], meaning(command)) for command in commands if self.twin.keeps(command)]

    def batch(self) -> None:
        commands = [next(self.commands) for _ in range(self.chance.choice([1, 2, 30, 300]))]
        session = self.chance.choice(self.sessions)
        self.kept.sequencer.process(packed(commands), session)
        self.expect(commands, session)

    def call(self) -> None:
        command = next(self.commands)
        session = self.chance.choice(self.sessions) if command.kind in (Kind.NEW, Kind.MODIFY) else None
        send(self.kept.sequencer, command, session)
        self.expect([command], session)

    def debit(self) -> None:
        instrument, account = self.chance.randrange(INSTRUMENTS), self.chance.randrange(6)
        base, quote = self.chance.choice([0, 1, 70_000, TOP]), self.chance.choice([0, 1, 1 << 40])
        with contextlib.suppress(OrderBookError):
            self.kept.sequencer.debit_account(instrument, account, base, quote)
        if self.twin.keeps_debit(instrument, account, base, quote):
            record = Command(DEBIT, instrument=instrument, account_id=account, price=base, quantity=quote)
            self.expected.append((0, record))

    def turn(self) -> None:
        """Have a session cancel its orders at its end, or no longer."""
        session = self.chance.choice(self.sessions[1:])
        wanted = self.chance.random() < 0.5
        if session.cancel_on_disconnect != wanted:
            self.expected.append(("session", self.numbers[session], ON if wanted else OFF))
        session.cancel_on_disconnect = wanted

    def end(self) -> None:
        """End a session; what it cancels is seen in the events."""
        place = self.chance.randrange(1, len(self.sessions))
        session, self.sessions[place] = self.sessions[place], self.open_session()
        before = self.kept.sequencer.exchange.last_sequence
        cancels = session.cancel_on_disconnect
        session.end()
        for event in self.kept.sequencer.exchange.events(before):
            owner = self.owner(event)
            command = Command(Kind.CANCEL, instrument=event.instrument, account_id=owner, order_id=event.order_id)
            self.expect([command], None)
        if cancels:
            self.expected.append(("session", self.numbers[session], ENDED))

    def owner(self, event: Any) -> int:
        """Return whose order was cancelled, which the twin still has."""
        exchange = self.twin.sequencer.exchange
        symbol = exchange.instruments[event.instrument].symbol
        (owner,) = [
            account
            for account in (*ACCOUNTS, 4)
            if event.order_id in [order.id for order in exchange.open_orders(symbol, account)]
        ]
        return owner

    def reopen(self) -> None:
        self.kept.reopen(**self.chance.choice(MODES))

    def run(self, count: int) -> None:
        steps = [self.batch] * 6 + [self.call] * 20 + [self.debit] * 3 + [self.turn] * 3 + [self.end]
        for _ in range(count):
            self.chance.choice(steps)()
            assert self.kept.journal.durable <= self.kept.journal.appended
            assert not self.kept.journal.full
            if self.chance.randrange(40) == 0:
                settle(self.kept.journal)
            if self.chance.randrange(150) == 0:
                self.reopen()


@pytest.mark.parametrize("seed", range(4))
def test_what_was_carried_out_comes_back(tmp_path: Path, seed: int) -> None:
    """Random commands of all kinds, with sessions, over many segments, lives and modes of syncing."""
    kept = Kept(tmp_path, INSTRUMENTS)
    script = Script(kept, seed, INSTRUMENTS)
    script.run(1000)
    kept.journal.close()
    assert kept.journal.durable == kept.journal.appended == 1 + len(script.expected)
    assert come_out(tmp_path) == script.expected
    assert kept.state() == replayed(tmp_path)
    assert len(segments(tmp_path)) > 1
    kinds = {item[1].kind for item in script.expected if item[0] != "session"}
    assert kinds == {*Kind, DEBIT}
    assert any(record.raw for record in records(tmp_path))


def test_times_are_kept_and_never_go_back(tmp_path: Path) -> None:
    kept = Kept(tmp_path, 3)
    for seed in range(5):
        process(kept.sequencer, list(flow(seed, 50, 3)))
        send(kept.sequencer, credit(1, 1, 1))
    kept.journal.close()
    times = [record.time for record in records(tmp_path)][1:]
    assert times == sorted(times)
    assert {event.timestamp for event in kept.sequencer.exchange.events()} <= set(times)
    assert len(set(times)) == 10  # a batch has one


def test_what_nobody_can_see_is_not_kept(tmp_path: Path) -> None:
    """Questions, refusals that make no event, an end of a session without orders."""
    kept = Kept(tmp_path)
    kept.sequencer.credit_account(0, 1, 10, 10)
    before = kept.journal.appended
    refused = [
        Command(Kind.CANCEL, account_id=404, order_id=1),
        Command(Kind.CANCEL_ALL, account_id=404),
        Command(Kind.CREDIT, account_id=1, price=TOP),
        of(404, new(1, BID, LIMIT, 5, 1)),
        Command(0),
        Command(DEBIT, account_id=1, price=1),  # is none in a batch
        Command(255, account_id=1),
        of(1, new(1, BID, LIMIT, 5, 1))._replace(instrument=7),
    ]
    status, _, _ = process(kept.sequencer, refused)
    assert 0 not in status
    for call in (lambda: kept.sequencer.debit_account(0, 1, 11, 0), lambda: kept.sequencer.cancel_order(0, 404, 1)):
        with pytest.raises(OrderBookError):
            call()
    market = kept.sequencer.exchange.market("B0-USD")
    market.account_snapshot(1), market.open_orders(1), market.order_book.snapshot(), kept.sequencer.executions(1)
    kept.sequencer.open_session().end()
    assert kept.journal.appended == before


BATCH = 600_000  # commands: more than twice what the ring holds


def test_a_batch_larger_than_the_ring_goes_through(tmp_path: Path) -> None:
    """And smaller ones, of all lengths, over its end again and again."""
    kept = Kept(tmp_path, segment_bytes=1 << 20)
    kept.sequencer.credit_account(0, 1, 1 << 60, 0)
    add = packed([of(1, new(TOP - 1, 2, LIMIT, TOP - 1, 1))])
    one = add + packed([Command(Kind.CANCEL, account_id=1, order_id=TOP - 1)])
    kept.sequencer.process(one * (BATCH // 2))
    for count in range(1, 4000, 37):
        kept.sequencer.process(one * count)
        kept.journal.refresh()
    assert not kept.journal.full
    kept.journal.close()
    sums = kept.journal.figures
    assert sums["bytes"] > 3 * (1 << 22)
    count = 0
    previous = bytes(16)
    for frame in JournalReader(tmp_path).frames():
        assert frame.previous == previous
        previous = frame.digest
        count += 1
    assert count == sums["frames"]
    assert kept.state() == replayed(tmp_path)


@modes
def test_what_was_published_becomes_durable_and_the_bell_says_so(tmp_path: Path, mode: dict[str, Any]) -> None:
    kept = Kept(tmp_path, **mode)
    settle(kept.journal)
    for number in range(200):
        before = kept.journal.durable
        kept.sequencer.credit_account(0, 1, 1, 1)
        assert (kept.journal.appended, kept.journal.durable) == (number + 2, before)  # no news without a refresh
        settle(kept.journal)
        assert read(tmp_path).position.sequence == kept.journal.durable == number + 2
    kept.journal.close()


@modes
def test_close_keeps_all_that_was_appended(tmp_path: Path, mode: dict[str, Any]) -> None:
    kept = Kept(tmp_path, **mode)
    process(kept.sequencer, list(flow(3, 2000, 1)))
    kept.journal.close()
    assert kept.journal.durable == kept.journal.appended > 500
    assert read(tmp_path).position.sequence == kept.journal.appended
    assert kept.state() == replayed(tmp_path)


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.journal.close()
    kept.journal.close()
    with pytest.raises(BY_NUMBER[18]):
        kept.sequencer.credit_account(0, 1, 1, 1)
    with pytest.raises(OSError, match="no room"):
        kept.journal.append_state(bytes(16))
    kept.journal.refresh()
    assert kept.sequencer.exchange.balance(1, "USD") is None
    assert (kept.journal.appended, kept.journal.durable) == (1, 1)


def own(what: str) -> list[str]:
    """Return the names of this process's threads or files."""
    return sorted(path.name for path in Path("/proc/self", what).iterdir())


linux_alone = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux_alone
def test_a_journal_that_is_dropped_keeps_all_and_leaves_no_thread_and_no_file(tmp_path: Path) -> None:
    before = own("task"), own("fd")
    kept = Kept(tmp_path)
    process(kept.sequencer, list(flow(4, 1000, 1)))
    state, appended = kept.state(), kept.journal.appended
    assert len(own("task")) == len(before[0]) + 2
    del kept
    assert (own("task"), own("fd")) == before
    assert read(tmp_path).position.sequence == appended
    assert replayed(tmp_path) == state


def test_a_process_that_ends_without_closing_has_published_what_it_answered(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.journal.writing import Kept, settle\n"
        "kept = Kept(Path(sys.argv[1]))\n"
        "for _ in range(100): kept.sequencer.credit_account(0, 1, 1, 1)\n"
        "settle(kept.journal); kept.sequencer.credit_account(0, 1, 1, 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert 101 <= read(tmp_path).position.sequence <= 102


@linux_alone
@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"sync": "sometimes"}, ValueError),
        ({"sync": "interval"}, ValueError),
        ({"frame_hash": b"short"}, ValueError),
        ({"sequence": "1"}, TypeError),
        ({"segment_bytes": -1}, OverflowError),
        ({"segment": Path("/nowhere/at/all")}, OSError),
    ],
)
def test_a_journal_that_cannot_be_opened_closes_no_file_of_others(
    tmp_path: Path, settings: dict[str, Any], error: type[Exception]
) -> None:
    before = own("fd")
    with pytest.raises(error):
        FileJournal(tmp_path, **settings)
    assert own("fd") == before
    with pytest.raises(OSError, match="No such file"):
        FileJournal(tmp_path / "missing")
    assert own("fd") == before


def test_journals_of_many_lives(tmp_path: Path) -> None:
    """Epochs rise, the chain goes on, and no life needs to have done anything."""
    kept = Kept(tmp_path)
    for life in range(30):
        if life % 3:
            process(kept.sequencer, list(flow(life, 400, 1)))
        kept.reopen(**MODES[life % 3])
    kept.journal.close()
    frames = list(JournalReader(tmp_path).frames())
    epochs = [frame.epoch for frame in frames]
    assert epochs == sorted(epochs)
    assert all(later.previous == earlier.digest for earlier, later in pairwise(frames))
    assert kept.state() == replayed(tmp_path)
    assert not list(tmp_path.glob("*.tmp"))
