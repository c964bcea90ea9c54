"""What keeping commands costs the thread that carries them out, and what it takes to have their exchange again."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from obctl.flow import generate
from orderbook import Exchange
from orderbook_server.config import Settings
from orderbook_server.journal.file_journal import FileJournal
from orderbook_server.journal.layout import journal_folder
from orderbook_server.journal.opening import settle
from orderbook_server.journal.reader import JournalReader
from orderbook_server.journal.recovery import recover
from orderbook_server.journal.replay import Replay as JournalReplay
from orderbook_server.sequencer.sequencer import Sequencer

from .flows import SEED, middle
from .journals import fund, resting_orders, write_flow

COMMANDS = 1_000_000
COMMANDS_PER_FRAME = 64
RECORD_BYTES = 48
RESTING = 1_000_000
FLOW = Path("journal-of-the-flow")  # in the folder that asv gives us
CAPACITY = Settings().event_capacity


def timed(function: Callable[[], Any], clock: Callable[[], int] = time.perf_counter_ns) -> float:
    """Return the nanoseconds of a call; what it returns is let go of behind."""
    began = clock()
    result = function()
    took = clock() - began
    del result
    return float(took)


def new_sequencer() -> Sequencer:
    """Return one that keeps nothing."""
    return Sequencer(Exchange(event_capacity=CAPACITY), execution_capacity=CAPACITY)


class Append:
    """The balanced mix through a sequencer in batches of 64, each published: in memory, and kept without syncs.

    CPU time of the thread that does it: the journal's own threads are at work meanwhile.
    """

    params = (1, COMMANDS_PER_FRAME)
    param_names = ("commands_per_batch",)
    timeout = 300

    def setup(self, commands_per_batch: int) -> None:
        """Make the batches."""
        size = RECORD_BYTES * commands_per_batch
        flow = bytes(generate.commands("balanced", COMMANDS // 4, seed=SEED))
        self.batches = [flow[begin : begin + size] for begin in range(0, len(flow), size)]

    def track_ns_per_command(self, commands_per_batch: int) -> float:
        """Return the median of seven, with a journal."""
        return middle(self.kept)

    def track_ns_more_than_in_memory(self, commands_per_batch: int) -> float:
        """Return the median of seven differences, each of two runs one after the other."""
        return middle(lambda: self.kept() - self.run(new_sequencer()))

    track_ns_per_command.unit = track_ns_more_than_in_memory.unit = "ns"

    def kept(self) -> float:
        """Return the nanoseconds of a command with a journal of its own."""
        with tempfile.TemporaryDirectory() as name:
            journal = FileJournal(Path(name), sync="never")
            sequencer = new_sequencer()
            sequencer.attach(journal)
            took = self.run(sequencer)
            settle(journal)
            journal.close()
        return took

    def run(self, sequencer: Sequencer) -> float:
        """Return the nanoseconds of a command."""
        fund(sequencer)
        process = sequencer.process

        def carry_out() -> None:
            for batch in self.batches:
                process(batch)

        return timed(carry_out, time.thread_time_ns) / (COMMANDS // 4)


class Replay:
    """A journal of the balanced mix, 64 commands in a frame, in the page cache."""

    timeout = 300

    def setup_cache(self) -> None:
        """Write it."""
        shutil.rmtree(FLOW, ignore_errors=True)
        FLOW.mkdir()
        write_flow(FLOW, COMMANDS, COMMANDS_PER_FRAME)

    def track_ns_per_command_to_read(self) -> float:
        """Return what it takes to read all frames and check them: CRC, chain, sequences, records."""
        return median(timed(lambda: sum(frame.size for frame in self.frames())) for _ in range(7)) / COMMANDS

    def track_ns_per_command_to_carry_out(self) -> float:
        """Return what it takes to decode the records of frames in memory and carry them out."""
        frames = list(self.frames())

        def replayed() -> Sequencer:
            replay = JournalReplay(new_sequencer())
            for frame in frames:
                replay.feed(frame)
            replay.flush()
            return replay.sequencer

        return median(timed(replayed) for _ in range(7)) / COMMANDS

    def track_commands_per_second(self) -> float:
        """Return the speed of a recovery without a snapshot."""
        return COMMANDS * 1e9 / median(timed(lambda: recover(FLOW, event_capacity=CAPACITY)) for _ in range(7))

    track_ns_per_command_to_read.unit = track_ns_per_command_to_carry_out.unit = "ns"
    track_commands_per_second.unit = "commands/s"

    @staticmethod
    def frames() -> Any:
        """Return an iterator of the frames."""
        return JournalReader(journal_folder(FLOW)).frames()


class State:
    """The state of 1,000,000 resting orders of 1,000 accounts as bytes: what a snapshot is made of."""

    timeout = 300

    def setup(self) -> None:
        """Fill a book."""
        sequencer = new_sequencer()
        fund(sequencer)
        sequencer.process(resting_orders(RESTING))
        self.exchange = sequencer.exchange
        self.state = self.exchange.dump_state()

    def track_ns_per_order_to_dump(self) -> float:
        """Return what an order costs."""
        return median(timed(self.exchange.dump_state) for _ in range(7)) / RESTING

    def track_ns_per_order_to_load(self) -> float:
        """Return what an order costs, into an exchange that is new."""
        return median(timed(lambda: Exchange().load_state(self.state)) for _ in range(7)) / RESTING

    def track_ns_per_order_to_hash(self) -> float:
        """Return what an order costs `state_hash`."""
        return median(timed(self.exchange.state_hash) for _ in range(7)) / RESTING

    def track_bytes_per_order(self) -> float:
        """Return the size of an order with everything around it."""
        return len(self.state) / RESTING

    track_ns_per_order_to_dump.unit = track_ns_per_order_to_load.unit = track_ns_per_order_to_hash.unit = "ns"
    track_bytes_per_order.unit = "bytes"
